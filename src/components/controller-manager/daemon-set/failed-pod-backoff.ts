import type { Clock } from '../../../util/clock.ts';

const initialMs = 1000;
const maxMs = 15 * 60_000;

interface Entry {
    delayMs: number;
    sinceMs: number;
}

/**
 * Slows down the replacement of daemon pods that fail again and again, as when a kubelet rejects them:
 * 1 s, doubling to 15 min, forgotten after twice that long without a failure.
 */
export class FailedPodBackoff {
    readonly #clock: Clock;
    readonly #entries = new Map<string, Entry>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** Milliseconds until the failed pod may be replaced; 0 means now, and the next one will take longer. */
    delayMs(key: string): number {
        const nowMs = this.#clock.monotonicMs();
        this.#prune(nowMs);
        const entry = this.#entries.get(key);
        const leftMs = entry === undefined ? 0 : entry.sinceMs + entry.delayMs - nowMs;
        if (leftMs > 0) return leftMs;
        const delayMs = entry === undefined ? initialMs : Math.min(entry.delayMs * 2, maxMs);
        this.#entries.set(key, { delayMs, sinceMs: nowMs });
        return 0;
    }

    #prune(nowMs: number): void {
        for (const [key, { sinceMs }] of this.#entries) {
            if (nowMs - sinceMs > 2 * maxMs) this.#entries.delete(key);
        }
    }
}
