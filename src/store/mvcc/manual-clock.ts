import type { Clock } from '../../util/clock.ts';

/** A clock for tests that stands still unless it is told to advance. */
export class ManualClock implements Clock {
    #nowMs = 0;
    #timers: { atMs: number; callback: () => void }[] = [];

    nowMs(): number {
        return this.#nowMs;
    }

    monotonicMs(): number {
        return this.#nowMs;
    }

    setTimer(delayMs: number, callback: () => void): () => void {
        const timer = { atMs: this.#nowMs + delayMs, callback };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }

    get timers(): number {
        return this.#timers.length;
    }

    async advance(byMs: number): Promise<void> {
        this.#nowMs += byMs;
        const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
        this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
        for (const { callback } of due) callback();
        await settled();
    }
}

/** Lets what was started run to its end, when everything is in memory. */
export async function settled(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
