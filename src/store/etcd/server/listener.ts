import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { unlinkSync } from 'node:fs';
import type { Logger } from '../../../util/logger.ts';
import { isGrpc, serveCall } from './grpc/http2-calls.ts';
import type { CallHandler } from './grpc/server-call.ts';
import { Http2Connection } from './h2/connection.ts';
import { encodeHeaders } from './h2/header-blocks.ts';
import type { Http2Stream } from './h2/stream.ts';
import type { Endpoints } from './http/endpoints.ts';
import { parseListenUrl, type ListenUrl } from './listen-url.ts';

export interface ServerTls {
    /** PEM. */
    cert: string;
    key: string;
    /** Authorities that sign clients' certificates. */
    clientCa?: string;
    /** Refuse clients without such a certificate. */
    clientCertAuth: boolean;
}

export interface ListenerOptions {
    tls: ServerTls | undefined;
    logger: Logger;
    /** Empty: plain HTTP only. */
    calls: ReadonlyMap<string, CallHandler>;
    endpoints: Endpoints;
}

/** How HTTP/2 begins on a connection, if its client knows that it will be understood. */
const preface = Buffer.from('PRI * HTTP/2.0');
const handshakeTimeoutMs = 10_000;
/** A client that says nothing at all. */
const firstByteTimeoutMs = 60_000;

/** One port that speaks gRPC and HTTP/1.1, over TLS or not. */
export class EtcdListener {
    readonly #url: ListenUrl;
    readonly #options: ListenerOptions;
    readonly #server: Server;
    readonly #tlsServer: TlsServer | undefined;
    readonly #http: HttpServer;
    readonly #sockets = new Set<Socket>();
    readonly #connections = new Set<Http2Connection>();

    constructor(url: string, options: ListenerOptions) {
        this.#url = parseListenUrl(url);
        this.#options = options;
        this.#http = createHttpServer(options.endpoints.handle);
        if (this.#url.protocol === 'https') {
            this.#tlsServer = this.#createTls();
            this.#server = this.#tlsServer;
        } else {
            this.#server = createNetServer((socket) => {
                this.#accept(socket);
            });
        }
    }

    /** Resolves with the port, 0 for a Unix socket. Rejects when the address cannot be bound. */
    async listen(): Promise<number> {
        const server = this.#server;
        const url = this.#url;
        if (url.protocol === 'unix') removeIfThere(url.path);
        await new Promise<void>((resolve, reject) => {
            server.once('error', reject);
            const done = (): void => {
                server.off('error', reject);
                resolve();
            };
            if (url.protocol === 'unix') server.listen(url.path, done);
            else server.listen(url.port, url.host, done);
        });
        server.on('error', (error) => {
            this.#options.logger.error({ err: error }, 'a listener of the etcd API failed');
        });
        const address = server.address();
        return typeof address === 'object' && address !== null ? address.port : 0;
    }

    /** New connections get this certificate; open ones keep theirs. */
    setTls(tls: ServerTls): void {
        this.#tlsServer?.setSecureContext(secureOptions(tls));
    }

    async stop(): Promise<void> {
        const closed = new Promise<void>((resolve) => {
            this.#server.close(() => {
                resolve();
            });
        });
        for (const connection of this.#connections) connection.close();
        for (const socket of this.#sockets) socket.destroy();
        await closed;
    }

    #createTls(): TlsServer {
        const { tls, logger } = this.#options;
        if (tls === undefined) throw new Error('an https URL needs a certificate and a key');
        const server = createTlsServer({
            ...secureOptions(tls),
            requestCert: tls.clientCa !== undefined,
            rejectUnauthorized: tls.clientCertAuth,
            ALPNProtocols: ['h2', 'http/1.1'],
            minVersion: 'TLSv1.2',
            handshakeTimeout: handshakeTimeoutMs,
        });
        server.on('secureConnection', (socket: TLSSocket) => {
            if (socket.alpnProtocol === 'h2') this.#speakHttp2(this.#own(socket));
            else this.#accept(socket);
        });
        server.on('connection', (socket: Socket) => {
            this.#own(socket);
        });
        server.on('tlsClientError', (error) => {
            logger.debug({ err: error }, 'a TLS handshake failed');
        });
        return server;
    }

    #speakHttp2(socket: Socket): void {
        const { calls, logger } = this.#options;
        const connection = new Http2Connection(socket, {
            onStream: (stream, headers) => {
                if (isGrpc(headers)) serveCall(stream, headers, calls);
                else this.#answer(stream, headers);
            },
            onError: (error) => {
                logger.debug({ err: error }, 'an HTTP/2 connection failed');
            },
        });
        this.#connections.add(connection);
        socket.once('close', () => this.#connections.delete(connection));
    }

    #answer(stream: Http2Stream, headers: ReadonlyMap<string, string>): void {
        const method = headers.get(':method') ?? 'GET';
        const send = async (): Promise<void> => {
            const path = headers.get(':path') ?? '/';
            const { status, contentType, body } = await this.#options.endpoints.answer(method, path);
            const block = encodeHeaders([
                [':status', String(status)],
                ['content-type', contentType],
                ['content-length', String(Buffer.byteLength(body))],
            ]);
            if (method === 'HEAD') stream.end(block);
            else {
                stream.respond(block);
                stream.send(Buffer.from(body));
                stream.end(encodeHeaders([]));
            }
        };
        send().catch((error: unknown) => {
            this.#options.logger.debug({ err: error }, 'an HTTP response failed');
        });
    }

    /** Finds out from the first bytes what a connection speaks. */
    #accept(socket: Socket): void {
        this.#own(socket);
        const timer = setTimeout(() => socket.destroy(), firstByteTimeoutMs);
        timer.unref();
        socket.once('close', () => {
            clearTimeout(timer);
        });
        socket.once('data', (chunk: Buffer) => {
            clearTimeout(timer);
            socket.pause();
            socket.unshift(chunk);
            const length = Math.min(chunk.length, preface.length);
            if (chunk.subarray(0, length).equals(preface.subarray(0, length))) this.#speakHttp2(socket);
            else this.#http.emit('connection', socket);
            socket.resume();
        });
    }

    #own<S extends Socket>(socket: S): S {
        socket.setNoDelay(true);
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        socket.on('error', (error) => {
            this.#options.logger.debug({ err: error }, 'a connection failed');
        });
        return socket;
    }
}

function secureOptions({ cert, key, clientCa }: ServerTls): { cert: string; key: string; ca?: string } {
    return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

function removeIfThere(path: string): void {
    try {
        unlinkSync(path);
    } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
}
