import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { anonymous, type Identity } from '../identity.ts';
import type { ApiRequest, RequestBody, RequestOrigin } from '../request.ts';
import { pathOfTarget, type RequestInfo } from '../request-info.ts';
import { readBody } from './read-body.ts';

/** What an abort gives as its reason by itself; each new one would carry the stack along. */
const over = new DOMException('This operation was aborted', 'AbortError');

/** A request that came over a socket. */
export class HttpRequest implements ApiRequest {
    readonly method: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly origin: RequestOrigin;
    readonly auditId: string;
    readonly warnings: string[] = [];
    readonly auditAnnotations = new Map<string, string>();
    info: RequestInfo;
    identity: Identity = anonymous;
    readonly #message: IncomingMessage | Http2ServerRequest;
    #body: Promise<RequestBody> | undefined;
    #isOver = false;
    #abort: AbortController | undefined;

    constructor(
        message: IncomingMessage | Http2ServerRequest,
        response: ServerResponse | Http2ServerResponse | undefined,
    ) {
        const url = message.url ?? '/';
        const question = url.indexOf('?');
        this.#message = message;
        this.method = message.method ?? 'GET';
        this.path = pathOfTarget(question < 0 ? url : url.slice(0, question));
        this.query = new URLSearchParams(question < 0 ? '' : url.slice(question + 1));
        this.headers = distinctHeaders(message.rawHeaders);
        const given = this.headers['audit-id'];
        this.auditId = typeof given === 'string' && given.length <= 64 ? given : randomUUID();
        this.info = { kind: 'nonResource', path: this.path, verb: this.method.toLowerCase() };
        this.origin = {
            type: 'http',
            ...peerOf(message),
            request: message,
            response,
        };
    }

    get isOver(): boolean {
        return this.#isOver;
    }

    /** Most requests are over before anybody has asked for it, and it takes longer to make than much of their work. */
    get signal(): AbortSignal {
        if (this.#abort === undefined) {
            this.#abort = new AbortController();
            if (this.#isOver) this.#abort.abort(over);
        }
        return this.#abort.signal;
    }

    /** The answer is out, or nobody waits for it any more. */
    end(): void {
        this.#isOver = true;
        this.#abort?.abort(over);
    }

    body(): Promise<RequestBody> {
        this.#body ??= this.#read();
        return this.#body;
    }

    async #read(): Promise<RequestBody> {
        const bytes = await readBody(this.#message);
        return { type: 'bytes', bytes, contentType: this.#message.headers['content-type'] ?? '' };
    }
}

/** Lower-case names; a header that stands several times is an array, which a joined one could not tell. */
function distinctHeaders(raw: readonly string[]): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string>;
    for (let i = 0; i + 1 < raw.length; i += 2) {
        const name = (raw[i] ?? '').toLowerCase();
        const value = raw[i + 1] ?? '';
        const existing = headers[name];
        if (name.startsWith(':')) continue;
        if (existing === undefined) headers[name] = value;
        else if (Array.isArray(existing)) existing.push(value);
        else headers[name] = [existing, value];
    }
    return headers;
}

type Peer = Pick<
    Extract<RequestOrigin, { type: 'http' }>,
    'peerCertificate' | 'peerIntermediates' | 'remoteAddress'
>;

const peers = new WeakMap<object, Peer>();

/** Who is at the other end, asked once for each connection: to take a certificate apart takes time. */
function peerOf(message: IncomingMessage | Http2ServerRequest): Peer {
    const connection = ('stream' in message ? message.stream.session : undefined) ?? message.socket;
    let peer = peers.get(connection);
    if (peer === undefined) {
        const socket = message.socket as TLSSocket;
        peer = {
            peerCertificate: peerCertificateOf(socket),
            peerIntermediates: () => peerIntermediatesOf(socket),
            remoteAddress: socket.remoteAddress ?? '',
        };
        peers.set(connection, peer);
    }
    return peer;
}

/** The certificate that the peer proved to hold. */
function peerCertificateOf(socket: TLSSocket): Buffer | undefined {
    if (typeof socket.getPeerCertificate !== 'function') return undefined;
    return (socket.getPeerCertificate() as { raw?: Buffer } | null)?.raw;
}

/** A chain longer than this is not followed. */
const chainMax = 10;

function peerIntermediatesOf(socket: TLSSocket): Buffer[] {
    const found: Buffer[] = [];
    let certificate = socket.getPeerX509Certificate()?.issuerCertificate;
    while (certificate !== undefined && found.length < chainMax) {
        found.push(certificate.raw);
        certificate = certificate.issuerCertificate;
    }
    return found;
}
