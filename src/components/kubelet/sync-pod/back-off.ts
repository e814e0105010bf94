import type { Clock } from '../../../util/clock.ts';

/** 10 s, 20 s, … up to 5 min, as upstream's kubelet waits before it restarts a container or pulls again. */
export const backOffInitialMs = 10_000;
export const backOffMaxMs = 300_000;
/** Keys beyond this are dropped, oldest first: pods come and go. */
const keysMax = 10_000;

interface Entry {
    delayMs: number;
    /** Monotonic time of the last failure. */
    sinceMs: number;
}

/**
 * Exponential back-off per key. A key that was not heard of for twice the longest delay starts anew.
 * Worked example: failure at 0 s waits 10 s; failure at 12 s waits 20 s; … ; a failure 11 min later waits 10 s.
 */
export class BackOff {
    readonly #entries = new Map<string, Entry>();
    readonly #clock: Clock;

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /**
     * Milliseconds that still have to pass; 0 when the key may go on. Counted from the last failure that was
     * recorded, or from an event `eventAgoMs` ago (a container's end).
     */
    remainingMs(key: string, eventAgoMs?: number): number {
        const entry = this.#entries.get(key);
        if (entry === undefined) return 0;
        const now = this.#clock.monotonicMs();
        const ago = eventAgoMs ?? now - entry.sinceMs;
        const stale = now - ago - entry.sinceMs > 2 * backOffMaxMs;
        return stale ? 0 : Math.max(entry.delayMs - ago, 0);
    }

    /** The delay that the key's last failure caused; 0 without one. */
    delayMs(key: string): number {
        return this.#entries.get(key)?.delayMs ?? 0;
    }

    /** Records a failure that happened `agoMs` ago. */
    next(key: string, agoMs = 0): void {
        const now = this.#clock.monotonicMs() - agoMs;
        const entry = this.#entries.get(key);
        const stale = entry === undefined || now - entry.sinceMs > 2 * backOffMaxMs;
        const delayMs = stale ? backOffInitialMs : Math.min(entry.delayMs * 2, backOffMaxMs);
        this.#entries.delete(key);
        this.#entries.set(key, { delayMs, sinceMs: now });
        if (this.#entries.size > keysMax) this.#dropOldest();
    }

    reset(key: string): void {
        this.#entries.delete(key);
    }

    /** Forgets every key that starts with `prefix`. */
    resetPrefix(prefix: string): void {
        for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
    }

    #dropOldest(): void {
        const oldest = this.#entries.keys().next().value;
        if (oldest !== undefined) this.#entries.delete(oldest);
    }
}

/** Go's Duration text for whole seconds: 10s, 1m20s, 5m0s. */
export function goDuration(ms: number): string {
    const seconds = Math.round(ms / 1000);
    return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
