import {
    request as httpRequest,
    type IncomingHttpHeaders,
    IncomingMessage,
    type OutgoingHttpHeaders,
    type RequestOptions,
} from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { statusErrors, StatusError } from '../../../api/meta/status-error.ts';
import { nominatedHeaders, proxyUpgrade, withheldHeaders } from '../../../streaming/proxy-upgrade.ts';
import type { UpgradeConnection } from '../extensions.ts';
import type { ApiResult } from '../request.ts';
import type { KubeletAddress } from './kubelet-target.ts';
import { type RewrittenAnswer, rewriteLinks } from './rewrite-links.ts';

/** Where a request is passed on to. */
export interface Backend {
    scheme: 'http' | 'https';
    host: string;
    port: number;
    /** With query. */
    path: string;
    tls?: BackendTls;
    /** Besides the client's, in their place. */
    headers?: OutgoingHttpHeaders;
    /** The client is not to be sent elsewhere. */
    refusesRedirects?: boolean;
    /** Headers of the client that the backend does not get, besides those that no backend gets. */
    withholds?: (name: string) => boolean;
    /** What the backend's root is to the client; redirects and links of pages are made to lead there. */
    prefix?: string;
    /** For error messages. */
    nodeName?: string;
}

/** How this server proves itself to kubelets, and they to it. PEM. */
export interface KubeletTls {
    cert: string;
    key: string;
    ca?: string;
}

export interface BackendTls extends KubeletTls {
    /** Default: the host. */
    servername?: string;
    /** The backend need not prove itself. */
    insecure?: boolean;
}

type RawWrite = Parameters<Extract<ApiResult, { type: 'raw' }>['write']>;
type RawRequest = RawWrite[0];
type RawResponse = RawWrite[1];

const connectTimeoutMs = 30_000;
/** Hop-by-hop headers, which end here; those of a WebSocket, which may hold a token, are of no use without one. */
const hopHeaders =
    /^(:.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade|http2-settings|expect|sec-websocket-.*)$/;
const crossOriginHeaders = /^access-control-allow-(credentials|headers|methods|origin)$/;
const agents = new WeakMap<BackendTls, Agent>();

export function kubeletBackend(
    { host, port, nodeName }: KubeletAddress,
    path: string,
    tls: KubeletTls,
): Backend {
    return { scheme: 'https', host, port, path, tls, nodeName };
}

/** Passes the request on and streams the answer back. */
export function forward(backend: Backend): ApiResult {
    return {
        type: 'raw',
        write: async (request, response) => {
            const headers = { ...passedHeaders(request.headers, backend), ...backend.headers };
            const outgoing = open(backend, request.method ?? 'GET', headers);
            response.on('close', () => outgoing.destroy());
            const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
            const pending = answerOf(outgoing, backend);
            if (hasBody) request.pipe(outgoing);
            else outgoing.end();
            const answer = await pending.catch((error: unknown) => error);
            if (!(answer instanceof IncomingMessage)) {
                // The response is the proxy's by now: nobody else would answer.
                refuse(response, answer instanceof StatusError ? answer : statusErrors.internal(answer));
                return;
            }
            if (backend.refusesRedirects === true && isRedirect(answer)) {
                answer.destroy();
                refuseRedirect(response);
                return;
            }
            const { headers: answered, body } = await clientsAnswer(answer, request, backend);
            // Node's HTTP/1 and HTTP/2 responses share this method, their overloads do not unite.
            (response.writeHead as (status: number, headers: IncomingHttpHeaders) => unknown)(
                answer.statusCode ?? 502,
                answered,
            );
            try {
                await pipeline([answer, ...body, response as NodeJS.WritableStream]);
            } catch {
                // Either side hung up: the other was closed by the pipeline, nobody is left to tell.
            }
        },
    };
}

/** What the client gets of an answer, and what its body goes through. */
async function clientsAnswer(
    answer: IncomingMessage,
    request: RawRequest,
    { prefix, host, port }: Backend,
): Promise<RewrittenAnswer> {
    const all = answerHeaders(answer.headers);
    if (prefix === undefined) return { headers: all, body: [] };
    // A pod's page is no page of the API server's: other sites get no more from it than they get from this one.
    const headers = Object.fromEntries(
        Object.entries(all).filter(([name]) => !crossOriginHeaders.test(name)),
    );
    const { host: asked, ':authority': authority } = request.headers;
    const requestHost = asked ?? String(authority ?? '');
    const rewritten = await rewriteLinks(headers, { prefix, backendHost: `${host}:${port}`, requestHost });
    const isEmpty = request.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304;
    return isEmpty ? { ...rewritten, body: [] } : rewritten;
}

