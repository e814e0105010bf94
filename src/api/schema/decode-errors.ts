import { goTypeName, goValueName } from './go-types.ts';
import type { FieldType } from './schema.ts';

/** Where a decoder is, and what it has found. */
export interface Context {
    /** Field names, indexes of arrays, and keys of maps (behind "\0") on the way to the value. */
    readonly path: (string | number)[];
    /** Name of the innermost struct, as Go reports it. */
    struct: string;
    readonly unknownFields: string[];
}

/** Returns the value as it is when it needs no change. */
export type Decoder = (value: unknown, context: Context) => unknown;

export class DecodeError extends Error {
    override readonly name = 'DecodeError';
    /** Set where the value is of another JSON type than the field. */
    mismatch: { value: unknown; type: FieldType } | undefined;
}

/** "spec.containers[0].image" */
export function strictPath(path: readonly (string | number)[]): string {
    let text = '';
    for (const step of path) {
        if (typeof step === 'number') text += `[${step}]`;
        else text += `${text === '' ? '' : '.'}${step.startsWith('\0') ? step.slice(1) : step}`;
    }
    return text;
}

/** Go names the struct and the fields down to the value, without indexes and map keys. */
export function mismatch(value: unknown, type: FieldType, context: Context, withNumber = false): DecodeError {
    const what = `json: cannot unmarshal ${goValueName(value, withNumber)} into Go`;
    const fields = context.path.filter((step) => typeof step === 'string' && !step.startsWith('\0'));
    const isWhole = fields.length === 0 || type.kind === 'date-time' || type.kind === 'micro-time';
    const error = new DecodeError(
        isWhole
            ? `${what} value of type ${goTypeName(type)}`
            : `${what} struct field ${context.struct}.${fields.join('.')} of type ${goTypeName(type)}`,
    );
    error.mismatch = { value, type };
    return error;
}

/** What Go calls a value's kind. */
function goKind(value: unknown): string {
    if (Array.isArray(value)) return 'slice';
    if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
    return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : 'string';
}

/**
 * The error of a decode as upstream words it where an object is converted instead of decoded, which it does
 * after a strategic merge patch.
 */
export function conversionMessage(error: Error): string {
    const { value, type } = (error instanceof DecodeError ? error.mismatch : undefined) ?? {};
    switch (type?.kind) {
        case 'map':
            return `cannot restore map from ${goKind(value)}`;
        case 'array':
        case 'bytes':
            return `cannot restore slice from ${goKind(value)}`;
        case 'ref':
            return `cannot restore struct from: ${goKind(value)}`;
        case 'string':
        case 'boolean':
        case 'integer':
        case 'double':
            return `unrecognized type: ${goTypeName(type)}`;
        default:
            return error.message;
    }
}

/** Runs a parser of text whose errors are already in upstream's words. */
export function parsed<T>(parse: () => T): T {
    try {
        return parse();
    } catch (cause) {
        throw new DecodeError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
}
