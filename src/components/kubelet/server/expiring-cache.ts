import type { Clock } from '../../../util/clock.ts';

interface Entry<T> {
    value: T;
    untilMs: number;
}

/** Answers for a while. Bounded: the oldest goes first. Concurrent questions for one key are asked once. */
export class ExpiringCache<T> {
    readonly #clock: Clock;
    readonly #entriesMax: number;
    readonly #entries = new Map<string, Entry<T>>();
    readonly #asking = new Map<string, Promise<T>>();

    constructor(clock: Clock, entriesMax: number) {
        this.#clock = clock;
        this.#entriesMax = entriesMax;
    }

    /** Failures are not kept. */
    async get(key: string, ask: () => Promise<{ value: T; keepMs: number }>): Promise<T> {
        const entry = this.#entries.get(key);
        if (entry !== undefined && entry.untilMs > this.#clock.monotonicMs()) return entry.value;
        const running = this.#asking.get(key) ?? this.#ask(key, ask);
        this.#asking.set(key, running);
        try {
            return await running;
        } finally {
            this.#asking.delete(key);
        }
    }

    async #ask(key: string, ask: () => Promise<{ value: T; keepMs: number }>): Promise<T> {
        const { value, keepMs } = await ask();
        this.#entries.delete(key);
        this.#entries.set(key, { value, untilMs: this.#clock.monotonicMs() + keepMs });
        const oldest = this.#entries.keys().next();
        if (this.#entries.size > this.#entriesMax && !oldest.done) this.#entries.delete(oldest.value);
        return value;
    }
}
