import type { ListIdentity } from './cel.ts';
import { byIdentity, identityOf } from './list-identity.ts';
import {
    Duration,
    EvaluationError,
    isMap,
    List,
    type MapValue,
    type Meter,
    Opaque,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    type Value,
} from './values.ts';

function numeric(value: Value): bigint | number | undefined {
    if (typeof value === 'bigint' || typeof value === 'number') return value;
    return value instanceof Uint ? value.value : undefined;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
    return Buffer.compare(a, b) === 0;
}

/** The call is charged by the size of the whole; lists in lists may be many more than that. */
function chargeNested(item: Value, meter: Meter): void {
    const isContainer = item instanceof List || (typeof item === 'object' && isMap(item));
    meter.charge(isContainer ? 1 : 0.1);
}

function equalLists(a: List, b: List, meter: Meter): boolean {
    if (a.size !== b.size) return false;
    if (a.identity !== undefined) return equalUnordered(a, a.identity, { other: b, meter });
    for (let index = 0; index < a.size; index++) {
        const item = a.at(index);
        chargeNested(item, meter);
        if (!isEqual(item, b.at(index), meter)) return false;
    }
    return true;
}

/** Each element of the other list must be here, and be the same. */
function equalUnordered(
    list: List,
    identity: ListIdentity,
    { other, meter }: { other: List; meter: Meter },
): boolean {
    const known = byIdentity(list, identity, meter);
    for (const item of other) {
        chargeNested(item, meter);
        const same = known.get(identityOf(item, identity, meter));
        if (same === undefined || !isEqual(same, item, meter)) return false;
    }
    return true;
}

function equalMaps(a: MapValue, b: MapValue, meter: Meter): boolean {
    if (a.size !== b.size) return false;
    for (const key of a.keys()) {
        const [first, second] = [a.get(key), b.get(key)];
        if (first === undefined || second === undefined) return false;
        chargeNested(first, meter);
        if (!isEqual(first, second, meter)) return false;
    }
    return true;
}

function equalOptionals(a: Optional, b: Optional, meter: Meter): boolean {
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return isEqual(a.value, b.value, meter);
}

/** Equality of the language: numbers by value whatever their type, else values of different types differ. */
export function isEqual(a: Value, b: Value, meter: Meter): boolean {
    const first = numeric(a);
    const second = first === undefined ? undefined : numeric(b);
    // Loose on purpose: a bigint and a number are compared by value.
    // eslint-disable-next-line eqeqeq
    if (first !== undefined && second !== undefined) return first == second;
    // Not even a list is equal to itself when NaN is in it.
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
    if (a instanceof List) return b instanceof List && equalLists(a, b, meter);
    if (isMap(a)) return isMap(b) && equalMaps(a, b, meter);
    if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
    if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
    if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
    if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
    if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b, meter);
    return (
        a instanceof Opaque &&
        b instanceof Opaque &&
        a.typeName === b.typeName &&
        (a.text === undefined ? a.value === b.value : a.text === b.text)
    );
}

/** By code points: UTF-16 units above the surrogates come before them. */
export function compareText(a: string, b: string): number {
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
        const [first, second] = [a.charCodeAt(at), b.charCodeAt(at)];
        if (first === second) continue;
        const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
        return rank(first) < rank(second) ? -1 : 1;
    }
    return Math.sign(a.length - b.length);
}

function order(a: bigint | number | boolean, b: bigint | number | boolean): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

/** Negative, zero or positive; NaN where one is not a number. @throws EvaluationError for what has no order. */
export function compare(a: Value, b: Value): number {
    const [first, second] = [numeric(a), numeric(b)];
    if (first !== undefined && second !== undefined)
        return Number.isNaN(first) || Number.isNaN(second) ? NaN : order(first, second);
    if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
    if (typeof a === 'boolean' && typeof b === 'boolean') return order(a, b);
    if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
    if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanos, b.nanos);
    if (a instanceof Duration && b instanceof Duration) return order(a.nanos, b.nanos);
    throw new EvaluationError('no such overload');
}
