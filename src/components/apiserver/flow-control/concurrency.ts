/** The seats of one priority level, as its configuration gives them. */
export interface LevelLimits {
    nominal: number;
    /** What others can never borrow. */
    lower: number;
    /** What it can have with all that it may borrow. */
    upper: number;
}

export interface LevelShares {
    shares: number;
    lendablePercent: number;
    /** Undefined for no bound. */
    borrowingLimitPercent: number | undefined;
}

/** Divides the server's seats by the levels' shares. */
export function limitsOf(levels: readonly LevelShares[], serverSeats: number): LevelLimits[] {
    const total = levels.reduce((sum, { shares }) => sum + shares, 0);
    const nominals = levels.map(({ shares }) =>
        total === 0 ? 0 : Math.ceil((serverSeats * shares) / total),
    );
    const nominalSum = nominals.reduce((sum, nominal) => sum + nominal, 0);
    return levels.map(({ lendablePercent, borrowingLimitPercent }, index) => {
        const nominal = nominals[index] ?? 0;
        const lendable = Math.round((nominal * lendablePercent) / 100);
        const upper =
            borrowingLimitPercent === undefined
                ? nominalSum
                : nominal + Math.round((nominal * borrowingLimitPercent) / 100);
        return { nominal, lower: nominal - lendable, upper: Math.max(upper, nominal) };
    });
}

export interface AllocationItem {
    lower: number;
    upper: number;
    /** What the level would like to have. */
    target: number;
}

/** A level that wants nothing still takes part, so that idle seats have an owner. */
const targetMin = 0.001;
const bisectionsMax = 80;

/**
 * The share of `total` that each item gets: its target times one common factor, kept within its bounds.
 * @returns undefined when the bounds leave no way to give out exactly `total`
 */
export function allocate(
    total: number,
    items: readonly AllocationItem[],
): { seats: number[]; fairFraction: number } | undefined {
    const lowest = items.reduce((sum, { lower }) => sum + lower, 0);
    const highest = items.reduce((sum, { upper }) => sum + upper, 0);
    if (total < lowest || total > highest) return undefined;
    const seatsAt = (factor: number): number[] =>
        items.map(({ lower, upper, target }) =>
            Math.min(Math.max(Math.max(target, targetMin) * factor, lower), upper),
        );
    let low = 0;
    let high = Math.max(1, ...items.map(({ upper, target }) => upper / Math.max(target, targetMin)));
    for (let i = 0; i < bisectionsMax; i++) {
        const middle = (low + high) / 2;
        const given = seatsAt(middle).reduce((sum, seats) => sum + seats, 0);
        if (given < total) low = middle;
        else high = middle;
    }
    return { seats: seatsAt(high), fairFraction: high };
}
