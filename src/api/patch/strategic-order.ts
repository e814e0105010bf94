/** The order of a list that a strategic merge has put together. */
export type Item = Record<string, unknown>;

function keyOf(item: unknown, mergeKey: string | undefined): unknown {
    return mergeKey === undefined || typeof item !== 'object' || item === null
        ? item
        : (item as Item)[mergeKey];
}

/** Splits a list into what `order` names and what only the server knows. */
export function partition(
    list: readonly unknown[],
    order: readonly unknown[],
    mergeKey: string | undefined,
): { named: unknown[]; others: unknown[] } {
    const keys = new Set(order.map((item) => keyOf(item, mergeKey)));
    const named: unknown[] = [];
    const others: unknown[] = [];
    for (const item of list) (keys.has(keyOf(item, mergeKey)) ? named : others).push(item);
    return { named, others };
}

function positionsIn(order: readonly unknown[], mergeKey: string | undefined): Map<unknown, number> {
    const positions = new Map<unknown, number>();
    for (const [i, item] of order.entries()) {
        const key = keyOf(item, mergeKey);
        if (!positions.has(key)) positions.set(key, i);
    }
    return positions;
}

function sortBy(
    list: readonly unknown[],
    positions: Map<unknown, number>,
    mergeKey: string | undefined,
): unknown[] {
    const position = (item: unknown) => positions.get(keyOf(item, mergeKey)) ?? Infinity;
    return [...list].sort((a, b) => {
        const [left, right] = [position(a), position(b)];
        return left === right ? 0 : left - right;
    });
}

/**
 * Upstream's mergeSortedSlice. `named` items follow the patch's order, `others` the server's; where the
 * two meet, an item of the server goes first only if the server knew both and had it in front.
 */
export function mergeOrdered(options: {
    named: readonly unknown[];
    others: readonly unknown[];
    order: readonly unknown[];
    serverOrder: readonly unknown[];
    mergeKey: string | undefined;
}): unknown[] {
    const { order, serverOrder, mergeKey } = options;
    const server = positionsIn(serverOrder, mergeKey);
    const named = sortBy(options.named, positionsIn(order, mergeKey), mergeKey);
    const others = sortBy(options.others, server, mergeKey);
    const result: unknown[] = [];
    let next = 0;
    for (const item of others) {
        const position = server.get(keyOf(item, mergeKey)) ?? Infinity;
        while (next < named.length) {
            const known = server.get(keyOf(named[next], mergeKey));
            if (known !== undefined && position < known) break;
            result.push(named[next++]);
        }
        result.push(item);
    }
    return [...result, ...named.slice(next)];
}
