import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { AdmissionregistrationV1WebhookClientConfig } from '../../../../api/meta/object.ts';
import { parseJson } from '../../../../api/schema/parse.ts';
import type { ObjectReader } from '../../object-reader.ts';
import type { ConnectionCredentials } from '../../webhook/shown-credentials.ts';
import type { WebhookUser, WebhookUsers } from '../../webhook/webhook-users.ts';
import { type Endpoint, endpointOf, hostPort, urlText } from './endpoint.ts';

/** An answer may carry a patch with a whole object in it, in base64, and some room around it. */
const answerBytesDefault = 8 * 1024 * 1024;
/** How much of the text of a failure an error message repeats. */
const failureTextCharsMax = 2048;
const agentsMax = 64;
const socketsPerHostMax = 64;
const idleSocketsPerHostMax = 4;
const idleTimeoutMs = 60_000;

export interface WebhookCall {
    clientConfig: Readonly<AdmissionregistrationV1WebhookClientConfig>;
    body: string;
    timeoutSeconds: number;
    /** Aborted when nobody waits for the answer any more. */
    signal: AbortSignal;
}

export interface WebhookClientOptions {
    userAgent?: string;
    answerBytesMax?: number;
    /** Who the API server is for which webhook; absent: nobody in particular. */
    users?: WebhookUsers | undefined;
}

/** Who the API server is for one webhook, as of now. */
interface Shown extends ConnectionCredentials {
    user: string;
    headers: Record<string, string | string[]>;
}

/**
 * Posts reviews to webhooks over HTTPS, with connections kept open between calls.
 *
 * Invariants: one agent per address, set of trusted authorities and credentials, at most `agentsMax`, the longest
 * unused one goes first; redirects are not followed; an answer larger than its bound is none.
 */
export class WebhookClient {
    readonly #reader: ObjectReader;
    readonly #agents = new Map<string, Agent>();
    readonly #userAgent: string;
    readonly #answerBytesMax: number;
    readonly #users: WebhookUsers | undefined;

    constructor(reader: ObjectReader, options: WebhookClientOptions = {}) {
        this.#reader = reader;
        this.#userAgent = options.userAgent ?? 'kube-apiserver-admission';
        this.#answerBytesMax = options.answerBytesMax ?? answerBytesDefault;
        this.#users = options.users;
    }

    /** The parsed answer. Throws an Error whose message is what upstream says after "failed to call webhook: ". */
    async post({ clientConfig, body, timeoutSeconds, signal }: WebhookCall): Promise<unknown> {
        const query = `timeout=${timeoutSeconds}s`;
        const text = urlText(clientConfig);
        const shown = `${text}${text.includes('?') ? '&' : '?'}${query}`;
        const fail = (why: string, cause?: unknown): Error => new Error(`Post "${shown}": ${why}`, { cause });
        let endpoint: Endpoint;
        try {
            endpoint = endpointOf(this.#reader, clientConfig)();
        } catch (error) {
            throw fail(error instanceof Error ? error.message : String(error), error);
        }
        const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
        let answer: { status: number; bytes: Buffer };
        try {
            answer = await this.#send(endpoint, { body, query, signal: AbortSignal.any([deadline, signal]) });
        } catch (error) {
            if (deadline.aborted) throw fail('context deadline exceeded', error);
            if (signal.aborted) throw fail('context canceled', error);
            throw fail(goWords(error, endpoint), error);
        }
        return read(answer, this.#answerBytesMax);
    }

    /** Closes idle connections. */
    stop(): void {
        for (const agent of this.#agents.values()) agent.destroy();
        this.#agents.clear();
    }

    async #send(
        endpoint: Endpoint,
        { body, query, signal }: { body: string; query: string; signal: AbortSignal },
    ): Promise<{ status: number; bytes: Buffer }> {
        const { url, host, port, serverName, ca } = endpoint;
        const shown = await shownTo(this.#users?.for(targetOf(url)));
        return await new Promise((resolve, reject) => {
            const outgoing = httpsRequest({
                method: 'POST',
                host,
                port,
                path: `${url.pathname}${url.search}${url.search === '' ? '?' : '&'}${query}`,
                agent: this.#agentOf(endpoint, shown),
                ca: ca ?? [...rootCertificates],
                servername: isIP(serverName) === 0 ? serverName : '',
                rejectUnauthorized: true,
                signal,
                headers: {
                    host: url.host,
                    'content-type': 'application/json',
                    accept: 'application/json, */*',
                    'user-agent': this.#userAgent,
                    ...shown?.headers,
                    'content-length': Buffer.byteLength(body),
                },
            });
            outgoing.on('error', reject);
            outgoing.on('response', (response: IncomingMessage) => {
                const chunks: Buffer[] = [];
                let bytes = 0;
                response.on('data', (chunk: Buffer) => {
                    bytes += chunk.length;
                    if (bytes > this.#answerBytesMax) {
                        const why = `the response is larger than ${this.#answerBytesMax} bytes`;
                        outgoing.destroy(new Error(why));
                    } else chunks.push(chunk);
                });
                response.on('error', reject);
                response.on('end', () => {
                    resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) });
                });
            });
            outgoing.end(body);
        });
    }

