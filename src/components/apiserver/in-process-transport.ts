import { randomUUID } from 'node:crypto';
import { apiVersionOf, type WatchEvent } from '../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../api/meta/status-error.ts';
import type {
    Transport,
    TransportRequest,
    TransportResponse,
    TransportWatch,
    WatchHandler,
} from '../../client/transport.ts';
import type { Logger } from '../../util/logger.ts';
import { listMetaOf } from './encode/encode-result.ts';
import { componentOf, type Identity } from './identity.ts';
import type { ApiRequest, ApiResult, RelayedWatch, RequestBody, WatchResult, WatchSink } from './request.ts';
import { pathOfTarget, type RequestInfo } from './request-info.ts';
import { statusErrorOf } from './status-of.ts';

export interface InProcessOptions {
    identity: Identity;
    run(request: ApiRequest): Promise<ApiResult>;
    /** Watches that are to be ended when the server stops; see RespondOptions. */
    watchOpened(end: () => void): () => void;
    logger: Logger;
    /** Told how each request was answered. */
    answered?: (method: string, code: number) => void;
}

/**
 * Runs the request chain without socket, TLS and JSON. Answers are the watch cache's own frozen objects;
 * bodies are copied, so callers keep theirs.
 */
export class InProcessTransport implements Transport {
    readonly #options: InProcessOptions;
    readonly #watches = new Set<TransportWatch>();
    #isClosed = false;

    constructor(options: InProcessOptions) {
        this.#options = options;
    }

    async request(request: TransportRequest): Promise<TransportResponse> {
        this.#checkOpen();
        const inner = new InProcessRequest(request, this.#options.identity);
        try {
            const response = responseOf(await this.#options.run(inner));
            this.#options.answered?.(request.method, response.status);
            return response;
        } catch (error) {
            const { code, status } = statusErrorOf(error, inner, this.#options.logger);
            this.#options.answered?.(request.method, code);
            return { status: code, body: status };
        } finally {
            inner.end();
        }
    }

    async watch(request: TransportRequest, handler: WatchHandler): Promise<TransportWatch> {
        this.#checkOpen();
        const inner = new InProcessRequest(request, this.#options.identity);
        try {
            const result = await this.#answerTo(inner);
            if (result.type !== 'watch' && result.type !== 'relayedWatch')
                throw statusErrors.badRequest('the path does not ask for a watch');
            if (request.signal?.aborted === true) throw request.signal.reason as Error;
            return result.type === 'watch'
                ? this.#open(result, inner, handler)
                : this.#relay(result, inner, handler);
        } catch (error) {
            inner.end();
            throw error;
        }
    }

    close(): void {
        this.#isClosed = true;
        for (const watch of this.#watches) watch.stop();
        this.#watches.clear();
    }

    async #answerTo(inner: InProcessRequest): Promise<ApiResult> {
        try {
            const result = await this.#options.run(inner);
            this.#options.answered?.(inner.method, 200);
            return result;
        } catch (error) {
            const failure = statusErrorOf(error, inner, this.#options.logger);
            this.#options.answered?.(inner.method, failure.code);
            throw failure;
        }
    }

    #open(result: WatchResult, inner: InProcessRequest, handler: WatchHandler): TransportWatch {
        const delivery = new WatchDelivery(result, handler, this.#options.logger);
        const stopWatch = (): void => {
            delivery.cancel();
            stop();
            over();
        };
        const watch: TransportWatch = { stop: stopWatch };
        const over = (): void => {
            forget();
            this.#watches.delete(watch);
            inner.signal.removeEventListener('abort', stopWatch);
            inner.end();
        };
        const forget = this.#options.watchOpened(() => {
            stop();
            delivery.end();
        });
        const stop = result.open(delivery);
        delivery.onEnded = over;
        this.#watches.add(watch);
        inner.signal.addEventListener('abort', stopWatch);
        return watch;
    }

    /** Another server's watch: ends when that server, the caller or this server ends it. */
    #relay(result: RelayedWatch, inner: InProcessRequest, handler: WatchHandler): TransportWatch {
        const stop = (): void => {
            stream.stop();
            over();
        };
        const watch: TransportWatch = { stop };
        const over = (): void => {
            forget();
            this.#watches.delete(watch);
            inner.signal.removeEventListener('abort', stop);
            inner.end();
        };
        const forget = this.#options.watchOpened(() => {
            stop();
            handler.onEnd(undefined);
        });
        const stream = result.open({
            onEvent: (event) => {
                handler.onEvent(event);
            },
            onEnd: (error) => {
                over();
                handler.onEnd(error);
            },
        });
        this.#watches.add(watch);
        inner.signal.addEventListener('abort', stop);
        return watch;
    }

    #checkOpen(): void {
        if (this.#isClosed) throw new Error('the transport is closed');
    }
}

