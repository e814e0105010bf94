import { formatDuration, formatTimestamp } from '../time.ts';
import {
    Duration,
    EvaluationError,
    isMap,
    List,
    type MapValue,
    type Meter,
    Timestamp,
    TypeValue,
    typeNameOf,
    Uint,
    type Value,
} from '../values.ts';
import { doubleText } from './conversions.ts';

/** `"%s has %d".format([…])`: the clauses of cel-go's strings extension. */

const clause = /%(?:%|(?:\.(\d+))?([a-zA-Z])|)/g;
const precisionMax = 100;
const defaultPrecision = 6;

/** As an element of a list or a map: as it would stand in an expression. */
function elementText(value: Value, meter: Meter): string {
    if (typeof value === 'string') return JSON.stringify(value);
    if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString('latin1'))}`;
    if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`;
    if (value instanceof Duration) return `duration("${formatDuration(value)}")`;
    if (typeof value === 'number')
        return Number.isFinite(value) ? value.toFixed(defaultPrecision) : JSON.stringify(doubleText(value));
    return plainText(value, meter);
}

function mapText(map: MapValue, meter: Meter): string {
    const entries: [string, string][] = [];
    for (const key of map.keys())
        entries.push([elementText(key, meter), elementText(map.get(key) ?? null, meter)]);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}

/** %s */
function plainText(value: Value, meter: Meter): string {
    meter.charge(typeof value === 'object' ? 1 : 0.1);
    if (value === null) return 'null';
    if (typeof value === 'string') {
        meter.visit(value.length);
        return value;
    }
    if (typeof value === 'number') return doubleText(value);
    if (typeof value !== 'object') return String(value);
    if (value instanceof Uint) return String(value.value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString();
    if (value instanceof Timestamp) return formatTimestamp(value);
    if (value instanceof Duration) return formatDuration(value);
    if (value instanceof TypeValue) return value.name;
    if (value instanceof List) return `[${[...value].map((item) => elementText(item, meter)).join(', ')}]`;
    if (isMap(value)) return mapText(value, meter);
    throw new EvaluationError(
        `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
    );
}

function integer(value: Value, clauseName: string): bigint {
    if (typeof value === 'bigint') return value;
    if (value instanceof Uint) return value.value;
    throw new EvaluationError(
        `${clauseName} clause can only be used on integers, was given ${typeNameOf(value)}`,
    );
}

function double(value: Value, clauseName: string): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Uint) return Number(value.value);
    throw new EvaluationError(
        `${clauseName} clause can only be used on doubles, was given ${typeNameOf(value)}`,
    );
}

function scientific(value: number, precision: number): string {
    return value.toExponential(precision).replace(/e([-+])(\d)$/, 'e$10$2');
}

function special(value: number): string | undefined {
    if (Number.isNaN(value)) return 'NaN';
    return Number.isFinite(value) ? undefined : value > 0 ? 'Infinity' : '-Infinity';
}

function hex(value: Value): string {
    if (typeof value === 'string' || value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return integer(value, 'hex').toString(16);
}

interface Clause {
    verb: string;
    precision: number;
}

function clauseText({ verb, precision }: Clause, value: Value, meter: Meter): string {
    switch (verb) {
        case 's':
            return plainText(value, meter);
        case 'd':
            return String(integer(value, 'decimal'));
        case 'f': {
            const number = double(value, 'fixed-point');
            return special(number) ?? number.toFixed(precision);
        }
        case 'e': {
            const number = double(value, 'scientific');
            return special(number) ?? scientific(number, precision);
        }
        case 'b':
            return typeof value === 'boolean' ? (value ? '1' : '0') : integer(value, 'binary').toString(2);
        case 'o':
            return integer(value, 'octal').toString(8);
        case 'x':
            return hex(value);
        case 'X':
            return hex(value).toUpperCase();
        default:
            throw new EvaluationError(
                `could not parse formatting clause: unrecognized formatting clause "${verb}"`,
            );
    }
}

/** @throws EvaluationError for a clause that is unknown, lacks an argument or gets one of another type. */
export function formatText(text: string, args: List, meter: Meter): string {
    let next = 0;
    return text.replace(clause, (whole: string, digits: string | undefined, verb: string | undefined) => {
        if (whole === '%%') return '%';
        if (verb === undefined)
            throw new EvaluationError('could not parse formatting clause: unexpected end of string');
        const precision = digits === undefined ? defaultPrecision : Number(digits);
        if (precision > precisionMax) throw new EvaluationError(`precision ${precision} is out of range`);
        if (next >= args.size) throw new EvaluationError(`index ${next} out of range`);
        const made = clauseText({ verb, precision }, args.at(next++), meter);
        meter.visit(made.length);
        return made;
    });
}
