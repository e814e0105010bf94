import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Logger } from '../../../util/logger.ts';
import { type TlsSettings, tlsSettings } from '../../../util/tls-settings.ts';
import { IdleSessions } from './idle-sessions.ts';
import { type SlowClientLimits, SlowClients } from './slow-clients.ts';

export interface TlsMaterial {
    /** PEM chains. */
    cert: string;
    key: string;
    /** Authorities whose names are told to clients; authentication verifies against its own pools. */
    clientCa?: string | undefined;
    /** Default: TLS 1.2 and later, with the runtime's cipher suites. */
    settings?: TlsSettings | undefined;
}

export interface ListenerOptions {
    tls: TlsMaterial;
    logger: Logger;
    onRequest: (...parameters: Parameters<RequestListener>) => unknown;
    onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
    onHandshakeError?: () => void;
}

const headerBytesMax = 64 * 1024;
const slowClients: SlowClientLimits = {
    headerMs: 32_000,
    // At least as long as clients keep theirs.
    idleMs: 95_000,
    checkMs: 5_000,
};
const handshakeTimeoutMs = 10_000;
/** Open connections; what comes beyond is closed at once. */
const connectionsMax = 4096;
const streamsPerConnectionMax = 1000;
/** Memory that one HTTP/2 connection may use, in megabytes as Node counts them. */
const sessionMemoryMax = 256;

/** One TLS port that speaks HTTP/2 and HTTP/1.1, and knows its connections so that it can close them. */
export class Listener {
    readonly #server: Http2SecureServer;
    /** As they were accepted, before TLS. */
    readonly #connections = new Set<Socket>();
    readonly #sockets = new Set<Socket>();
    readonly #sessions = new Set<ServerHttp2Session>();
    readonly #slowClients = new SlowClients(slowClients);
    readonly #idleSessions = new IdleSessions(slowClients);
    readonly #logger: Logger;
    #closed: Promise<void> | undefined;

    constructor({ tls, logger, onRequest, onUpgrade, onHandshakeError }: ListenerOptions) {
        this.#logger = logger;
        this.#server = createSecureServer({
            ...secureContext(tls),
            allowHTTP1: true,
            requestCert: true,
            rejectUnauthorized: false,
            handshakeTimeout: handshakeTimeoutMs,
            maxSessionMemory: sessionMemoryMax,
            settings: { maxConcurrentStreams: streamsPerConnectionMax, maxHeaderListSize: headerBytesMax },
        });
        // For HTTP/1.1: as an option this is not taken.
        Object.assign(this.#server, { maxHeaderSize: headerBytesMax });
        this.#server.maxConnections = connectionsMax;
        this.#server.on('request', onRequest as never);
        this.#server.on('upgrade', onUpgrade);
        this.#observe();
        if (onHandshakeError !== undefined) this.#server.on('tlsClientError', onHandshakeError);
    }

    async listen(port: number, host: string): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(port, host, () => {
                this.#server.off('error', reject);
                resolve();
            });
        });
        this.#server.on('error', (error) => {
            this.#logger.error({ err: error }, 'the listener failed');
        });
    }

    get address(): { host: string; port: number } | undefined {
        const address = this.#server.address();
        if (typeof address !== 'object' || address === null) return undefined;
        return { host: address.address, port: address.port };
    }

    /** New connections get this certificate; open ones keep theirs. */
    setTls(tls: TlsMaterial): void {
        this.#server.setSecureContext(secureContext(tls));
    }

    /** Takes no new connections and no new streams on those that are open. */
    close(): void {
        this.#closed ??= new Promise<void>((resolve) => {
            this.#server.close(() => {
                resolve();
            });
        });
        for (const session of this.#sessions) session.close();
    }

    /** Closes what is still open. */
    async destroy(): Promise<void> {
        this.close();
        this.#slowClients.stop();
        this.#idleSessions.stop();
        for (const session of this.#sessions) session.destroy();
        for (const socket of this.#sockets) socket.destroy();
        for (const connection of this.#connections) connection.destroy();
        await this.#closed;
    }

    #observe(): void {
        const server = this.#server;
        // Also those that never say anything: without them the server would wait for their handshake to time out.
        server.on('connection', (socket: Socket) => {
            track(this.#connections, socket);
        });
        server.on('secureConnection', (socket: TLSSocket) => {
            socket.setNoDelay(true);
            track(this.#sockets, socket);
            if (socket.alpnProtocol !== 'h2') this.#slowClients.waits(socket, true);
        });
        server.on('session', (session) => {
            track(this.#sessions, session);
            this.#idleSessions.follow(session);
        });
        server.on('request', ({ httpVersionMajor, socket }, response) => {
            if (httpVersionMajor > 1) return;
            this.#slowClients.served(socket);
            response.once('close', () => {
                this.#slowClients.waits(socket, false);
            });
        });
        server.on('upgrade', ({ socket }: IncomingMessage) => {
            this.#slowClients.served(socket);
        });
        server.on('sessionError', (error) => {
            this.#logger.debug({ err: error }, 'an HTTP/2 connection failed');
        });
        server.on('tlsClientError', (error) => {
            this.#logger.debug({ err: error }, 'a TLS handshake failed');
        });
        server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
            const status =
                error.code === 'HPE_HEADER_OVERFLOW'
                    ? '431 Request Header Fields Too Large'
                    : '400 Bad Request';
            if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
            else socket.destroy();
        });
    }
}

function secureContext({ cert, key, clientCa, settings }: TlsMaterial): SecureContextOptions {
    return {
        cert,
        key,
        ...(clientCa === undefined ? {} : { ca: clientCa }),
        ...(settings ?? tlsSettings([], '')),
    };
}

interface Closable {
    once(event: 'close', listener: () => void): unknown;
}

function track<T extends Closable>(set: Set<T>, item: T): void {
    set.add(item);
    item.once('close', () => {
        set.delete(item);
    });
}
