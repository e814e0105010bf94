/** Exponential back-off with jitter: `next` gives base, 2·base, … up to the maximum, each plus up to 100 %. */
export class Backoff {
    readonly #baseMs: number;
    readonly #maxMs: number;
    readonly #random: () => number;
    #failures = 0;

    constructor(options: { baseMs: number; maxMs: number; random?: () => number }) {
        this.#baseMs = options.baseMs;
        this.#maxMs = options.maxMs;
        this.#random = options.random ?? Math.random;
    }

    next(): number {
        const delayMs = Math.min(this.#baseMs * 2 ** Math.min(this.#failures, 30), this.#maxMs);
        this.#failures++;
        return delayMs * (1 + this.#random());
    }

    reset(): void {
        this.#failures = 0;
    }
}
