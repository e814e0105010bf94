import type { Clock } from '../../util/clock.ts';

interface Timer {
    dueMs: number;
    callback: () => void;
}

/** A clock that moves only when a test says so; timers fire in order while it moves. */
export class ManualClock implements Clock {
    #monotonicMs = 0;
    readonly #startMs: number;
    readonly #timers = new Set<Timer>();

    constructor(startMs = Date.parse('2024-01-01T00:00:00Z')) {
        this.#startMs = startMs;
    }

    /** Timers that have not fired. */
    get pending(): number {
        return this.#timers.size;
    }

    nowMs(): number {
        return this.#startMs + this.#monotonicMs;
    }

    monotonicMs(): number {
        return this.#monotonicMs;
    }

    setTimer(delayMs: number, callback: () => void): () => void {
        const timer = { dueMs: this.#monotonicMs + delayMs, callback };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
    }

    /** Moves on; what timers set off is run to its next wait before the following timer fires. */
    async advance(ms: number): Promise<void> {
        const endMs = this.#monotonicMs + ms;
        await settle();
        for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
            this.#monotonicMs = next.dueMs;
            this.#timers.delete(next);
            next.callback();
            await settle();
        }
        this.#monotonicMs = endMs;
    }

    #next(endMs: number): Timer | undefined {
        let next: Timer | undefined;
        for (const timer of this.#timers) {
            if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
        }
        return next;
    }
}

/** Lets everything run that only waits for promises. */
export async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
        await new Promise<void>((resolve) => {
            setImmediate(resolve);
        });
    }
}
