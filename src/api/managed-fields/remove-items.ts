import {
    concrete,
    type FieldSchema,
    isMap,
    type JsonMap,
    type ListSchema,
    type MapSchema,
    memberSchema,
    untyped,
} from './field-schema.ts';
import { type FieldSet, isEmptySet, isMember } from './field-set.ts';
import { elementOf } from './list-elements.ts';
import { setMember } from './merge.ts';
import { fieldElement } from './path-element.ts';

/**
 * The value without the paths of the set. What is emptied stays,
 * empty, unless its type omits that. Does not change its input.
 */
export function removeItems(schema: FieldSchema, value: unknown, set: FieldSet): unknown {
    if (isEmptySet(set)) return value;
    const type = concrete(schema, value);
    if (type.kind === 'list' && type.type !== 'atomic' && Array.isArray(value)) {
        return removeFromList(type, value, set);
    }
    if (type.kind === 'map' && !type.atomic && isMap(value)) return removeFromMap(type, value, set);
    return value;
}

function removeFromList(schema: ListSchema, items: readonly unknown[], set: FieldSet): unknown[] {
    const result: unknown[] = [];
    for (const item of items) {
        const node = set[elementOf(schema, item)];
        if (node === undefined) result.push(item);
        else if (!isMember(node)) result.push(removeItems(schema.items, item, node));
    }
    return result;
}

function removeFromMap(schema: MapSchema, value: JsonMap, set: FieldSet): JsonMap {
    const result: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
        const node = set[fieldElement(name)];
        if (node === undefined) setMember(result, name, member);
        else if (!isMember(node)) {
            const type = memberSchema(schema, name) ?? untyped;
            const rest = removeItems(type, member, node);
            if (rest === member || !isOmitted(type, rest)) setMember(result, name, rest);
        }
    }
    return result;
}

function isOmitted(schema: FieldSchema, value: unknown): boolean {
    const omits = (schema.kind === 'map' || schema.kind === 'list') && schema.omitEmpty === true;
    return omits && typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
