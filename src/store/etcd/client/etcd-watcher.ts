import type { Logger } from '../../../util/logger.ts';
import type { StoreError, StoreEvent, WatchBatch, WatchRequest } from '../../store.ts';
import type { KeyRange } from './translate.ts';

export interface EtcdWatcherOptions {
    id: number;
    request: WatchRequest;
    /** The store's revision at the registration. */
    newest: number;
    onBatch: (batch: WatchBatch) => void;
    onError: ((error: StoreError) => void) | undefined;
    logger: Logger;
}

interface Waiter {
    revision: number;
    resolve: () => void;
}

/**
 * One watch of the store, whichever stream feeds it. Invariants: `told` only grows; every event of its keys
 * up to `told` has been delivered, none above; nothing is delivered after its end.
 */
export class EtcdWatcher {
    readonly id: number;
    readonly range: KeyRange;
    readonly request: WatchRequest;
    readonly #options: EtcdWatcherOptions;
    readonly #liveFrom: number;
    #told: number;
    #state: 'running' | 'ended' = 'running';
    #waiters: Waiter[] = [];
    readonly #progressListeners = new Set<() => void>();

    constructor(options: EtcdWatcherOptions) {
        const { id, request, newest } = options;
        this.id = id;
        this.request = request;
        this.range = { key: request.key, end: request.end };
        this.#options = options;
        this.#told = request.startRevision === 0 ? newest : request.startRevision - 1;
        this.#liveFrom = newest;
    }

    get told(): number {
        return this.#told;
    }

    /** It has read all history that there was when it began. */
    get isLive(): boolean {
        return this.#told >= this.#liveFrom;
    }

    get isRunning(): boolean {
        return this.#state === 'running';
    }

    /** Delivers events in the order of their revisions, those of one revision in one batch. */
    deliver(events: readonly StoreEvent[]): void {
        for (let first = 0; first < events.length && this.isRunning;) {
            const revision = events[first]?.kv.modRevision ?? 0;
            let last = first + 1;
            while (events[last]?.kv.modRevision === revision) last++;
            if (revision > this.#told) {
                this.#told = revision;
                this.#call(() => {
                    this.#options.onBatch({ revision, events: events.slice(first, last) });
                });
            }
            first = last;
        }
        this.#wake();
    }

    /** There is nothing for it up to `revision`. */
    advance(revision: number): void {
        if (revision <= this.#told) return;
        this.#told = revision;
        this.#wake();
    }

    /** Resolves when `told` has reached `revision`, or the watch has ended. */
    async reached(revision: number): Promise<void> {
        if (this.#told >= revision || !this.isRunning) return;
        await new Promise<void>((resolve) => {
            this.#waiters.push({ revision, resolve });
        });
    }

    onProgress(listener: () => void): () => void {
        if (this.isRunning) this.#progressListeners.add(listener);
        return () => {
            this.#progressListeners.delete(listener);
        };
    }

    /** What the watch says of its progress has grown, or may have. */
    progressed(): void {
        for (const listener of this.#progressListeners) listener();
    }

    cancel(): void {
        this.#state = 'ended';
        this.#progressListeners.clear();
        for (const { resolve } of this.#waiters) resolve();
        this.#waiters = [];
    }

    fail(error: StoreError): void {
        if (!this.isRunning) return;
        this.cancel();
        this.#call(() => {
            this.#options.onError?.(error);
        });
    }

    #wake(): void {
        this.progressed();
        if (this.#waiters.length === 0) return;
        const reached = this.#waiters.filter(({ revision }) => revision <= this.#told);
        if (reached.length === 0) return;
        this.#waiters = this.#waiters.filter(({ revision }) => revision > this.#told);
        for (const { resolve } of reached) resolve();
    }

    #call(callback: () => void): void {
        try {
            callback();
        } catch (error) {
            const { logger, request } = this.#options;
            logger.error({ err: error, key: request.key }, 'a watcher of the store threw');
        }
    }
}
