import { deepClone, defineOwn } from '../meta/deep.ts';
import { isRecord, type JsonRecord, memberSchema, propertyOf, type StructuralSchema } from './schema.ts';

/**
 * Sets in place what is missing and has a default, at every depth, inside of what was set as well. Returns the number
 * of values that were set.
 */
export function applyDefaults(value: unknown, schema: StructuralSchema): number {
    if (Array.isArray(value)) {
        const { items } = schema;
        if (items === undefined) return 0;
        let count = 0;
        for (const [index, item] of value.entries()) {
            if (item === null && items.nullable !== true && items.default !== undefined) {
                value[index] = deepClone(items.default);
                count++;
            }
            count += applyDefaults(value[index], items);
        }
        return count;
    }
    return isRecord(value) ? defaultRecord(value, schema) : 0;
}

function defaultRecord(value: JsonRecord, schema: StructuralSchema): number {
    let count = 0;
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (property.default === undefined) continue;
        const member = Object.hasOwn(value, name) ? value[name] : undefined;
        if (member !== undefined && !(member === null && property.nullable !== true)) continue;
        defineOwn(value, name, deepClone(property.default));
        count++;
    }
    for (const name of Object.keys(value)) {
        const member = memberSchema(schema, name);
        if (member === undefined) continue;
        const replaced = value[name] === null && member.nullable !== true && member.default !== undefined;
        if (replaced) {
            defineOwn(value, name, deepClone(member.default));
            count++;
        }
        count += applyDefaults(value[name], member);
    }
    return count;
}

/**
 * Removes in place nulls where the schema takes none and has no default to put there: of properties, not of
 * items and values of maps. Returns the number of removed fields.
 */
export function pruneNulls(value: unknown, schema: StructuralSchema): number {
    if (Array.isArray(value)) {
        const { items } = schema;
        if (items === undefined) return 0;
        return value.reduce<number>((count, item) => count + pruneNulls(item, items), 0);
    }
    if (!isRecord(value)) return 0;
    let count = 0;
    for (const name of Object.keys(value)) {
        const member = memberSchema(schema, name);
        if (member === undefined) continue;
        const isNull = value[name] === null && member.nullable !== true && member.default === undefined;
        if (isNull && propertyOf(schema, name) !== undefined) {
            Reflect.deleteProperty(value, name);
            count++;
        } else count += pruneNulls(value[name], member);
    }
    return count;
}
