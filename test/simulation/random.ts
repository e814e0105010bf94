/** A deterministic source of randomness (sfc32): everything in a simulated run comes from one seed. */
export class Random {
    #a: number;
    #b: number;
    #c: number;
    #counter = 1;

    constructor(seed: number) {
        this.#a = mix(seed);
        this.#b = mix(this.#a ^ 0x9e3779b9);
        this.#c = mix(this.#b ^ 0x85ebca6b);
        for (let i = 0; i < 12; i++) this.next();
    }

    /** In [0, 1). */
    next(): number {
        const sum = (this.#a + this.#b + this.#counter) | 0;
        this.#counter = (this.#counter + 1) | 0;
        this.#a = this.#b ^ (this.#b >>> 9);
        this.#b = (this.#c + (this.#c << 3)) | 0;
        this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
        return (sum >>> 0) / 2 ** 32;
    }

    /** An integer in [0, limit). */
    below(limit: number): number {
        return Math.floor(this.next() * limit);
    }

    /** An integer in [min, max]. */
    between(min: number, max: number): number {
        return min + this.below(max - min + 1);
    }

    chance(probability: number): boolean {
        return this.next() < probability;
    }

    /** Exponentially distributed, as the time between rare events is; never zero. */
    exponential(mean: number): number {
        return -Math.log(1 - this.next()) * mean + 1e-3;
    }

    pick<T>(items: readonly T[]): T {
        const item = items[this.below(items.length)];
        if (item === undefined) throw new RangeError('pick from an empty list');
        return item;
    }

    shuffled<T>(items: readonly T[]): T[] {
        const result = [...items];
        for (let i = result.length - 1; i > 0; i--) {
            const j = this.below(i + 1);
            const [a, b] = [result[i], result[j]];
            if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a];
        }
        return result;
    }

    /** A source of its own, so that one part of a simulation does not shift the numbers of another. */
    fork(): Random {
        return new Random(Math.floor(this.next() * 2 ** 32));
    }
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
    let hash = (value ^ 0x5bd1e995) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
}
