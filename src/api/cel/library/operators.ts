import { compare, isEqual } from '../equality.ts';
import { define, type Overload } from '../functions.ts';
import { concatenate } from '../list-identity.ts';
import { duration, timestamp } from '../time.ts';
import {
    Duration,
    EvaluationError,
    type List,
    type MapValue,
    type Meter,
    sizeOf,
    type Timestamp,
    Uint,
    type Value,
} from '../values.ts';

const intMin = -(2n ** 63n);
const intMax = 2n ** 63n - 1n;
const uintMax = 2n ** 64n - 1n;

/** @throws EvaluationError when the number is none of 64 bits. */
export function int(value: bigint): bigint {
    if (value < intMin || value > intMax) throw new EvaluationError('integer overflow');
    return value;
}

export function uint(value: bigint): Uint {
    if (value < 0n || value > uintMax) throw new EvaluationError('unsigned integer overflow');
    return new Uint(value);
}

function divisor(value: bigint, problem = 'division by zero'): bigint {
    if (value === 0n) throw new EvaluationError(problem);
    return value;
}

/** A tenth of the characters or elements of both. */
export function jointCost(a: Value, b: Value): number {
    return Math.max(1, Math.ceil((sizeOf(a) + sizeOf(b)) / 10));
}

function comparedCost(a: Value, b: Value): number {
    return Math.ceil(Math.min(sizeOf(a), sizeOf(b)) / 10);
}

const arithmetic: Overload[] = [
    define('_+_(int, int) int', (a: bigint, b: bigint) => int(a + b)),
    define('_+_(uint, uint) uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
    define('_+_(double, double) double', (a: number, b: number) => a + b),
    define('_+_(string, string) string', (a: string, b: string) => a + b, jointCost),
    define(
        '_+_(bytes, bytes) bytes',
        (a: Uint8Array, b: Uint8Array) => Uint8Array.from(Buffer.concat([a, b])),
        jointCost,
    ),
    define('_+_(list(T), list(T)) list(T)', concatenate, jointCost),
    define('_+_(duration, duration) duration', (a: Duration, b: Duration) => duration(a.nanos + b.nanos)),
    define('_+_(timestamp, duration) timestamp', (a: Timestamp, b: Duration) => timestamp(a.nanos + b.nanos)),
    define('_+_(duration, timestamp) timestamp', (a: Duration, b: Timestamp) => timestamp(a.nanos + b.nanos)),
    define('_-_(int, int) int', (a: bigint, b: bigint) => int(a - b)),
    define('_-_(uint, uint) uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
    define('_-_(double, double) double', (a: number, b: number) => a - b),
    define('_-_(duration, duration) duration', (a: Duration, b: Duration) => duration(a.nanos - b.nanos)),
    define('_-_(timestamp, duration) timestamp', (a: Timestamp, b: Duration) => timestamp(a.nanos - b.nanos)),
    define('_-_(timestamp, timestamp) duration', (a: Timestamp, b: Timestamp) => duration(a.nanos - b.nanos)),
    define('_*_(int, int) int', (a: bigint, b: bigint) => int(a * b)),
    define('_*_(uint, uint) uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
    define('_*_(double, double) double', (a: number, b: number) => a * b),
    define('_/_(int, int) int', (a: bigint, b: bigint) => int(a / divisor(b))),
    define('_/_(uint, uint) uint', (a: Uint, b: Uint) => uint(a.value / divisor(b.value))),
    define('_/_(double, double) double', (a: number, b: number) => a / b),
    define('_%_(int, int) int', (a: bigint, b: bigint) => int(a % divisor(b, 'modulus by zero'))),
    define('_%_(uint, uint) uint', (a: Uint, b: Uint) => uint(a.value % divisor(b.value, 'modulus by zero'))),
    define('-_(int) int', (a: bigint) => int(-a)),
    define('-_(double) double', (a: number) => -a),
    define('-_(duration) duration', (a: Duration) => duration(-a.nanos)),
    define('!_(bool) bool', (a: boolean) => !a),
];

const equality: Overload[] = [
    define('_==_(T, T) bool', (a: Value, b: Value, meter: Meter) => isEqual(a, b, meter), comparedCost),
    define('_!=_(T, T) bool', (a: Value, b: Value, meter: Meter) => !isEqual(a, b, meter), comparedCost),
];

const numbers = ['int', 'uint', 'double'];
/** Types with an order, and for numbers those of every other type of number. */
const orderedPairs = [
    ...['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => [type, type] as const),
    ...numbers.flatMap((a) => numbers.map((b) => [a, b] as const)),
];
const relations = {
    '_<_': (order: number) => order < 0,
    '_<=_': (order: number) => order <= 0,
    '_>_': (order: number) => order > 0,
    '_>=_': (order: number) => order >= 0,
};

const comparisons = Object.entries(relations).flatMap(([name, holds]) =>
    orderedPairs.map(([a, b]) =>
        define(
            `${name}(${a}, ${b}) bool`,
            (first: Value, second: Value) => holds(compare(first, second)),
            comparedCost,
        ),
    ),
);

function contains(item: Value, list: List, meter: Meter): boolean {
    for (const element of list) if (isEqual(item, element, meter)) return true;
    return false;
}

const containment: Overload[] = [
    define('@in(T, list(T)) bool', contains, (_item: Value, list: List) => list.size),
    define('@in(K, map(K, V)) bool', (key: Value, map: MapValue) => map.get(key) !== undefined),
];

export const operators: readonly Overload[] = [...arithmetic, ...equality, ...comparisons, ...containment];
