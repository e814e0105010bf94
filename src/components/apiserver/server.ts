import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import Koa from 'koa';
import type { ResourceDefinition } from '../../api/groups/resource.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { Transport } from '../../client/transport.ts';
import type { Store } from '../../store/store.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { Authenticator } from './authn/method.ts';
import type { Authorizer } from './authorizer.ts';
import { requestChain } from './chain.ts';
import type { ServerExtensions } from './extensions.ts';
import { healthRoutes } from './health.ts';
import { HttpRequest } from './http/http-request.ts';
import { refuseUpgrade } from './http/refuse-upgrade.ts';
import { respond, respondError, type RespondOptions } from './http/respond.ts';
import type { Identity } from './identity.ts';
import { InProcessTransport } from './in-process-transport.ts';
import { RequestMetrics } from './metrics.ts';
import { defaultInFlightLimits, type InFlightLimits } from './middleware/in-flight.ts';
import type { ApiRequest, ApiResult, Handler } from './request.ts';
import { Router } from './router.ts';
import { statusErrorOf } from './status-of.ts';
import { type VersionInfo, versionInfo } from './version.ts';
import type { WatchCaches } from './watch-caches.ts';

export interface TlsMaterial {
    /** PEM chains. */
    cert: string;
    key: string;
    /** Authorities whose names are told to clients; authentication verifies against its own pools. */
    clientCa?: string | undefined;
}

export interface ApiServerOptions {
    store: Store;
    caches: WatchCaches;
    definitions: readonly ResourceDefinition[];
    authenticator: Authenticator;
    authorizer: Authorizer;
    admission: readonly AdmissionPlugin[];
    tls: TlsMaterial;
    bindAddress: string;
    /** 0 chooses a free one. */
    port: number;
    logger: Logger;
    clock?: Clock;
    extensions?: ServerExtensions;
    inFlightLimits?: InFlightLimits;
    version?: VersionInfo;
}

const headerBytesMax = 64 * 1024;
const headersTimeoutMs = 32_000;
const handshakeTimeoutMs = 10_000;
/** Idle HTTP/1.1 connections are kept at least as long as clients keep theirs. */
const keepAliveTimeoutMs = 95_000;
const streamsPerConnectionMax = 1000;
/** Memory that one HTTP/2 connection may use, in megabytes as Node counts them. */
const sessionMemoryMax = 256;
/** How long requests may go on after stop was called. */
const stopTimeoutMs = 5_000;

/**
 * Serves the API over HTTP/1.1 and HTTP/2 on one TLS port, and inside the process. `start` resolves when
 * requests are answered; `stop` ends watches, lets short requests finish, then closes every socket.
 */
export class ApiServer implements Stoppable {
    readonly #options: ApiServerOptions;
    readonly #logger: Logger;
    readonly #clock: Clock;
    readonly #metrics = new RequestMetrics();
    readonly #run: (request: ApiRequest) => Promise<ApiResult>;
    readonly #upgrade: (request: ApiRequest) => Promise<ApiResult>;
    readonly #router: Router;
    readonly #sockets = new Set<Socket>();
    readonly #sessions = new Set<ServerHttp2Session>();
    readonly #watches = new Set<() => void>();
    readonly #connections = new WeakMap<
        ApiRequest,
        { socket: Duplex; head: Buffer; request: IncomingMessage }
    >();
    #inFlight = 0;
    #server: Http2SecureServer | undefined;
    #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';

    constructor(options: ApiServerOptions) {
        this.#options = options;
        this.#logger = options.logger.child({ component: 'apiserver' });
        this.#clock = options.clock ?? systemClock;
        const { caches, admission, extensions = {} } = options;
        const registry = {
            caches,
            admission,
            hooks: extensions.hooks ?? [],
            clock: this.#clock,
            logger: this.#logger,
        };
        this.#router = new Router(registry, extensions, this.#builtinRoutes());
        this.#run = this.#chain(this.#router.handle);
        this.#upgrade = this.#chain((request) => this.#handOver(request));
    }

