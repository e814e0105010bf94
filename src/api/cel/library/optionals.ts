import { define, type Overload } from '../functions.ts';
import { EvaluationError, isMap, List, Optional, Uint, type Value } from '../values.ts';

/** Optional values; `or` and `orValue` are evaluated by need (see evaluator.ts). */

function isZero(value: Value): boolean {
    if (typeof value === 'string' || value instanceof Uint8Array) return value.length === 0;
    if (value instanceof List || (typeof value === 'object' && isMap(value))) return value.size === 0;
    if (value instanceof Uint) return value.value === 0n;
    if (value instanceof Optional) return value.value === undefined;
    return value === null || value === false || value === 0n || value === 0;
}

export function optionalValue({ value }: Optional): Value {
    if (value === undefined) throw new EvaluationError('optional.none() dereference');
    return value;
}

function unwrap(list: List): List {
    const values: Value[] = [];
    for (const item of list)
        if (item instanceof Optional && item.value !== undefined) values.push(item.value);
    return List.of(values);
}

export const optionals: readonly Overload[] = [
    define('optional.of(T) optional(T)', (value: Value) => new Optional(value)),
    define('optional.none() optional(T)', () => Optional.none),
    define('optional.ofNonZeroValue(T) optional(T)', (value: Value) =>
        isZero(value) ? Optional.none : new Optional(value),
    ),
    define('optional(T).hasValue() bool', (optional: Optional) => optional.value !== undefined),
    define('optional(T).value() T', optionalValue),
    define('optional(T).or(optional(T)) optional(T)', (first: Optional, second: Optional) =>
        first.value === undefined ? second : first,
    ),
    define('optional(T).orValue(T) T', (optional: Optional, otherwise: Value) => optional.value ?? otherwise),
    define('optional.unwrap(list(optional(T))) list(T)', unwrap, (list: List) => Math.max(1, list.size)),
    define('list(optional(T)).unwrapOpt() list(T)', unwrap, (list: List) => Math.max(1, list.size)),
];
