import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import type { ResourceDefinition } from '../../api/groups/resource.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import type { Transport } from '../../client/transport.ts';
import { upgradeKind } from '../../streaming/upgrade.ts';
import type { Store } from '../../store/store.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { Auditor } from './audit/auditor.ts';
import type { Authenticator } from './authn/method.ts';
import type { Authorizer } from './authorizer.ts';
import { builtinRoutes } from './builtin-routes.ts';
import { requestChain } from './chain.ts';
import type { ServerExtensions } from './extensions.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import { HttpRequest } from './http/http-request.ts';
import { WatchFlusher } from './http/watch-flusher.ts';
import { Listener, type TlsMaterial } from './http/listener.ts';
import { refuseUpgrade } from './http/refuse-upgrade.ts';
import { respond, respondError, type RespondOptions } from './http/respond.ts';
import type { Identity } from './identity.ts';
import { InProcessTransport } from './in-process-transport.ts';
import { RequestMetrics } from './metrics.ts';
import { buildInfoMetric, ChainMetrics } from './metrics/chain-metrics.ts';
import { auditMetrics } from './metrics/audit-metrics.ts';
import { flowControlMetrics } from './metrics/flow-control-metrics.ts';
import { ownProcessMetrics } from './metrics/process-metrics.ts';
import { RestClientMetrics } from './metrics/rest-client-metrics.ts';
import { storageMetrics } from './metrics/store-metrics.ts';
import { watchCacheMetrics } from './metrics/watch-cache-metrics.ts';
import { workQueueMetrics } from './metrics/work-queue-metrics.ts';
import { defaultInFlightLimits, type InFlightLimits } from './middleware/in-flight.ts';
import type { ApiRequest, ApiResult, Handler } from './request.ts';
import type { ResourceRequestInfo } from './request-info.ts';
import { EventLeases, eventTtlMsDefault } from './registry/event-leases.ts';
import { Router, subresourceOf } from './router.ts';
import { statusErrorOf } from './status-of.ts';
import { type VersionInfo, versionInfo } from './version.ts';
import type { WatchCaches } from './watch-caches.ts';

