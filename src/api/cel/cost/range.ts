/** Bounds of a cost or of a size, whole and from 0; what is larger than 64 bits hold counts as that. */
export interface Range {
    readonly min: bigint;
    readonly max: bigint;
}

export const largest = 2n ** 64n - 1n;
export const unknown: Range = { min: 0n, max: largest };

export function exactly(value: bigint | number): Range {
    const whole = BigInt(value);
    return { min: whole, max: whole };
}

function capped(value: bigint): bigint {
    return value > largest ? largest : value;
}

function scaled(value: bigint, factor: number): bigint {
    // In floating point, as cel-go does, so that costs are equal to the unit.
    return capped(BigInt(Math.ceil(Number(value) * factor)));
}

export function add(...ranges: readonly Range[]): Range {
    let [min, max] = [0n, 0n];
    for (const range of ranges) {
        min += range.min;
        max += range.max;
    }
    return { min: capped(min), max: capped(max) };
}

export function multiply(a: Range, b: Range): Range {
    return { min: capped(a.min * b.min), max: capped(a.max * b.max) };
}

/** Times a factor, rounded up. */
export function scale({ min, max }: Range, factor: number): Range {
    return { min: scaled(min, factor), max: scaled(max, factor) };
}

/** The smallest range that has both in it. */
export function union(a: Range, b: Range): Range {
    return { min: a.min < b.min ? a.min : b.min, max: a.max > b.max ? a.max : b.max };
}
