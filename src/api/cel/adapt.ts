import type { CelType } from './cel.ts';
import { fieldType } from './field-names.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './time.ts';
import {
    Duration,
    List,
    EntryMap,
    JsonMap,
    keyText,
    type MapValue,
    type Meter,
    Opaque,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    type Value,
} from './values.ts';

const dyn: CelType = { kind: 'dyn' };
const intMin = -(2n ** 63n);
const intMax = 2n ** 63n - 1n;

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isValue(value: object): value is Extract<Value, object> {
    return (
        value instanceof Uint ||
        value instanceof Timestamp ||
        value instanceof Duration ||
        value instanceof Optional ||
        value instanceof TypeValue ||
        value instanceof Opaque ||
        value instanceof List ||
        value instanceof JsonMap ||
        value instanceof EntryMap ||
        value instanceof Uint8Array
    );
}

function fromNumber(value: number): bigint | number {
    if (!Number.isInteger(value)) return value;
    const integer = BigInt(value);
    return integer >= intMin && integer <= intMax ? integer : value;
}

/** JSON of which nothing is known. */
function adaptAny(value: unknown): Value {
    switch (typeof value) {
        case 'boolean':
        case 'string':
        case 'bigint':
            return value;
        case 'number':
            return fromNumber(value);
        case 'object':
            if (value === null) return null;
            if (Array.isArray(value)) return List.ofJson(value, dyn);
            return isValue(value) ? value : new JsonMap(value as Record<string, unknown>, () => dyn);
        default:
            return null;
    }
}

function adaptText(text: string, kind: CelType['kind']): Value {
    if (kind === 'timestamp') return parseTimestamp(text);
    if (kind === 'duration') return parseDuration(text);
    return kind === 'bytes' ? Uint8Array.from(Buffer.from(text, 'base64')) : text;
}

function adaptNumber(value: number | bigint, kind: CelType['kind']): Value {
    if (kind === 'double') return Number(value);
    const integer = typeof value === 'number' ? fromNumber(value) : value;
    return kind === 'uint' && typeof integer === 'bigint' ? new Uint(integer) : integer;
}

/**
 * JSON as a value of the declared type; data that are not of that type are taken as what they are.
 * @throws EvaluationError for a text that is no time where a time is declared.
 */
export function adapt(value: unknown, type: CelType): Value {
    if (type.kind === 'opaque' && type.name === 'optional_type') return adaptOptional(value, type.of ?? dyn);
    if (value === null || value === undefined) return null;
    if (type.kind === 'opaque') return value instanceof Opaque ? value : new Opaque(type.name, value);
    if (typeof value === 'string') return adaptText(value, type.kind);
    if (typeof value === 'number' || typeof value === 'bigint') return adaptNumber(value, type.kind);
    if (type.kind === 'list' && Array.isArray(value)) return List.ofJson(value, type.of, type.identity);
    if (isRecord(value) && !isValue(value)) {
        if (type.kind === 'map') return new JsonMap(value, () => type.of);
        if (type.kind === 'object') return new JsonMap(value, (key) => fieldType(type, key));
    }
    return adaptAny(value);
}

function adaptOptional(value: unknown, content: CelType): Optional {
    if (value instanceof Optional) return value;
    return value === null || value === undefined ? Optional.none : new Optional(adapt(value, content));
}

function integerToJson(value: bigint): number | bigint {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
}

/** A value as JSON; integers that a number cannot hold stay bigint, values of the host are what they were. */
export function toJson(value: Value, meter: Meter): unknown {
    if (typeof value === 'bigint') return integerToJson(value);
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Uint) return integerToJson(value.value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (value instanceof Timestamp) return formatTimestamp(value);
    if (value instanceof Duration) return formatDuration(value);
    if (value instanceof TypeValue) return value.name;
    if (value instanceof Opaque) return value.text ?? value.value;
    if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value, meter);
    meter.charge(1);
    meter.visit(value.size);
    if (value instanceof List) return [...value].map((item) => toJson(item, meter));
    return mapToJson(value, meter);
}

function mapToJson(map: MapValue, meter: Meter): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (const key of map.keys()) entries.push([keyText(key), toJson(map.get(key) ?? null, meter)]);
    return Object.fromEntries(entries);
}