export type { TlsMaterial };

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
    /** Bounds where API Priority and Fairness is off. */
    inFlightLimits?: InFlightLimits;
    /** API Priority and Fairness. The server starts and stops it. */
    flowControl?: FlowControl | undefined;
    /** What is written of requests. The server stops it. */
    auditor?: Auditor | undefined;
    /** Default 60 s. */
    requestTimeoutMs?: number;
    /** How long events are kept; 0 for ever. Default: an hour. */
    eventTtlMs?: number | undefined;
    /** Serves /debug/pprof; default true. */
    profiling?: boolean;
    version?: VersionInfo;
    /** Given where others, such as authentication, count in it too. */
    chainMetrics?: ChainMetrics;
    /** What /flagz shows; absent: it is not served. */
    flags?: Readonly<Record<string, string>>;
}

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
    readonly #metrics: RequestMetrics;
    readonly #restClients = new RestClientMetrics();
    readonly #chainMetrics: ChainMetrics;
    readonly #run: (request: ApiRequest) => Promise<ApiResult>;
    readonly #upgrade: (request: ApiRequest) => Promise<ApiResult>;
    readonly #respondOptions: RespondOptions;
    readonly #router: Router;
    readonly #watches = new Set<() => void>();
    readonly #connections = new WeakMap<
        ApiRequest,
        { socket: Duplex; head: Buffer; request: IncomingMessage }
    >();
    #inFlight = 0;
    #listener: Listener | undefined;
    #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';

    constructor(options: ApiServerOptions) {
        this.#options = options;
        this.#logger = options.logger.child({ component: 'apiserver' });
        this.#clock = options.clock ?? systemClock;
        const { caches, admission, extensions = {} } = options;
        const version = options.version ?? versionInfo();
        this.#chainMetrics = options.chainMetrics ?? new ChainMetrics();
        const registry = {
            caches,
            admission,
            hooks: extensions.hooks ?? [],
            eventLeases: new EventLeases({
                leases: options.store.leases,
                clock: this.#clock,
                ttlMs: options.eventTtlMs ?? eventTtlMsDefault,
            }),
            clock: this.#clock,
            logger: this.#logger,
            metrics: this.#chainMetrics,
        };
        const { flowControl, auditor } = options;
        this.#metrics = new RequestMetrics((info) => isServed(caches, info));
        this.#metrics.addSource(() => [...this.#chainMetrics.metrics(), buildInfoMetric(version)]);
        this.#metrics.addSource(async () => [
            ...(await storageMetrics(caches)),
            ...watchCacheMetrics(caches),
        ]);
        if (flowControl !== undefined) this.#metrics.addSource(() => flowControlMetrics(flowControl));
        if (auditor !== undefined) this.#metrics.addSource(() => auditMetrics(auditor));
        for (const source of extensions.metrics ?? []) this.#metrics.addSource(source);
        this.#metrics.addSource(ownProcessMetrics);
        this.#metrics.addSource(workQueueMetrics);
        this.#metrics.addSource(() => this.#restClients.metrics(`[::1]:${this.address.port}`));
        const builtin = builtinRoutes({
            caches,
            metrics: this.#metrics,
            version,
            liveChecks: extensions.liveChecks ?? [],
            readyChecks: extensions.readyChecks ?? [],
            flowControl,
            profiling: options.profiling ?? true,
            isRunning: () => this.#state === 'running',
            process: {
                flags: options.flags,
                startedMs: this.#clock.nowMs(),
                nowMs: () => this.#clock.nowMs(),
                routes: extensions.routes ?? [],
            },
        });
        this.#router = new Router({ registry, extensions, builtin, authorizer: options.authorizer });
        this.#run = this.#chain(this.#router.handle);
        this.#upgrade = this.#chain((request) => this.#handOver(request));
        this.#respondOptions = this.#createRespondOptions();
    }

    /** Fills the caches and listens. */
    async start(): Promise<void> {
        await this.#options.caches.start();
        this.#options.flowControl?.start();
        this.#state = 'running';
        const callback = this.#koa().callback();
        this.#listener = new Listener({
            tls: this.#options.tls,
            logger: this.#logger,
            onRequest: callback,
            onUpgrade: (request, socket, head) => void this.#onUpgrade(request, socket, head),
            onHandshakeError: () => {
                this.#chainMetrics.handshakeFailed();
            },
        });
        await this.#listener.listen(this.#options.port, this.#options.bindAddress);
        this.#logger.info(this.address, 'serving the API');
    }

    /** Where it listens; meaningful once started. */
    get address(): { host: string; port: number } {
        const address = this.#listener?.address;
        if (address === undefined) throw new Error('the server does not listen');
        return address;
    }

    /** Requests that run the chain as `identity`, without a socket. Usable before `start` has listened. */
    transportFor(identity: Identity): Transport {
        return new InProcessTransport({
            identity,
            run: this.#run,
            watchOpened: this.#watchOpened,
            logger: this.#logger,
            answered: this.#restClients.answered,
        });
    }

    /** New connections get this certificate; open ones keep theirs. */
    setTls(tls: TlsMaterial): void {
        this.#listener?.setTls(tls);
    }

    async stop(): Promise<void> {
        if (this.#state === 'stopping' || this.#state === 'stopped') return;
        this.#state = 'stopping';
        this.#listener?.close();
        for (const end of [...this.#watches]) end();
        const deadline = this.#clock.monotonicMs() + stopTimeoutMs;
        while (this.#inFlight > 0 && this.#clock.monotonicMs() < deadline) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await this.#listener?.destroy();
        this.#options.flowControl?.stop();
        await this.#options.auditor?.stop();
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
        const { auditor, caches, flowControl, requestTimeoutMs } = this.#options;
        const longRunning = this.#router.isLongRunning;
        const definitionOf = caches.definitionOf.bind(caches);
        return requestChain({
            authenticator,
            authorizer,
            flowControl,
            inFlightLimits,
            audit:
                auditor === undefined
                    ? undefined
                    : { auditor, clock: this.#clock, longRunning, definitionOf },
            requestTimeoutMs,
            longRunning,
            metrics: this.#metrics,
            chainMetrics: this.#chainMetrics,
            handler,
        });
    }

    #createRespondOptions(): RespondOptions {
        return {
            nowMs: () => this.#clock.nowMs(),
            flusher: new WatchFlusher(),
            watchOpened: this.#watchOpened,
            sent: (request, bytes) => {
                this.#metrics.sent(request, bytes);
            },
            watchEventSizes: (request) => this.#metrics.watchEventSizes(request),
            watchFailed: ({ path }, err) => {
                this.#logger.error({ err, path }, 'a watch was ended: an object cannot be shown');
            },
            slowWatchCut: ({ path, identity }) => {
                this.#logger.warn({ path, user: identity.username }, 'a watch was too slow and was cut');
            },
        };
    }

    #koa(): Koa {
        const app = new Koa();
        app.silent = true;
        app.on('error', (error: Error & { code?: string }) => {
            // Clients hang up whenever they like.
            this.#logger.debug({ err: error }, 'the answer could not be sent');
        });
        app.use(async (context) => {
            const request = new HttpRequest(context.req, context.res);
            context.res.once('close', () => {
                request.end();
            });
            context.set('Audit-Id', request.auditId);
            context.set('Cache-Control', 'no-cache, private');
            context.set('X-Content-Type-Options', 'nosniff');
            this.#inFlight++;
            try {
                const result = await this.#run(request);
                await respond(context, request, { result, options: this.#respondOptions });
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
        const request = new HttpRequest(message, undefined);
        socket.on('error', () => socket.destroy());
        socket.once('close', () => {
            request.end();
        });
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
        const { aggregation } = this.#router;
        const extension = aggregation?.extensionOf(request.path);
        if (connection !== undefined && extension !== undefined && aggregation !== undefined) {
            await aggregation.upgrade(request, extension, connection);
            return { type: 'value', status: 101, value: {} };
        }
        if (
            connection !== undefined &&
            info.verb === 'watch' &&
            upgradeKind(connection.request) === 'websocket'
        ) {
            const result = await this.#router.handle(request);
            if (result.type !== 'watch')
                throw statusErrors.badRequest('this watch answers no upgrade requests');
            const { answerWatchByWebSocket } = await import('./http/websocket-watch.ts');
            answerWatchByWebSocket(request, connection, { result, options: this.#respondOptions });
            return { type: 'value', status: 101, value: {} };
        }
        const handler = info.kind === 'resource' ? this.#router.handlerOf(info) : undefined;
        if (connection === undefined || info.kind !== 'resource' || handler?.upgrade === undefined) {
            throw statusErrors.badRequest('this path does not answer upgrade requests');
        }
        await this.#router.admitConnection(request, info);
        await handler.upgrade(request, info, connection);
        return { type: 'value', status: 101, value: {} };
    }
}

/** True for names that this server knows, as opposed to what a client may have made up. */
function isServed(caches: WatchCaches, info: ResourceRequestInfo): boolean {
    const definition = caches.definitionOf(info);
    return (
        definition !== undefined &&
        (info.subresource === '' || subresourceOf(definition, info.subresource) !== undefined)
    );
}
