import { messageNameOf, scalarPresence } from '../protobuf/wire-types.ts';
import type { FieldType, TypeSchema } from './schema.ts';

/**
 * Go's structs do not know "nothing was said" but for pointers. A plain value that is zero is left out of
 * JSON or, where the struct's tag does not say omitempty, written in any case.
 */
export interface Zeros {
    /** Optional scalars for which "", 0 and false are the same as nothing. */
    nothingWhenZero: ReadonlySet<string>;
    /** Optional scalars that every object has, with their zero. */
    always: readonly (readonly [string, unknown])[];
}

/** What a zero means in the fields of a type. */
export function zerosOf(type: TypeSchema): Zeros {
    const nothingWhenZero = new Set<string>();
    const always: [string, unknown][] = [];
    for (const [name, presence] of scalarPresence(messageNameOf(type.openapiName))) {
        const field = type.fields.get(name);
        if (field === undefined || field.required) continue;
        if (presence === 'nothing-when-zero') nothingWhenZero.add(name);
        else if (presence === 'always') always.push([name, zeroOf(field.type)()]);
    }
    return { nothingWhenZero, always };
}

export function isZero(value: unknown): boolean {
    return value === '' || value === 0 || value === false;
}

export function isEmpty(collection: object): boolean {
    if (Array.isArray(collection)) return collection.length === 0;
    for (const _key in collection) return false;
    return true;
}

/** What Go leaves in an element of a list or map for which the input says null. */
export function zeroOf(type: FieldType): () => unknown {
    switch (type.kind) {
        case 'ref':
            return () => ({});
        case 'boolean':
            return () => false;
        case 'integer':
        case 'double':
        case 'int-or-string':
            return () => 0;
        case 'quantity':
            return () => '0';
        case 'array':
        case 'map':
        case 'opaque':
            return () => null;
        default:
            return () => '';
    }
}
