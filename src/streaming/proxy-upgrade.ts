import { request as httpRequest, STATUS_CODES, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { join } from './join.ts';
import { refuseUpgrade, takeSocket, tokenProtocol } from './upgrade.ts';

/** Where the upgrade goes: host, port, path, method, credentials (cert, key, ca), and headers to add. */
export type BackendRequest = RequestOptions & { protocol: 'http:' | 'https:' };

/** Credentials of the client must not reach a backend, by upgrade or not; the backend's own are added. */
export const withheldHeaders =
    /^(host|authorization|content-length|proxy-.*|impersonate-.*|x[-_]remote[-_].*|x-forwarded-.*)$/;
/** Of this hop alone; what makes an upgrade is not among them. */
const framingHeaders = /^(te|trailer|transfer-encoding|keep-alive|expect)$/;
const refusalMaxBytes = 1024 * 1024;

/**
 * Carries an upgraded connection (SPDY or WebSocket alike) to a backend, byte for byte. When the backend
 * does not switch protocols its answer is the client's answer; when it cannot be reached the client gets
 * `unreachable` or a plain 503. Resolves when all is over; never rejects.
 */
export async function proxyUpgrade(
    clientReq: IncomingMessage,
    clientSocket: Duplex,
    head: Buffer,
    backend: BackendRequest & {
        unreachable?: (error: Error) => { code: number; body: string };
        /** More headers of the client that the backend does not get. */
        withholds?: (name: string) => boolean;
    },
): Promise<void> {
    clientSocket.on('error', () => undefined);
    const { unreachable, withholds, ...options } = backend;
    const request = openRequest(clientReq, options, withholds);
    const leave = (): unknown => request.destroy();
    clientSocket.once('close', leave);
    try {
        const answer = await answerTo(request);
        clientSocket.removeListener('close', leave);
        if (answer.type === 'refusal') {
            await passRefusal(answer.response, clientSocket);
            return;
        }
        clientSocket.write(headOf(answer.response));
        takeSocket(clientSocket, head);
        takeSocket(answer.socket, answer.head);
        await join(clientSocket, answer.socket);
    } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        const { code, body } = unreachable?.(failure) ?? {
            code: 503,
            body: `error trying to reach service: ${failure.message}`,
        };
        refuseUpgrade(clientSocket, code, body, {
            contentType: body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
        });
    }
}

/** Headers, in lower case, that are for this hop alone because `Connection` names them. */
export function nominatedHeaders(connection: string | undefined): Set<string> {
    return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

function openRequest(
    clientReq: IncomingMessage,
    { headers, ...options }: BackendRequest,
    withholds: ((name: string) => boolean) | undefined,
): ClientRequest {
    const nominated = nominatedHeaders(clientReq.headers.connection);
    nominated.delete('upgrade');
    const isPassed = (name: string): boolean =>
        !withheldHeaders.test(name) && !framingHeaders.test(name) && !nominated.has(name);
    const passed = Object.entries(clientReq.headersDistinct)
        .filter(([name]) => isPassed(name) && withholds?.(name) !== true)
        .map(([name, values]) => [name, isProtocols(name) ? withoutTokens(values ?? []) : values] as const)
        .filter(([, values]) => values?.length !== 0);
    const open = options.protocol === 'https:' ? httpsRequest : httpRequest;
    return open({
        ...options,
        agent: false,
        method: options.method ?? clientReq.method ?? 'GET',
        headers: { ...Object.fromEntries(passed), ...(headers as Record<string, string> | undefined) },
    });
}

const isProtocols = (name: string): boolean => name === 'sec-websocket-protocol';

/** The protocols of a WebSocket request without those that are a token. */
export function withoutTokens(values: readonly string[]): string[] {
    return values
        .map((value) => {
            const protocols = value.split(',').map((protocol) => protocol.trim());
            return protocols.filter((protocol) => !protocol.startsWith(tokenProtocol)).join(', ');
        })
        .filter((value) => value !== '');
}

type Answer =
    | { type: 'upgrade'; response: IncomingMessage; socket: Duplex; head: Buffer }
    | { type: 'refusal'; response: IncomingMessage };

function answerTo(request: ClientRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
        request.once('upgrade', (response, socket, head) =>
            resolve({ type: 'upgrade', response, socket, head }),
        );
        request.once('response', (response) => resolve({ type: 'refusal', response }));
        request.once('error', reject);
        request.end();
    });
}

function headOf(response: IncomingMessage, headers = response.rawHeaders): string {
    const code = response.statusCode ?? 500;
    const lines = [`HTTP/1.1 ${code} ${response.statusMessage ?? STATUS_CODES[code] ?? ''}`];
    for (let index = 0; index + 1 < headers.length; index += 2) {
        lines.push(`${headers[index] ?? ''}: ${headers[index + 1] ?? ''}`);
    }
    return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The body is read whole, so that its length can be told; it is an error text. */
async function passRefusal(response: IncomingMessage, socket: Duplex): Promise<void> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > refusalMaxBytes) break;
        chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    const kept: string[] = [];
    for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
        const [name = '', value = ''] = response.rawHeaders.slice(index, index + 2);
        if (!/^(connection|transfer-encoding|content-length|keep-alive)$/i.test(name)) kept.push(name, value);
    }
    kept.push('Content-Length', String(body.length), 'Connection', 'close');
    socket.end(Buffer.concat([Buffer.from(headOf(response, kept)), body]));
}