/** The backend's answer to a GET of a client with these headers. Rejects with StatusError where there is none. */
export async function getFrom(backend: Backend, headers: IncomingHttpHeaders): Promise<IncomingMessage> {
    const outgoing = open(backend, 'GET', { ...passedHeaders(headers, backend), ...backend.headers });
    const answer = answerOf(outgoing, backend);
    outgoing.end();
    return await answer;
}

/** Passes an upgraded connection on, byte for byte, once the backend has agreed. Never rejects. */
export async function forwardUpgrade(connection: UpgradeConnection, backend: Backend): Promise<void> {
    const { request, socket, head } = connection;
    const { scheme, host, port, path, tls, headers, withholds } = backend;
    await proxyUpgrade(request, socket, head, {
        protocol: `${scheme}:`,
        host,
        port,
        path,
        ...tls,
        rejectUnauthorized: isVerified(tls),
        ...(headers === undefined ? {} : { headers }),
        ...(withholds === undefined ? {} : { withholds }),
        unreachable: (error) => {
            const { status } = dialError(backend, error);
            return { code: status.code, body: JSON.stringify(status) };
        },
    });
}

function open(
    { scheme, host, port, path, tls }: Backend,
    method: string,
    headers: OutgoingHttpHeaders,
): ReturnType<typeof httpRequest> {
    const options: RequestOptions = { host, port, path, method, headers, timeout: connectTimeoutMs };
    const outgoing =
        scheme === 'http'
            ? httpRequest({ ...options, agent: false })
            : httpsRequest({
                  ...options,
                  agent: tls === undefined ? false : agentOf(tls),
                  // A pod's or Service's own certificate is not ours to judge, as upstream's proxy has it.
                  rejectUnauthorized: isVerified(tls),
              });
    // The timeout is for connecting and the first answer: streams may be silent for long after that.
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${connectTimeoutMs} ms`)));
    outgoing.on('response', () => outgoing.setTimeout(0));
    return outgoing;
}

function refuse(response: RawResponse, { status }: StatusError): void {
    (response.writeHead as (status: number, headers: IncomingHttpHeaders) => unknown)(status.code, {
        'content-type': 'application/json',
    });
    (response as NodeJS.WritableStream).end(JSON.stringify(status));
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
    return statusCode >= 300 && statusCode <= 399 && headers.location !== undefined;
}

function refuseRedirect(response: RawResponse): void {
    (response.writeHead as (status: number, headers: IncomingHttpHeaders) => unknown)(502, {
        'content-type': 'text/plain; charset=utf-8',
    });
    (response as NodeJS.WritableStream).end(
        'the backend attempted to redirect this request, which is not permitted\n',
    );
}

const isVerified = (tls: BackendTls | undefined): boolean => tls !== undefined && tls.insecure !== true;

function agentOf(tls: BackendTls): Agent {
    let agent = agents.get(tls);
    if (agent === undefined) agents.set(tls, (agent = new Agent({ ...tls, keepAlive: false })));
    return agent;
}

async function answerOf(
    outgoing: ReturnType<typeof httpRequest>,
    backend: Backend,
): Promise<IncomingMessage> {
    return await new Promise((resolve, reject) => {
        outgoing.on('response', resolve);
        outgoing.on('upgrade', (_answer, socket) => {
            socket.destroy();
            reject(dialError(backend, new Error('the backend changed the protocol unasked')));
        });
        outgoing.on('error', (error) => {
            reject(dialError(backend, error));
        });
    });
}

function dialError({ scheme, host, port, path, nodeName }: Backend, cause: Error): StatusError {
    const url = `${scheme}://${host}:${port}${path}`;
    if (nodeName === undefined)
        return statusErrors.serviceUnavailable(`error trying to reach service: ${cause.message}`);
    return statusErrors.internal(
        new Error(`Get "${url}": error dialing backend: ${cause.message}`, { cause }),
    );
}

function passedHeaders(headers: IncomingHttpHeaders, { withholds }: Backend): IncomingHttpHeaders {
    const passed = Object.entries(answerHeaders(headers)).filter(
        ([name]) => !withheldHeaders.test(name) && withholds?.(name) !== true,
    );
    return Object.fromEntries(passed);
}

/** All headers but those of this hop: the known ones, and those that `Connection` names. */
function answerHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    const nominated = nominatedHeaders(headers.connection);
    return Object.fromEntries(
        Object.entries(headers).filter(([name]) => !hopHeaders.test(name) && !nominated.has(name)),
    );
}
