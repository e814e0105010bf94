import { canonicalQuantity } from '../meta/quantity.ts';
import { DecodeError, type Decoder, mismatch, parsed } from './decode-errors.ts';
import type { FieldType } from './schema.ts';
import { normalizeMicroTime, normalizeTime } from './time.ts';

/** Types whose values have no members of a known type. */
export type ScalarType = Exclude<FieldType, { kind: 'opaque' | 'array' | 'map' | 'ref' }>;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeBytes(value: string): string {
    // Go's decoder skips line breaks, and what it then encodes has none.
    const text = value.includes('\n') || value.includes('\r') ? value.replaceAll(/[\r\n]/g, '') : value;
    if (base64.test(text)) return text;
    const bad = value.search(/[^A-Za-z0-9+/\r\n]/);
    throw new DecodeError(
        `illegal base64 data at input byte ${bad < 0 ? value.length - (text.length % 4) : bad}`,
    );
}

const int32End = 2 ** 31;

function integerDecoder(type: FieldType & { kind: 'integer' | 'int-or-string' }): Decoder {
    // Exclusive: 2^63 - 1 itself is no number of JavaScript.
    const end = type.kind === 'integer' && type.format === 'int64' ? 2 ** 63 : int32End;
    return (value, context) => {
        if (typeof value !== 'number') throw mismatch(value, type, context);
        if (!Number.isInteger(value) || value >= end || value < -end)
            throw mismatch(value, type, context, true);
        return value;
    };
}

function stringDecoder(type: FieldType, convert?: (text: string) => string): Decoder {
    if (convert === undefined)
        return (value, context) => {
            if (typeof value !== 'string') throw mismatch(value, type, context);
            return value;
        };
    return (value, context) => {
        if (typeof value !== 'string') throw mismatch(value, type, context);
        return convert(value);
    };
}

function timeDecoder(type: FieldType, normalize: (text: string) => string): Decoder {
    // Upstream takes an empty string for the zero time, which it does not write back.
    return stringDecoder(type, (text) => (text === '' ? text : parsed(() => normalize(text))));
}

/** Checks a scalar's JSON type and writes it in its canonical form. */
export function scalarDecoder(type: ScalarType): Decoder {
    switch (type.kind) {
        case 'string':
            return stringDecoder(type);
        case 'bytes':
            return stringDecoder(type, decodeBytes);
        case 'date-time':
            return timeDecoder(type, normalizeTime);
        case 'micro-time':
            return timeDecoder(type, normalizeMicroTime);
        case 'boolean':
            return (value, context) => {
                if (typeof value !== 'boolean') throw mismatch(value, type, context);
                return value;
            };
        case 'integer':
            return integerDecoder(type);
        case 'double':
            return (value, context) => {
                if (typeof value !== 'number') throw mismatch(value, type, context);
                return value;
            };
        case 'int-or-string': {
            const integer = integerDecoder(type);
            return (value, context) => (typeof value === 'string' ? value : integer(value, context));
        }
        case 'quantity':
            return (value) =>
                parsed(() =>
                    canonicalQuantity(typeof value === 'string' || typeof value === 'number' ? value : '-'),
                );
    }
}
