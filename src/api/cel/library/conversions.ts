import { define, type Overload } from '../functions.ts';
import {
    formatDuration,
    formatTimestamp,
    parseDuration,
    parseTimestamp,
    splitNanos,
    timestamp,
} from '../time.ts';
import {
    type Duration,
    EvaluationError,
    type List,
    type MapValue,
    type Timestamp,
    TypeValue,
    typeNameOf,
    type Uint,
    type Value,
} from '../values.ts';
import { int, uint } from './operators.ts';
import { codePoints, textCost } from './text.ts';

const numberText = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const digitsMax = 64;

function quoted(text: string): string {
    return JSON.stringify(text.slice(0, 128));
}

/** Towards zero. */
function truncate(value: number, limit: (whole: bigint) => Value, problem: string): Value {
    if (!Number.isFinite(value)) throw new EvaluationError(problem);
    return limit(BigInt(Math.trunc(value)));
}

function parseInteger(text: string): bigint {
    if (!/^[-+]?\d+$/.test(text) || text.length > digitsMax)
        throw new EvaluationError(`strconv.ParseInt: parsing ${quoted(text)}: invalid syntax`);
    return int(BigInt(text.replace(/^\+/, '')));
}

function parseUnsigned(text: string): Uint {
    if (!/^\d+$/.test(text) || text.length > digitsMax)
        throw new EvaluationError(`strconv.ParseUint: parsing ${quoted(text)}: invalid syntax`);
    return uint(BigInt(text));
}

function parseDouble(text: string): number {
    const special = /^([-+]?)(?:inf|infinity)$/i.exec(text);
    if (special) return special[1] === '-' ? -Infinity : Infinity;
    if (/^nan$/i.test(text)) return NaN;
    if (!numberText.test(text))
        throw new EvaluationError(`strconv.ParseFloat: parsing ${quoted(text)}: invalid syntax`);
    return Number(text);
}

function parseBool(text: string): boolean {
    if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
    if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
    throw new EvaluationError(`strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
}

/** As Go's shortest form: 1e+21, 0.5, +Inf. */
export function doubleText(value: number): string {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.replace(/e([-+])(\d)$/, 'e$10$2');
}

function decodeText(bytes: Uint8Array): string {
    try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        throw new EvaluationError('invalid UTF-8 in bytes, cannot convert to string');
    }
}

const overflow = 'integer overflow';

const integers: Overload[] = [
    define('int(int) int', (value: bigint) => value),
    define('int(uint) int', (value: Uint) => int(value.value)),
    define('int(double) int', (value: number) => truncate(value, int, overflow)),
    define('int(string) int', parseInteger),
    define('int(timestamp) int', (value: Timestamp) => splitNanos(value.nanos).seconds),
    define('int(duration) int', (value: Duration) => value.nanos),
    define('uint(uint) uint', (value: Uint) => value),
    define('uint(int) uint', (value: bigint) => uint(value)),
    define('uint(double) uint', (value: number) => truncate(value, uint, `unsigned ${overflow}`)),
    define('uint(string) uint', parseUnsigned),
    define('double(double) double', (value: number) => value),
    define('double(int) double', (value: bigint) => Number(value)),
    define('double(uint) double', (value: Uint) => Number(value.value)),
    define('double(string) double', parseDouble),
];

const texts: Overload[] = [
    define('string(string) string', (value: string) => value),
    define('string(bool) string', (value: boolean) => String(value)),
    define('string(int) string', (value: bigint) => String(value)),
    define('string(uint) string', (value: Uint) => String(value.value)),
    define('string(double) string', doubleText),
    define('string(bytes) string', decodeText, textCost),
    define('string(timestamp) string', formatTimestamp),
    define('string(duration) string', formatDuration),
    define('bytes(bytes) bytes', (value: Uint8Array) => value),
    define('bytes(string) bytes', (value: string) => new TextEncoder().encode(value), textCost),
    define('bool(bool) bool', (value: boolean) => value),
    define('bool(string) bool', parseBool),
];

const times: Overload[] = [
    define('timestamp(timestamp) timestamp', (value: Timestamp) => value),
    define('timestamp(string) timestamp', parseTimestamp),
    define('timestamp(int) timestamp', (seconds: bigint) => timestamp(seconds * 1_000_000_000n)),
    define('duration(duration) duration', (value: Duration) => value),
    define('duration(string) duration', parseDuration),
];

const sizes: Overload[] = [
    ...['size(string) int', 'string.size() int'].map((name) =>
        define(name, (text: string) => codePoints(text)),
    ),
    ...['size(bytes) int', 'bytes.size() int'].map((name) =>
        define(name, (bytes: Uint8Array) => BigInt(bytes.length)),
    ),
    ...['size(list(T)) int', 'list(T).size() int'].map((name) =>
        define(name, (list: List) => BigInt(list.size)),
    ),
    ...['size(map(K, V)) int', 'map(K, V).size() int'].map((name) =>
        define(name, (map: MapValue) => BigInt(map.size)),
    ),
];

/** Conversions between types, and size(). */
export const conversions: readonly Overload[] = [
    ...integers,
    ...texts,
    ...times,
    ...sizes,
    define('dyn(T) dyn', (value: Value) => value),
    define('type(T) type(T)', (value: Value) => new TypeValue(typeNameOf(value))),
];
