import type { ApiObject, Stored } from '../api/meta/object.ts';
import { isReason, StatusError } from '../api/meta/status-error.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { Backoff } from './backoff.ts';
import type { ListOptions, ResourceClient, WatchOptions } from './client.ts';
import { sleep } from './sleep.ts';
import { statusErrorOfEvent } from './status-body.ts';
import type { TransportWatch, WatchEvent } from './transport.ts';

/** Where a reflector delivers what it sees, in order. */
export interface ReflectorSink<T extends ApiObject> {
    /** The complete state: whatever is not in it no longer exists. */
    replace(objects: readonly Stored<T>[]): void;
    event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored<T>): void;
}

export interface ReflectorOptions<T extends ApiObject> {
    resource: ResourceClient<T>;
    selection: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
    sink: ReflectorSink<T>;
    logger: Logger;
    clock: Clock;
    random?: () => number;
}

const backoffBaseMs = 100;
const backoffMaxMs = 30_000;
/** A watch that ends sooner and without an event counts as failed, so that it is not reopened in a loop. */
const shortWatchMs = 1_000;
/** As client-go: watches are asked to end after 5 to 10 minutes and are resumed. */
const watchTimeoutMinS = 300;
const initialEventsEnd = 'k8s.io/initial-events-end';

/** Why one watch stream is over. */
type StreamEnd = { type: 'closed' } | { type: 'expired' } | { type: 'failed'; error: Error };

/**
 * Keeps a sink equal to one resource of the API server. State is first taken as a streaming list (watch
 * with initial events), or by list and watch where the server does not know that; after that the watch
 * is resumed from the last resourceVersion seen, and started over when that has expired.
 */
export class Reflector<T extends ApiObject> {
    readonly #options: ReflectorOptions<T>;
    readonly #backoff: Backoff;
    readonly #abort = new AbortController();
    /** Undefined until a complete state was delivered, and again when it has expired. */
    #resourceVersion: string | undefined;
    #streamingList = true;
    #running: Promise<void> | undefined;

