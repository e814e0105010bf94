import { compare, isEqual } from '../equality.ts';
import { define, type Overload } from '../functions.ts';
import { EvaluationError, List, type Meter, typeNameOf, type Value } from '../values.ts';
import { ordered } from './lists.ts';

/** The lists extension of cel-go, version 3. `x.sortBy(e, key)` is a macro that calls `@sortByAssociatedKeys`. */

const rangeMax = 10_000_000n;
const callCost = 1;
const creationCost = 10;

/** What making a list of so many elements costs. */
function madeCost(size: number, factor = 1): number {
    return Math.floor(size * factor) + callCost + creationCost;
}

/** Of a call that compares every element with every other one. */
function comparedCost(list: List): number {
    const first = list.size > 0 ? list.at(0) : null;
    const isText = typeof first === 'string' || first instanceof Uint8Array;
    return madeCost(list.size * list.size, isText ? 2.1 : 2);
}

function slice(list: List, start: bigint, end: bigint): List {
    const problem = (why: string) => new EvaluationError(`cannot slice(${start}, ${end}), ${why}`);
    if (start < 0n || end < 0n) throw problem('negative indexes not supported');
    if (start > end) throw problem('start index must be less than or equal to end index');
    if (BigInt(list.size) < end) throw problem(`list is length ${list.size}`);
    const values: Value[] = [];
    for (let index = Number(start); index < Number(end); index++) values.push(list.at(index));
    return List.of(values);
}

function sliceCost(list: List, start: bigint, end: bigint): number {
    return madeCost(Math.min(list.size, Math.max(0, Number(end - start))));
}

function* flattened(list: List, depth: bigint): Generator<Value> {
    for (const item of list)
        if (item instanceof List && depth > 0n) yield* flattened(item, depth - 1n);
        else yield item;
}

function flatten(list: List, depth: bigint, meter: Meter): List {
    if (depth < 0n) throw new EvaluationError('level must be non-negative');
    const values: Value[] = [];
    for (const item of flattened(list, depth)) {
        // What is in the lists inside is more than what the call was charged by.
        meter.visit();
        values.push(item);
    }
    return List.of(values);
}

function flattenCost(list: List, depth: bigint): number {
    return madeCost(list.size, Math.max(0, Number(depth)));
}

function range(count: bigint): List {
    if (count < 0n) throw new EvaluationError(`lists.range: size must be non-negative, got ${count}`);
    if (count > rangeMax)
        throw new EvaluationError(`lists.range: size ${count} exceeds maximum allowed (${rangeMax})`);
    return List.of(Array.from({ length: Number(count) }, (_, index) => BigInt(index)));
}

function rangeCost(count: bigint): number {
    return madeCost(count > 0n && count <= rangeMax ? Number(count) : 0);
}

function distinct(list: List, meter: Meter): List {
    const values: Value[] = [];
    for (const item of list) if (!values.some((other) => isEqual(item, other, meter))) values.push(item);
    return List.of(values);
}

/** Elements in the order of their keys; those with equal keys stay in theirs. */
function sortByKeys(list: List, keys: List): List {
    if (list.size !== keys.size)
        throw new EvaluationError(
            `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.size} and ${keys.size} elements respectively`,
        );
    const entries = [...keys].map((key, index) => ({ key, item: list.at(index) }));
    const [first] = entries;
    if (!first) return list;
    const type = typeNameOf(first.key);
    if (entries.some(({ key }) => typeNameOf(key) !== type))
        throw new EvaluationError('list elements must have the same type');
    return List.of(entries.sort((a, b) => compare(a.key, b.key)).map(({ item }) => item));
}

export const listExtension: readonly Overload[] = [
    define('list(T).slice(int, int) list(T)', slice, sliceCost),
    define(
        'list(list(T)).flatten() list(T)',
        (list: List, meter: Meter) => flatten(list, 1n, meter),
        (list: List) => flattenCost(list, 1n),
    ),
    define('list(dyn).flatten(int) list(dyn)', flatten, flattenCost),
    define('lists.range(int) list(int)', range, rangeCost),
    define(
        'list(T).reverse() list(T)',
        (list: List) => List.of([...list].reverse()),
        (list: List) => madeCost(list.size),
    ),
    define('list(T).distinct() list(T)', distinct, comparedCost),
    ...ordered.flatMap((type) => [
        define(`list(${type}).sort() list(${type})`, (list: List) => sortByKeys(list, list), comparedCost),
        define(
            `list(T).@sortByAssociatedKeys(list(${type})) list(T)`,
            sortByKeys,
            (_list: List, keys: List) => comparedCost(keys),
        ),
    ]),
];
