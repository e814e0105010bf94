/** Why a wanted number cannot be had. */
export type AllocationFailure = 'notInRange' | 'allocated';

/** What objects hold already; a set of numbers is one. */
export interface Taken {
    has(number: number): boolean;
}

export interface NumberAllocatorOptions {
    random?: () => number;
    /** Shared with allocators whose ranges overlap this one. */
    reserved?: Set<number>;
}

/**
 * Hands out numbers of [first, first + size), the first `staticBand` only to who asks for them by name
 * until the rest is used up: wanted numbers then rarely clash with given ones (KEP-3070).
 * `taken` says what objects hold already; numbers of writes under way are reserved here.
 */
export class NumberAllocator {
    readonly #first: number;
    readonly #size: number;
    readonly #staticBand: number;
    readonly #random: () => number;
    readonly #reserved: Set<number>;

    constructor(
        range: { first: number; size: number; staticBand: number },
        { random = Math.random, reserved = new Set() }: NumberAllocatorOptions = {},
    ) {
        this.#first = range.first;
        this.#size = range.size;
        this.#staticBand = range.staticBand < range.size ? range.staticBand : 0;
        this.#random = random;
        this.#reserved = reserved;
    }

    /** Reserves one number, until `release`. */
    reserve(number: number, taken: Taken): AllocationFailure | undefined {
        this.#forgetWritten(taken);
        if (number < this.#first || number >= this.#first + this.#size) return 'notInRange';
        if (taken.has(number) || this.#reserved.has(number)) return 'allocated';
        this.#reserved.add(number);
        return undefined;
    }

    /** Reserves any free number; undefined when there is none. */
    reserveAny(taken: Taken): number | undefined {
        this.#forgetWritten(taken);
        return (
            this.#search(this.#first + this.#staticBand, this.#size - this.#staticBand, taken) ??
            this.#search(this.#first, this.#staticBand, taken)
        );
    }

    release(number: number): void {
        this.#reserved.delete(number);
    }

    /** A number that an object holds needs no reservation any more. */
    #forgetWritten(taken: Taken): void {
        for (const number of this.#reserved) if (taken.has(number)) this.#reserved.delete(number);
    }

    #search(first: number, size: number, taken: Taken): number | undefined {
        const start = Math.floor(this.#random() * size);
        for (let i = 0; i < size; i++) {
            const number = first + ((start + i) % size);
            if (taken.has(number) || this.#reserved.has(number)) continue;
            this.#reserved.add(number);
            return number;
        }
        return undefined;
    }
}

/** How many numbers at a range's start are kept for static use: min(max(min, size / step), max). */
export function staticBandOf(
    size: number,
    { min, step, max }: { min: number; step: number; max: number },
): number {
    return Math.min(Math.max(min, Math.floor(size / step)), max);
}
