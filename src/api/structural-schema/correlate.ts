import { deepEqual } from '../meta/deep.ts';
import { isRecord, type JsonRecord, memberSchema, type StructuralSchema } from './schema.ts';

/**
 * The old value that stands for the same thing as a part of the new one: the same member of a map, or the item with
 * the same keys of a list of type map. Undefined where there is none, as for items of other lists.
 */
export function oldItem(item: unknown, old: readonly unknown[], schema: StructuralSchema): unknown {
    if (!hasKeys(schema) || !isRecord(item)) return undefined;
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    return itemsByKey(old, keys).get(keyOf(item, keys));
}

/** Old lists by what they are keyed by: each is looked into for every item of the new one, and more than once. */
const indexes = new WeakMap<readonly unknown[], { keys: readonly string[]; items: Map<string, unknown> }>();

function itemsByKey(list: readonly unknown[], keys: readonly string[]): Map<string, unknown> {
    const known = indexes.get(list);
    if (known?.keys === keys) return known.items;
    const items = new Map<string, unknown>();
    for (const item of list) {
        if (!isRecord(item)) continue;
        const key = keyOf(item, keys);
        // Of several with the same keys the first one counts.
        if (!items.has(key)) items.set(key, item);
    }
    indexes.set(list, { keys, items });
    return items;
}

const keyOf = (item: JsonRecord, keys: readonly string[]): string =>
    JSON.stringify(keys.map((key) => (item[key] === undefined ? [] : [item[key]])));

function hasKeys(schema: StructuralSchema): boolean {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    return schema['x-kubernetes-list-type'] === 'map' && keys.length > 0;
}

/** A part of an object, what it was before, and its schema (apiserver pkg/cel/common CorrelatedObject). */
interface Pair {
    value: unknown;
    old: unknown;
    schema: StructuralSchema;
}

/**
 * A part of an updated object beside what it was. Errors of a part that is what it was are not this update's
 * (validation ratcheting). Where old and new cannot be told to be the same thing, or no schema says what a member is,
 * there is no pair: then what counts is the nearest part around it that has one.
 */
export class Correlation {
    readonly #pair: Pair | undefined;
    readonly #around: Correlation | undefined;
    /** Each is compared once, however many errors and rules ask. */
    readonly #parts = new Map<string, Correlation>();
    #isUnchanged: boolean | undefined;

    private constructor(pair: Pair | undefined, around: Correlation | undefined) {
        this.#pair = pair;
        this.#around = around;
    }

    /** Of a whole object; without an old one nothing is ever unchanged. */
    static ofObject(value: unknown, old: unknown, schema: StructuralSchema): Correlation {
        return new Correlation(old === undefined ? undefined : { value, old, schema }, undefined);
    }

    /** The part under a name or an index. */
    at(step: string | number): Correlation {
        if (this.#pair === undefined) return this;
        // Old and new are shown in the same version: a change of it would not be seen.
        if (this.#around === undefined && (step === 'apiVersion' || step === 'kind'))
            return new Correlation(undefined, undefined);
        const name = String(step);
        let part = this.#parts.get(name);
        if (part === undefined) {
            part = new Correlation(partOf(this.#pair, step), this);
            this.#parts.set(name, part);
        }
        return part;
    }

    get isUnchanged(): boolean {
        if (this.#pair === undefined) return this.#around?.isUnchanged ?? false;
        return (this.#isUnchanged ??= isSame(this.#pair));
    }
}

function partOf({ value, old, schema }: Pair, step: string | number): Pair | undefined {
    if (Array.isArray(value)) {
        const item: unknown = (value as unknown[])[Number(step)];
        const before = Array.isArray(old) ? oldItem(item, old as unknown[], schema) : undefined;
        if (before === undefined || schema.items === undefined) return undefined;
        return { value: item, old: before, schema: schema.items };
    }
    const name = String(step);
    if (!isRecord(value) || !isRecord(old) || !hasOwn(value, name) || !hasOwn(old, name)) return undefined;
    const part = memberSchema(schema, name);
    return part && { value: value[name], old: old[name], schema: part };
}

function hasOwn(record: JsonRecord, name: string): boolean {
    return Object.hasOwn(record, name) && record[name] !== undefined;
}

/** Equal as the schema sees it: lists with keys in any order; what no schema describes is never the same. */
function isSame(pair: Pair): boolean {
    const { value, old, schema } = pair;
    if (Array.isArray(value) && Array.isArray(old)) {
        if (value.length !== old.length) return false;
        if (!hasKeys(schema)) return deepEqual(value, old);
        return value.every((_item, index) => isSamePart(pair, index));
    }
    if (isRecord(value) && isRecord(old)) {
        const names = Object.keys(value);
        return names.length === Object.keys(old).length && names.every((name) => isSamePart(pair, name));
    }
    return deepEqual(value, old);
}

function isSamePart(pair: Pair, step: string | number): boolean {
    const part = partOf(pair, step);
    return part !== undefined && isSame(part);
}

/**
 * True when the error at `at` is about a part that is what it was before the update, or about something inside of
 * such a part. Only the first `correlatedDepth` steps count: further inside speaks a schema of allOf, anyOf, oneOf
 * or not, which does not see the old value.
 */
export function isUnchangedAt(
    { at, correlatedDepth }: { at: readonly string[]; correlatedDepth: number },
    object: Correlation,
): boolean {
    let part = object;
    if (part.isUnchanged) return true;
    for (const step of at.slice(0, correlatedDepth)) {
        part = part.at(step);
        if (part.isUnchanged) return true;
    }
    return false;
}
