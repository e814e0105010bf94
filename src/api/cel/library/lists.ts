import { compare, isEqual } from '../equality.ts';
import { define, type Overload } from '../functions.ts';
import { duration } from '../time.ts';
import { Duration, EvaluationError, List, type Meter, sizeOf, Uint, type Value } from '../values.ts';
import { int, uint } from './operators.ts';

/** The lists library of Kubernetes and the sets extension of cel-go. */

/** Types with an order. */
export const ordered = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

function traversalCost(list: List): number {
    let cost = list.size;
    // Texts are compared character by character.
    const first = list.size > 0 ? list.at(0) : null;
    if (typeof first === 'string' || first instanceof Uint8Array)
        for (const item of list) cost += Math.floor(sizeOf(item) / 10);
    return cost;
}

function isSorted(list: List): boolean {
    let previous: Value | undefined;
    for (const item of list) {
        if (previous !== undefined && compare(previous, item) > 0) return false;
        previous = item;
    }
    return true;
}

function extreme(list: List, name: 'min' | 'max'): Value {
    let best: Value | undefined;
    for (const item of list) {
        const order = best === undefined ? 0 : compare(item, best);
        if (best === undefined || (name === 'min' ? order < 0 : order > 0)) best = item;
    }
    if (best === undefined) throw new EvaluationError(`${name} called on empty list`);
    return best;
}

function plus(a: Value, b: Value): Value {
    if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b);
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    if (a instanceof Uint && b instanceof Uint) return uint(a.value + b.value);
    if (a instanceof Duration && b instanceof Duration) return duration(a.nanos + b.nanos);
    throw new EvaluationError('no such overload');
}

/** What the sum of no elements is, by type. */
const zeros: Readonly<Record<string, Value>> = {
    int: 0n,
    uint: new Uint(0n),
    double: 0,
    duration: new Duration(0n),
};

function sum(list: List, zero: Value): Value {
    let total: Value | undefined;
    for (const item of list) total = total === undefined ? plus(item, zeroOf(item)) : plus(total, item);
    return total ?? zero;
}

function zeroOf(item: Value): Value {
    if (typeof item === 'bigint') return 0n;
    if (typeof item === 'number') return 0;
    return item instanceof Uint ? new Uint(0n) : new Duration(0n);
}

function indexOf(list: List, item: Value, meter: Meter): bigint {
    for (let index = 0; index < list.size; index++)
        if (isEqual(list.at(index), item, meter)) return BigInt(index);
    return -1n;
}

function lastIndexOf(list: List, item: Value, meter: Meter): bigint {
    for (let index = list.size - 1; index >= 0; index--)
        if (isEqual(list.at(index), item, meter)) return BigInt(index);
    return -1n;
}

function isElement(item: Value, list: List, meter: Meter): boolean {
    return indexOf(list, item, meter) >= 0n;
}

function containsAll(list: List, part: List, meter: Meter): boolean {
    return [...part].every((item) => isElement(item, list, meter));
}

function intersects(a: List, b: List, meter: Meter): boolean {
    return [...a].some((item) => isElement(item, b, meter));
}

function equivalent(a: List, b: List, meter: Meter): boolean {
    return containsAll(a, b, meter) && containsAll(b, a, meter);
}

const productCost = (a: List, b: List) => a.size * b.size + 1;
const twiceProductCost = (a: List, b: List) => 2 * a.size * b.size + 1;

export const lists: readonly Overload[] = [
    ...ordered.flatMap((type) => [
        define(`list(${type}).isSorted() bool`, isSorted, traversalCost),
        define(`list(${type}).min() ${type}`, (list: List) => extreme(list, 'min'), traversalCost),
        define(`list(${type}).max() ${type}`, (list: List) => extreme(list, 'max'), traversalCost),
    ]),
    ...Object.entries(zeros).map(([type, zero]) =>
        define(`list(${type}).sum() ${type}`, (list: List) => sum(list, zero), traversalCost),
    ),
    define('list(T).indexOf(T) int', indexOf, traversalCost),
    define('list(T).lastIndexOf(T) int', lastIndexOf, traversalCost),
    define('sets.contains(list(T), list(T)) bool', containsAll, productCost),
    define('sets.equivalent(list(T), list(T)) bool', equivalent, twiceProductCost),
    define('sets.intersects(list(T), list(T)) bool', intersects, productCost),
];
