import { isReason } from '../api/meta/status-error.ts';
import type { Clock } from '../util/clock.ts';
import type { Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import { WorkQueue } from './work-queue.ts';

/**
 * What one reconcile came to. `done`: nothing more until the key is enqueued again. `requeue`: again
 * after a while, as part of normal work. A reconcile that throws is repeated with exponential back-off.
 */
export type Outcome = { type: 'done' } | { type: 'requeue'; afterMs: number };

export const done: Outcome = { type: 'done' };
export const requeueAfter = (afterMs: number): Outcome => ({ type: 'requeue', afterMs });

export interface ControllerOptions {
    /** Also of its queue in metrics: upstream's name where it has such a queue. */
    name: string;
    /** Brings one key to its desired state. `signal` is aborted when the controller stops. */
    reconcile(key: string, signal: AbortSignal): Promise<Outcome>;
    logger: Logger;
    /** Keys worked on at the same time. Default 5. */
    workers?: number;
    /** After this many failures in a row a key is dropped until it is enqueued again. Default: never. */
    retriesMax?: number;
    clock?: Clock;
}

const workersDefault = 5;

/** Runs `reconcile` for enqueued keys, never twice at the same time for one key. */
export class Controller implements Stoppable {
    readonly name: string;
    readonly #options: ControllerOptions;
    readonly #queue: WorkQueue<string>;
    readonly #abort = new AbortController();
    #workers: Promise<void>[] = [];

    constructor(options: ControllerOptions) {
        this.name = options.name;
        this.#options = options;
        const { name, clock } = options;
        this.#queue = new WorkQueue({ name, ...(clock === undefined ? {} : { clock }) });
    }

    /** Keys that are ready and not yet taken by a worker. */
    get pending(): number {
        return this.#queue.length;
    }

    enqueue(key: string): void {
        this.#queue.add(key);
    }

    enqueueAfter(key: string, delayMs: number): void {
        this.#queue.addAfter(key, delayMs);
    }

    start(): void {
        if (this.#workers.length > 0 || this.#abort.signal.aborted) return;
        const count = this.#options.workers ?? workersDefault;
        this.#workers = Array.from({ length: count }, async () => await this.#work());
    }

    /** Resolves when no reconcile is running any more. */
    async stop(): Promise<void> {
        this.#abort.abort();
        this.#queue.shutDown();
        await Promise.all(this.#workers);
    }

    async #work(): Promise<void> {
        for (;;) {
            const key = await this.#queue.get();
            if (key === undefined) return;
            try {
                const outcome = await this.#options.reconcile(key, this.#abort.signal);
                this.#queue.forget(key);
                if (outcome.type === 'requeue') this.#queue.addAfter(key, outcome.afterMs);
            } catch (error) {
                this.#failed(key, error);
            } finally {
                this.#queue.done(key);
            }
        }
    }

    #failed(key: string, error: unknown): void {
        if (this.#abort.signal.aborted) return;
        const { logger, retriesMax } = this.#options;
        const failures = this.#queue.failures(key);
        if (retriesMax !== undefined && failures >= retriesMax) {
            logger.error({ err: error, key, failures }, 'reconcile failed too often, dropping the key');
            this.#queue.forget(key);
            return;
        }
        // A conflict only says that the cache was a moment behind.
        if (isReason(error, 'Conflict')) logger.debug({ key }, 'reconcile met a conflict');
        else logger.warn({ err: error, key, failures }, 'reconcile failed');
        this.#queue.addRateLimited(key);
    }
}
