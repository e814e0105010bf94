import type { CelType } from '../cel.ts';
import { isPattern } from '../library/regex.ts';
import { parseDuration, parseTimestamp } from '../time.ts';
import { dyn, listOf, mapOf, optionalOf } from '../types.ts';
import { Uint } from '../values.ts';

/** Types that an expression may name as values. */
export const typeValues = new Map<string, CelType>([
    ...(['bool', 'int', 'uint', 'double', 'string', 'bytes'] as const).map(
        (kind) => [kind, { kind }] as const,
    ),
    ['null_type', { kind: 'null' }],
    ['list', listOf(dyn)],
    ['map', mapOf(dyn, dyn)],
    ['type', { kind: 'type' }],
    ['google.protobuf.Timestamp', { kind: 'timestamp' }],
    ['google.protobuf.Duration', { kind: 'duration' }],
    ['optional_type', optionalOf(dyn)],
    ...['net.IP', 'net.CIDR', 'kubernetes.URL', 'kubernetes.Quantity', 'kubernetes.Semver'].map(
        (name) => [name, { kind: 'opaque', name }] as const,
    ),
]);

function reads(parse: (text: string) => unknown): (text: string) => boolean {
    return (text) => {
        try {
            parse(text);
            return true;
        } catch {
            return false;
        }
    };
}

/** Of the first argument of these functions. */
const literalChecks = new Map([
    ['duration', reads(parseDuration)],
    ['timestamp', reads(parseTimestamp)],
    ['matches', isPattern],
]);

/** The type of what is written out. */
export function literalType(value: unknown): CelType {
    if (value === null) return { kind: 'null' };
    if (value instanceof Uint) return { kind: 'uint' };
    if (value instanceof Uint8Array) return { kind: 'bytes' };
    if (typeof value === 'bigint') return { kind: 'int' };
    if (typeof value === 'number') return { kind: 'double' };
    return { kind: typeof value === 'boolean' ? 'bool' : 'string' };
}

/** Whether a text may be the first argument of a function that reads it; true for those that take any. */
export function isReadable(name: string, text: string): boolean {
    return literalChecks.get(name)?.(text) ?? true;
}
