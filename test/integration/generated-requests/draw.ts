import fc from 'fast-check';

const evenly = (max: number): fc.Arbitrary<number> => fc.noBias(fc.nat(max));

/**
 * Choices of one run. Every choice is a number that fast-check draws, writes down and shrinks towards zero: the
 * first of a list, false, the least. So what is simple comes first.
 */
export class Draw {
    readonly #generate: fc.GeneratorValue;

    constructor(generate: fc.GeneratorValue) {
        this.#generate = generate;
    }

    /** 0 to `limit` - 1. */
    below(limit: number): number {
        return limit <= 1 ? 0 : this.#generate(evenly, limit - 1);
    }

    chance(percent: number): boolean {
        return this.below(100) >= 100 - percent;
    }

    pick<T>(list: readonly T[]): T {
        return list[this.below(list.length)]!;
    }

    /** One of the functions is called; the first number is how often it is, compared with the others. */
    oneOf<T>(choices: readonly (readonly [number, () => T])[]): T {
        let at = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
        for (const [weight, make] of choices) {
            if (at < weight) return make();
            at -= weight;
        }
        throw new Error('no choice');
    }

    some<T>(most: number, make: () => T): T[] {
        return Array.from({ length: this.below(most + 1) }, make);
    }
}