    #agentOf({ host, port, serverName, ca }: Endpoint, shown: Shown | undefined): Agent {
        const who = shown === undefined ? '' : `${shown.user}\0${shown.generation}`;
        const key = `${hostPort(host, port)}\0${serverName}\0${ca ?? ''}\0${who}`;
        const agent =
            this.#agents.get(key) ??
            new Agent({
                keepAlive: true,
                maxSockets: socketsPerHostMax,
                maxFreeSockets: idleSocketsPerHostMax,
                timeout: idleTimeoutMs,
                ...shown?.tls,
            });
        this.#agents.delete(key);
        this.#agents.set(key, agent);
        for (const [oldest, unused] of this.#agents) {
            if (this.#agents.size <= agentsMax) break;
            this.#agents.delete(oldest);
            unused.destroy();
        }
        return agent;
    }
}

async function shownTo(user: WebhookUser | undefined): Promise<Shown | undefined> {
    if (user === undefined) return undefined;
    const { credentials, name } = user;
    return { user: name, headers: await credentials.headers(), ...(await credentials.connection()) };
}

/** "hook.shop.svc:443": what users of a kubeconfig are named after. */
function targetOf({ host, port }: URL): string {
    return port === '' ? `${host}:443` : host;
}

function read({ status, bytes }: { status: number; bytes: Buffer }, bytesMax: number): unknown {
    let value: unknown;
    try {
        // Bounded in depth, and without surprises such as __proto__.
        ({ value } = parseJson(bytes, { duplicates: false, bytesMax }));
    } catch (error) {
        if (isSuccess(status)) {
            throw new Error(
                `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
                { cause: error },
            );
        }
    }
    if (isSuccess(status)) return value;
    const said = (value as { kind?: unknown; message?: unknown } | undefined) ?? {};
    if (said.kind === 'Status' && typeof said.message === 'string' && said.message !== '') {
        throw new Error(said.message.slice(0, failureTextCharsMax));
    }
    throw new Error(failureText(status, bytes.toString().trim().slice(0, failureTextCharsMax)));
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 206;

/** What upstream's client says of a failure without a Status (apimachinery, NewGenericServerResponse). */
function failureText(status: number, text: string): string {
    switch (status) {
        case 400:
            return 'the server rejected our request for an unknown reason';
        case 401:
            return 'the server has asked for the client to provide credentials';
        case 403:
            return 'forbidden: ' + (text || 'unknown');
        case 404:
            return 'the server could not find the requested resource';
        case 405:
            return 'the server does not allow this method on the requested resource';
        case 429:
            return 'the server has received too many requests and has asked us to try again later';
        case 503:
            return 'the server is currently unable to handle the request';
        case 504:
            return 'the server was unable to return a response in the time allotted, but may still be processing the request';
        default:
            return status >= 500
                ? `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding`
                : `the server responded with the status code ${status} but did not return more information`;
    }
}

const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
const outOfDate = 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';

/** Failures of Node's sockets and TLS in the words of Go's: people search for those. */
export function goWords(
    error: unknown,
    { host, port, serverName }: Pick<Endpoint, 'host' | 'port' | 'serverName'>,
): string {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const address = hostPort(host, port);
    const words: Readonly<Record<string, string>> = {
        ECONNREFUSED: `dial tcp ${address}: connect: connection refused`,
        EHOSTUNREACH: `dial tcp ${address}: connect: no route to host`,
        ENETUNREACH: `dial tcp ${address}: connect: network is unreachable`,
        ETIMEDOUT: `dial tcp ${address}: connect: connection timed out`,
        ENOTFOUND: `dial tcp: lookup ${host}: no such host`,
        EAI_AGAIN: `dial tcp: lookup ${host}: server misbehaving`,
        ECONNRESET: 'EOF',
        EPROTO: 'tls: first record does not look like a TLS handshake',
        DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
        SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
        UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
        UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
        UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
        CERT_HAS_EXPIRED: outOfDate,
        CERT_NOT_YET_VALID: outOfDate,
        ERR_TLS_CERT_ALTNAME_INVALID: `tls: failed to verify certificate: x509: certificate is not valid for ${serverName}`,
    };
    return words[code] ?? message;
}
