import {
    type KeyValue,
    prefixEnd,
    type Store,
    StoreError,
    type StoreWatch,
    type WatchBatch,
} from '../../../store/store.ts';
import { systemClock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';

/** Revisions of history that are read again at start, so that clients can go on where they were. */
export const refillRevisionsMax = 1_000;
/** Longest time for reading them; without them a start is correct too, clients then list again. */
const refillTimeoutMs = 5_000;
const retryDelayMinMs = 50;
const retryDelayMaxMs = 5_000;

/** What is kept current. All methods are called in the order of revisions. */
export interface FollowerTarget {
    /** The whole state at `revision`, before any batch. */
    load(kvs: readonly KeyValue[], revision: number): void;
    apply(batch: WatchBatch): void;
    /** The whole state at `revision`; the batches between what was last given and it cannot be had. */
    reconcile(kvs: readonly KeyValue[], revisions: { from: number; to: number }): void;
    /** The store has been closed: nothing comes any more. */
    lost(): void;
}

export interface StoreFollowerOptions {
    store: Store;
    /** All keys that start with it are followed. */
    prefix: string;
    logger: Logger;
}

/**
 * Keeps a target current with a part of the store by one watch.
 *
 * Invariants: the target has everything up to `revision`. It never falls silent: when the watch ends because
 * history is gone (compacted, or replaced by a snapshot) or cannot be read, the state is read anew, again
 * and again until that succeeds, and `revision` stands still meanwhile. Only a closed store ends it.
 *
 *     new ──start──► running ──watch ended──► reloading ──state read──► running
 *                       └──── store closed, stop ────► stopped
 */
export class StoreFollower {
    readonly #options: StoreFollowerOptions;
    readonly #target: FollowerTarget;
    #revision = 0;
    #watch: StoreWatch | undefined;
    #state: 'new' | 'running' | 'reloading' | 'stopped' = 'new';
    /** Wakes the wait between two attempts. */
    #cancelRetry: (() => void) | undefined;
    /** Called after `revision` may have grown; must not throw. */
    onProgress: () => void = () => undefined;
    /** Ends the start's reading of history, once it has come far enough. */
    #onReplayProgress: (() => void) | undefined;

    constructor(options: StoreFollowerOptions, target: FollowerTarget) {
        this.#options = options;
        this.#target = target;
    }

    get revision(): number {
        if (this.#state === 'running') {
            this.#revision = Math.max(this.#revision, this.#watch?.revision ?? 0);
        }
        return this.#revision;
    }

    /** Gives the state to the target, with what there is of recent history, and follows from there. */
    async start(): Promise<void> {
        if (await this.#startWithHistory()) return;
        const { kvs, revision } = await this.#read(0);
        if (this.#isStopped()) return;
        this.#target.load(kvs, revision);
        this.#follow(revision);
    }

    stop(): void {
        this.#state = 'stopped';
        this.#watch?.cancel();
        this.#cancelRetry?.();
        this.#onReplayProgress?.();
    }

    /** Loads an older state and replays what came after; false when that history is not to be had. */
    async #startWithHistory(): Promise<boolean> {
        const { store, logger } = this.#options;
        const newest = await store.readIndex();
        const first = Math.max(store.compactedRevision, newest - refillRevisionsMax, 1);
        if (first >= newest) return false;
        try {
            const { kvs } = await this.#read(first);
            if (this.#isStopped()) return true;
            this.#target.load(kvs, first);
            await this.#replay(first, newest);
            return true;
        } catch (error) {
            if (!(error instanceof StoreError) || error.reason === 'closed') throw error;
            logger.debug({ err: error, first, newest }, 'start without history');
            this.#revision = 0;
            return false;
        }
    }

    /** Resolves in the state 'running' once everything up to `newest` was given to the target. */
    async #replay(first: number, newest: number): Promise<void> {
        let cancelTimer: (() => void) | undefined;
        try {
            await new Promise<void>((resolve, reject) => {
                cancelTimer = systemClock.setTimer(refillTimeoutMs, () => {
                    reject(new StoreError('timeout', 'reading history takes too long'));
                });
                this.#revision = first;
                this.#open(first, reject);
                // The last event of history need not be one of this prefix.
                this.#onReplayProgress = () => {
                    if ((this.#watch?.revision ?? 0) < newest && !this.#isStopped()) return;
                    if (!this.#isStopped()) this.#state = 'running';
                    resolve();
                };
                this.#onReplayProgress();
            });
        } catch (error) {
            this.#watch?.cancel();
            this.#watch = undefined;
            throw error;
        } finally {
            this.#onReplayProgress = undefined;
            cancelTimer?.();
        }
    }

    #follow(after: number): void {
        this.#state = 'running';
        this.#revision = after;
        this.#open(after, undefined);
        this.onProgress();
    }

    /** `onStartError` is told of the watch's end while this is not running yet. */
    #open(after: number, onStartError: ((error: StoreError) => void) | undefined): void {
        const { store, prefix } = this.#options;
        const onError = (error: StoreError): void => {
            if (this.#isStopped()) return;
            if (this.#state === 'new') onStartError?.(error);
            else this.#ended(error);
        };
        try {
            this.#watch = store.watch(
                { key: prefix, end: prefixEnd(prefix), startRevision: after + 1 },
                (batch) => {
                    if (this.#isStopped()) return;
                    this.#revision = Math.max(this.#revision, batch.revision);
                    this.#target.apply(batch);
                },
                onError,
            );
            this.#watch.onProgress(() => {
                this.#onReplayProgress?.();
                this.onProgress();
            });
        } catch (error) {
            if (!(error instanceof StoreError)) throw error;
            onError(error);
        }
    }

    #ended(error: StoreError): void {
        const { logger } = this.#options;
        if (error.reason === 'closed') {
            this.#state = 'stopped';
            this.#target.lost();
            return;
        }
        logger.warn(
            { err: error, revision: this.#revision },
            'watch of the store ended, reading the state anew',
        );
        this.#watch = undefined;
        if (this.#state === 'reloading') return;
        this.#state = 'reloading';
        void this.#reload();
    }

    async #reload(): Promise<void> {
        const { logger } = this.#options;
        for (let delayMs = retryDelayMinMs; ; delayMs = Math.min(delayMs * 2, retryDelayMaxMs)) {
            await new Promise<void>((resolve) => {
                const cancel = systemClock.setTimer(delayMs, resolve);
                this.#cancelRetry = () => {
                    cancel();
                    resolve();
                };
            });
            if (this.#isStopped()) return;
            try {
                const { kvs, revision } = await this.#read(0);
                if (this.#isStopped()) return;
                this.#target.reconcile(kvs, { from: this.#revision, to: revision });
                logger.info({ from: this.#revision, to: revision }, 'state read anew');
                this.#follow(revision);
                return;
            } catch (error) {
                if (error instanceof StoreError && error.reason === 'closed') {
                    this.#ended(error);
                    return;
                }
                logger.warn({ err: error }, 'cannot read the state, trying again');
            }
        }
    }

    async #read(revision: number): Promise<{ kvs: KeyValue[]; revision: number }> {
        const { store, prefix } = this.#options;
        return await store.range({ key: prefix, end: prefixEnd(prefix), revision });
    }

    /** A function, because the state changes during what is awaited between two questions. */
    #isStopped(): boolean {
        return this.#state === 'stopped';
    }
}