/**
 * Hands events to a handler in order, in a microtask of their own so that a handler never runs inside the
 * write that caused the event. The queue is emptied before anything else runs, which bounds it.
 */
class WatchDelivery implements WatchSink {
    readonly #result: WatchResult;
    readonly #handler: WatchHandler;
    readonly #logger: Logger;
    #queue: (WatchEvent | 'end')[] = [];
    #isScheduled = false;
    #isOver = false;
    #error: Error | undefined;
    onEnded: () => void = () => undefined;

    constructor(result: WatchResult, handler: WatchHandler, logger: Logger) {
        this.#result = result;
        this.#handler = handler;
        this.#logger = logger;
    }

    event(...[type, object]: Parameters<WatchSink['event']>): void {
        this.#push({ type, object: object.object });
    }

    bookmark(resourceVersion: string, isInitialEventsEnd: boolean): void {
        const { definition } = this.#result;
        const annotations = { 'k8s.io/initial-events-end': 'true' };
        this.#push({
            type: 'BOOKMARK',
            object: {
                kind: definition.kind,
                apiVersion: apiVersionOf(definition),
                metadata: { resourceVersion, ...(isInitialEventsEnd ? { annotations } : {}) },
            },
        });
    }

    error(...[status]: Parameters<WatchSink['error']>): void {
        this.#error = new StatusError({ ...status, code: status.code ?? 500 });
        this.#push({ type: 'ERROR', object: status });
    }

    end(): void {
        this.#push('end');
    }

    cancel(): void {
        this.#isOver = true;
        this.#queue = [];
    }

    #push(item: WatchEvent | 'end'): void {
        if (this.#isOver) return;
        this.#queue.push(item);
        if (this.#isScheduled) return;
        this.#isScheduled = true;
        queueMicrotask(() => {
            this.#drain();
        });
    }

    #drain(): void {
        this.#isScheduled = false;
        const queue = this.#queue;
        this.#queue = [];
        for (const item of queue) {
            if (this.#isOver) return;
            try {
                if (item !== 'end') this.#handler.onEvent(item);
                else this.#finish();
            } catch (error) {
                this.#logger.error({ err: error }, 'a watch handler failed');
            }
        }
    }

    #finish(): void {
        this.#isOver = true;
        this.onEnded();
        this.#handler.onEnd(this.#error);
    }
}

function responseOf(result: ApiResult): TransportResponse {
    switch (result.type) {
        case 'object':
            return { status: result.status, body: result.object.object };
        case 'list': {
            const { definition, items } = result;
            return {
                status: 200,
                body: {
                    kind: definition.listKind,
                    apiVersion: apiVersionOf(definition),
                    metadata: listMetaOf(result),
                    items: items.map(({ object }) => object),
                },
            };
        }
        case 'value':
            return { status: result.status, body: result.value };
        case 'bytes': {
            const text = result.body.toString();
            const isJson = result.contentType.startsWith('application/json');
            return { status: result.status, body: isJson ? (JSON.parse(text) as unknown) : text };
        }
        case 'watch':
        case 'relayedWatch':
        case 'raw':
            throw statusErrors.badRequest('this request needs a stream');
    }
}

class InProcessRequest implements ApiRequest {
    readonly method: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: Readonly<Record<string, string>>;
    readonly origin;
    readonly auditId = randomUUID();
    readonly signal: AbortSignal;
    readonly warnings: string[] = [];
    readonly auditAnnotations = new Map<string, string>();
    info: RequestInfo;
    identity: Identity;
    readonly #body: RequestBody;
    readonly #over = new AbortController();
    readonly #callersSignal: AbortSignal | undefined;

    constructor(request: TransportRequest, identity: Identity) {
        const { path, method, contentType = 'application/json', signal } = request;
        const question = path.indexOf('?');
        this.method = method;
        this.path = pathOfTarget(question < 0 ? path : path.slice(0, question));
        this.query = new URLSearchParams(question < 0 ? '' : path.slice(question + 1));
        this.origin = { type: 'inProcess', identity } as const;
        this.signal = this.#over.signal;
        this.#callersSignal = signal;
        if (signal?.aborted === true) this.end();
        else signal?.addEventListener('abort', this.end);
        this.info = { kind: 'nonResource', path: this.path, verb: method.toLowerCase() };
        this.identity = identity;
        this.headers = { 'user-agent': componentOf(identity) };
        this.#body = { type: 'value', value: request.body, contentType };
    }

    body(): Promise<RequestBody> {
        return Promise.resolve(this.#body);
    }

    /** It is answered, or the caller has gone: as when a connection closes. */
    readonly end = (): void => {
        this.#callersSignal?.removeEventListener('abort', this.end);
        this.#over.abort();
    };
}
