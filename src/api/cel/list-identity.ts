import { toJson } from './adapt.ts';
import type { ListIdentity } from './cel.ts';
import { isMap, List, type Meter, type Value } from './values.ts';

/** Lists whose elements are told apart by what they are, not by where they stand (x-kubernetes-list-type). */

/** Equal for elements that are the same, by their values or by their keys. */
export function identityOf(item: Value, identity: ListIdentity, meter: Meter): string {
    if (identity === 'set') return jsonOf(item, meter);
    if (typeof item !== 'object' || item === null || !isMap(item)) return '';
    return JSON.stringify(identity.map((key) => jsonOf(item.get(key) ?? null, meter)));
}

function jsonOf(value: Value, meter: Meter): string {
    return JSON.stringify(toJson(value, meter), (_key, part: unknown) =>
        typeof part === 'bigint' ? String(part) : part,
    );
}

export function byIdentity(list: List, identity: ListIdentity, meter: Meter): Map<string, Value> {
    return new Map([...list].map((item) => [identityOf(item, identity, meter), item]));
}

/**
 * Lists of type set or map are merged: what both have stays where it is in the first, with the value of the second;
 * what only the second has follows. Other lists follow each other.
 */
export function concatenate(a: List, b: List, meter: Meter): List {
    const { identity } = a;
    if (identity === undefined) return List.of([...a, ...b]);
    const merged = byIdentity(a, identity, meter);
    for (const item of b) merged.set(identityOf(item, identity, meter), item);
    return List.of([...merged.values()], identity);
}