    /** Fills the caches and listens. */
    async start(): Promise<void> {
        await this.#options.caches.start();
        this.#state = 'running';
        const server = this.#createServer();
        this.#server = server;
        await new Promise<void>((resolve, reject) => {
            server.once('error', reject);
            server.listen(this.#options.port, this.#options.bindAddress, () => {
                server.off('error', reject);
                resolve();
            });
        });
        server.on('error', (error) => {
            this.#logger.error({ err: error }, 'the listener failed');
        });
        this.#logger.info(this.address, 'serving the API');
    }

    /** Where it listens; meaningful once started. */
    get address(): { host: string; port: number } {
        const address = this.#server?.address();
        if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
        return { host: address.address, port: address.port };
    }

    /** Requests that run the chain as `identity`, without a socket. Usable before `start` has listened. */
    transportFor(identity: Identity): Transport {
        return new InProcessTransport({
            identity,
            run: this.#run,
            watchOpened: this.#watchOpened,
            logger: this.#logger,
        });
    }

    /** New connections get this certificate; open ones keep theirs. */
    setTls({ cert, key, clientCa }: TlsMaterial): void {
        this.#server?.setSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
    }

    async stop(): Promise<void> {
        if (this.#state === 'stopping' || this.#state === 'stopped') return;
        this.#state = 'stopping';
        const server = this.#server;
        const closed = new Promise<void>((resolve) => {
            if (server === undefined) resolve();
            else
                server.close(() => {
                    resolve();
                });
        });
        for (const end of [...this.#watches]) end();
        for (const session of this.#sessions) session.close();
        const deadline = this.#clock.monotonicMs() + stopTimeoutMs;
        while (this.#inFlight > 0 && this.#clock.monotonicMs() < deadline) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        for (const session of this.#sessions) session.destroy();
        for (const socket of this.#sockets) socket.destroy();
        await closed;
        this.#state = 'stopped';
    }

    readonly #watchOpened = (end: () => void): (() => void) => {
        this.#watches.add(end);
        return () => {
            this.#watches.delete(end);
        };
    };

    #chain(handler: Handler): (request: ApiRequest) => Promise<ApiResult> {
        const { authenticator, authorizer, inFlightLimits = defaultInFlightLimits } = this.#options;
        return requestChain({
            authenticator,
            authorizer,
            inFlightLimits,
            longRunning: this.#router.isLongRunning,
            metrics: this.#metrics,
            handler,
        });
    }

    #createServer(): Http2SecureServer {
        const { cert, key, clientCa } = this.#options.tls;
        const callback = this.#koa().callback();
        const server = createSecureServer(
            {
                cert,
                key,
                ...(clientCa === undefined ? {} : { ca: clientCa }),
                allowHTTP1: true,
                requestCert: true,
                rejectUnauthorized: false,
                minVersion: 'TLSv1.2',
                handshakeTimeout: handshakeTimeoutMs,
                maxSessionMemory: sessionMemoryMax,
                settings: {
                    maxConcurrentStreams: streamsPerConnectionMax,
                    maxHeaderListSize: headerBytesMax,
                },
                ...{ maxHeaderSize: headerBytesMax, headersTimeout: headersTimeoutMs },
                ...{ keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 },
            },
            (request, response) => void callback(request, response),
        );
        server.on('secureConnection', (socket: TLSSocket) => {
            socket.setNoDelay(true);
            track(this.#sockets, socket);
        });
        server.on('session', (session) => {
            track(this.#sessions, session);
        });
        server.on('sessionError', (error) => {
            this.#logger.debug({ err: error }, 'an HTTP/2 connection failed');
        });
        server.on('tlsClientError', (error) => {
            this.#logger.debug({ err: error }, 'a TLS handshake failed');
        });
        server.on('clientError', (_error: Error, socket: Duplex) => {
            if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
            else socket.destroy();
        });
        server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
            void this.#onUpgrade(request, socket, head);
        });
        return server;
    }

    #koa(): Koa {
        const app = new Koa();
        app.silent = true;
        app.on('error', (error: Error & { code?: string }) => {
            // Clients hang up whenever they like.
            this.#logger.debug({ err: error }, 'the answer could not be sent');
        });
        const options: RespondOptions = {
            nowMs: () => this.#clock.nowMs(),
            watchOpened: this.#watchOpened,
            slowWatchCut: ({ path, identity }) => {
                this.#logger.warn({ path, user: identity.username }, 'a watch was too slow and was cut');
            },
        };
        app.use(async (context) => {
            const abort = new AbortController();
            context.res.once('close', () => {
                abort.abort();
            });
            const request = new HttpRequest(context.req, context.res, abort.signal);
            context.set('Audit-Id', request.auditId);
            context.set('Cache-Control', 'no-cache, private');
            context.set('X-Content-Type-Options', 'nosniff');
            this.#inFlight++;
            try {
                const result = await this.#run(request);
                await respond(context, request, { result, options });
            } catch (error) {
                const failure = statusErrorOf(error, request, this.#logger);
                if (context.respond === false || context.headerSent) context.res.destroy();
                else await respondError(context, request, failure);
            } finally {
                this.#inFlight--;
            }
        });
        return app;
    }

    async #onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
        const abort = new AbortController();
        socket.on('error', () => socket.destroy());
        socket.once('close', () => {
            abort.abort();
        });
        const request = new HttpRequest(message, undefined, abort.signal);
        this.#connections.set(request, { socket, head, request: message });
        try {
            await this.#upgrade(request);
        } catch (error) {
            const failure = statusErrorOf(error, request, this.#logger);
            this.#logger.debug({ path: request.path, err: error }, 'an upgrade was refused');
            refuseUpgrade(socket, failure);
        }
    }

    /** The end of the chain for upgrades: the resource's handler takes the connection over. */
    async #handOver(request: ApiRequest): Promise<ApiResult> {
        const { info } = request;
        const connection = this.#connections.get(request);
        const handler = info.kind === 'resource' ? this.#router.handlerOf(info) : undefined;
        if (connection === undefined || info.kind !== 'resource' || handler?.upgrade === undefined) {
            throw statusErrors.badRequest('this path does not answer upgrade requests');
        }
        await handler.upgrade(request, info, connection);
        return { type: 'value', status: 101, value: {} };
    }

    #builtinRoutes(): ReturnType<typeof healthRoutes> {
        const { store, caches, extensions, version = versionInfo() } = this.#options;
        const ping = { name: 'ping', check: () => undefined };
        const etcd = {
            name: 'etcd',
            check: async () => {
                await store.readIndex();
                return undefined;
            },
        };
        const sync = { name: 'informer-sync', check: () => (caches.revision > 0 ? undefined : 'not filled') };
        const shutdown = {
            name: 'shutdown',
            check: () => (this.#state === 'running' ? undefined : 'process is shutting down'),
        };
        return [
            ...healthRoutes({
                live: [ping, etcd],
                ready: [sync, ...(extensions?.readyChecks ?? []), shutdown],
            }),
            { path: '/version', handle: () => ({ type: 'value', status: 200, value: version }) },
            {
                path: '/metrics',
                handle: async () => ({ type: 'bytes', status: 200, ...(await this.#metrics.render()) }),
            },
        ];
    }
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