    constructor(options: ReflectorOptions<T>) {
        this.#options = options;
        this.#backoff = new Backoff({
            baseMs: backoffBaseMs,
            maxMs: backoffMaxMs,
            ...(options.random === undefined ? {} : { random: options.random }),
        });
    }

    start(): void {
        this.#running ??= this.#run();
    }

    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#running;
    }

    async #run(): Promise<void> {
        const { signal } = this.#abort;
        while (!isAborted(signal)) {
            const end = await this.#once();
            if (isAborted(signal)) return;
            switch (end.type) {
                case 'closed':
                    break;
                case 'expired':
                    this.#resourceVersion = undefined;
                    break;
                case 'failed':
                    this.#options.logger.warn({ err: end.error }, 'watch failed, trying again');
                    await sleep(this.#options.clock, this.#backoff.next(), signal);
            }
        }
    }

    async #once(): Promise<StreamEnd> {
        try {
            if (this.#resourceVersion !== undefined) return await this.#stream(false);
            if (this.#streamingList) return await this.#stream(true);
            await this.#list();
            return { type: 'closed' };
        } catch (error) {
            return this.#classify(error);
        }
    }

    #classify(error: unknown): StreamEnd {
        const failure = error instanceof Error ? error : new Error(String(error));
        if (isReason(error, 'Expired') || isReason(error, 'Gone') || isTooNew(error)) {
            // Without a resourceVersion nothing can be expired: do not start over in a loop.
            return this.#resourceVersion === undefined
                ? { type: 'failed', error: failure }
                : { type: 'expired' };
        }
        const unknown = error instanceof StatusError && [400, 405, 415, 422].includes(error.code);
        if (unknown && this.#resourceVersion === undefined && this.#streamingList) {
            this.#options.logger.info('the server has no streaming lists, falling back to list and watch');
            this.#streamingList = false;
            return { type: 'closed' };
        }
        return { type: 'failed', error: failure };
    }

    async #list(): Promise<void> {
        const list = await this.#options.resource.list({ ...this.#options.selection });
        if (this.#abort.signal.aborted) return;
        this.#options.sink.replace(list.items);
        this.#resourceVersion = list.metadata.resourceVersion ?? '';
    }

    async #stream(initial: boolean): Promise<StreamEnd> {
        const { resource, selection, sink, clock, logger } = this.#options;
        const startedMs = clock.monotonicMs();
        let events = 0;
        let pending: Stored<T>[] | undefined = initial ? [] : undefined;
        const bookmark = (object: Stored<T>): void => {
            this.#backoff.reset();
            if (pending !== undefined) {
                if (object.metadata.annotations?.[initialEventsEnd] !== 'true') return;
                const complete = pending;
                pending = undefined;
                sink.replace(complete);
            }
            this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
        };
        const onEvent = (event: WatchEvent, fail: (error: Error) => void): void => {
            events++;
            const object = event.object as Stored<T>;
            switch (event.type) {
                case 'ERROR':
                    fail(statusErrorOfEvent(event.object));
                    return;
                case 'BOOKMARK':
                    bookmark(object);
                    return;
                case 'ADDED':
                case 'MODIFIED':
                case 'DELETED':
                    if (pending !== undefined) {
                        // Changes may come between the initial events; only the end of them counts.
                        pending = mergePending(pending, event.type, object);
                        return;
                    }
                    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
                    sink.event(event.type, object);
            }
        };
        const end = await this.#watch(resource, this.#watchOptions(selection, initial), onEvent);
        if (end !== undefined) {
            if (events > 0) this.#backoff.reset();
            return this.#classify(end);
        }
        const livedMs = clock.monotonicMs() - startedMs;
        if (events === 0 && livedMs < shortWatchMs) {
            return { type: 'failed', error: new Error('the watch ended at once without events') };
        }
        if (pending !== undefined) return { type: 'failed', error: new Error('the list was cut off') };
        this.#backoff.reset();
        logger.debug({ events, livedMs }, 'watch ended, resuming');
        return { type: 'closed' };
    }

    #watchOptions(selection: ReflectorOptions<T>['selection'], initial: boolean): WatchOptions {
        const random = this.#options.random ?? Math.random;
        return {
            ...selection,
            allowWatchBookmarks: true,
            timeoutSeconds: Math.floor(watchTimeoutMinS * (1 + random())),
            ...(initial
                ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
                : { resourceVersion: this.#resourceVersion }),
        };
    }

    /** Resolves when the stream is over: with the error that ended it, or undefined. */
    async #watch(
        resource: ResourceClient<T>,
        options: WatchOptions,
        onEvent: (event: WatchEvent, fail: (error: Error) => void) => void,
    ): Promise<Error | undefined> {
        const { signal } = this.#abort;
        return await new Promise<Error | undefined>((resolve, reject) => {
            let open: TransportWatch | undefined;
            let over = false;
            const finish = (error: Error | undefined): void => {
                if (over) return;
                over = true;
                signal.removeEventListener('abort', onAbort);
                open?.stop();
                resolve(error);
            };
            const onAbort = (): void => finish(undefined);
            signal.addEventListener('abort', onAbort, { once: true });
            resource
                .watch(options, {
                    onEvent: (event) => {
                        if (!over) onEvent(event, finish);
                    },
                    onEnd: finish,
                })
                .then(
                    (watch) => {
                        open = watch;
                        if (over) watch.stop();
                    },
                    (error: unknown) => {
                        over = true;
                        signal.removeEventListener('abort', onAbort);
                        reject(error instanceof Error ? error : new Error(String(error)));
                    },
                );
        });
    }
}

/** As a function, so that the compiler does not take an earlier answer for still true. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** The server is behind what was seen before (restored from a backup): only a new list helps. */
const isTooNew = (error: unknown): boolean =>
    isReason(error, 'Timeout') &&
    error.status.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;

/**
 * Initial events come as ADDED, one per object. What changes meanwhile follows as MODIFIED or DELETED,
 * which is rare: then the collected list is searched.
 */
function mergePending<T extends ApiObject>(
    pending: Stored<T>[],
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
    object: Stored<T>,
): Stored<T>[] {
    if (type !== 'DELETED') {
        pending.push(object);
        return pending;
    }
    const { name, namespace } = object.metadata;
    return pending.filter((o) => o.metadata.name !== name || o.metadata.namespace !== namespace);
}
