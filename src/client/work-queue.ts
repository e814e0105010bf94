import { systemClock, type Clock } from '../util/clock.ts';
import { type QueueFigures, queueFiguresOf, type QueueLoad } from './queue-figures.ts';

export interface WorkQueueOptions {
    /** Under which its figures are shown; a constant. Absent: nobody counts. */
    name?: string;
    clock?: Clock;
    /** First delay of a key that failed; doubles with every failure. Default 5 ms. */
    backoffBaseMs?: number;
    /** Default 1000 s. */
    backoffMaxMs?: number;
}

const backoffBaseDefaultMs = 5;
const backoffMaxDefaultMs = 1_000_000;

/**
 * Keys that wait for work (client-go's workqueue). Invariants: a key is handed to one worker at a time;
 * a key that is added while it is worked on is handed out once more afterwards; a key waits at most
 * once. So the queue is bounded by the number of distinct keys.
 */
export class WorkQueue<K> {
    readonly #clock: Clock;
    readonly #baseMs: number;
    readonly #maxMs: number;
    /** Ready keys in order; each is also in `#dirty`. */
    #ready = new Set<K>();
    /** Keys that need work, ready or to be made ready when their worker is done. */
    readonly #dirty = new Set<K>();
    readonly #processing = new Set<K>();
    readonly #delayed = new Map<K, { dueMs: number; cancel: () => void }>();
    readonly #failures = new Map<K, number>();
    readonly #waiters: ((key: K | undefined) => void)[] = [];
    readonly #idleWaiters: (() => void)[] = [];
    readonly #figures: QueueFigures | undefined;
    readonly #unfollow: (() => void) | undefined;
    /** When keys were added that need work, and when those were taken that are worked on; kept for the figures. */
    readonly #addedMs = new Map<K, number>();
    readonly #takenMs = new Map<K, number>();
    #shutDown = false;

    constructor(options: WorkQueueOptions = {}) {
        this.#clock = options.clock ?? systemClock;
        this.#baseMs = options.backoffBaseMs ?? backoffBaseDefaultMs;
        this.#maxMs = options.backoffMaxMs ?? backoffMaxDefaultMs;
        this.#figures = options.name === undefined ? undefined : queueFiguresOf(options.name);
        this.#unfollow = this.#figures?.follow(() => this.#load());
    }

    /** Keys ready to be handed out. */
    get length(): number {
        return this.#ready.size;
    }

    /** Resolves when nothing is ready or being worked on, or the queue was shut down; delayed keys do not count. */
    async idle(): Promise<void> {
        if (!this.#isIdle) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }

    get #isIdle(): boolean {
        return this.#dirty.size === 0 && this.#processing.size === 0;
    }

    add(key: K): void {
        if (this.#shutDown || this.#dirty.has(key)) return;
        this.#dirty.add(key);
        this.#noteAdded(key);
        if (!this.#processing.has(key)) this.#makeReady(key);
    }

    /** Adds the key later. Of several delays of one key the earliest counts. */
    addAfter(key: K, delayMs: number): void {
        if (this.#shutDown) return;
        if (this.#figures !== undefined) this.#figures.retries++;
        if (delayMs <= 0) {
            this.add(key);
            return;
        }
        const dueMs = this.#clock.monotonicMs() + delayMs;
        const waiting = this.#delayed.get(key);
        if (waiting !== undefined) {
            if (waiting.dueMs <= dueMs) return;
            waiting.cancel();
        }
        const cancel = this.#clock.setTimer(delayMs, () => {
            this.#delayed.delete(key);
            this.add(key);
        });
        this.#delayed.set(key, { dueMs, cancel });
    }

    /** Adds the key after its back-off: base · 2^failures. */
    addRateLimited(key: K): void {
        const failures = this.#failures.get(key) ?? 0;
        this.#failures.set(key, failures + 1);
        this.addAfter(key, Math.min(this.#baseMs * 2 ** Math.min(failures, 40), this.#maxMs));
    }

    /** How often the key was added rate-limited since it was forgotten. */
    failures(key: K): number {
        return this.#failures.get(key) ?? 0;
    }

    /** The key succeeded: its back-off starts over. */
    forget(key: K): void {
        this.#failures.delete(key);
    }

    /** The next key, once there is one; undefined when the queue was shut down. Call `done` afterwards. */
    async get(): Promise<K | undefined> {
        if (this.#shutDown) return undefined;
        for (const key of this.#ready) {
            this.#ready.delete(key);
            this.#hand(key);
            return key;
        }
        return await new Promise((resolve) => this.#waiters.push(resolve));
    }

    done(key: K): void {
        this.#processing.delete(key);
        this.#noteDone(key);
        if (this.#dirty.has(key) && !this.#shutDown) this.#makeReady(key);
        if (this.#isIdle) this.#wakeIdleWaiters();
    }

    /** Nothing is handed out any more; waiting workers get undefined. */
    shutDown(): void {
        this.#shutDown = true;
        for (const { cancel } of this.#delayed.values()) cancel();
        this.#delayed.clear();
        this.#ready = new Set();
        this.#dirty.clear();
        this.#failures.clear();
        this.#addedMs.clear();
        this.#unfollow?.();
        for (const resolve of this.#waiters.splice(0)) resolve(undefined);
        this.#wakeIdleWaiters();
    }

    #wakeIdleWaiters(): void {
        for (const wake of this.#idleWaiters.splice(0)) wake();
    }

    #makeReady(key: K): void {
        const waiter = this.#waiters.shift();
        if (waiter === undefined) {
            this.#ready.add(key);
            return;
        }
        this.#hand(key);
        waiter(key);
    }

    #hand(key: K): void {
        this.#dirty.delete(key);
        this.#processing.add(key);
        this.#noteTaken(key);
    }

    #noteAdded(key: K): void {
        if (this.#figures === undefined) return;
        this.#figures.adds++;
        this.#addedMs.set(key, this.#clock.monotonicMs());
    }

    #noteTaken(key: K): void {
        if (this.#figures === undefined) return;
        const nowMs = this.#clock.monotonicMs();
        this.#figures.waits.observe((nowMs - (this.#addedMs.get(key) ?? nowMs)) / 1000);
        this.#addedMs.delete(key);
        this.#takenMs.set(key, nowMs);
    }

    #noteDone(key: K): void {
        const sinceMs = this.#takenMs.get(key);
        if (sinceMs === undefined) return;
        this.#figures?.works.observe((this.#clock.monotonicMs() - sinceMs) / 1000);
        this.#takenMs.delete(key);
    }

    #load(): QueueLoad {
        const nowMs = this.#clock.monotonicMs();
        const seconds = [...this.#takenMs.values()].map((sinceMs) => (nowMs - sinceMs) / 1000);
        return {
            depth: this.#dirty.size,
            unfinishedSeconds: seconds.reduce((sum, each) => sum + each, 0),
            longestSeconds: Math.max(0, ...seconds),
        };
    }
}
