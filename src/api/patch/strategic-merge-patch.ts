import { deepClone, defineOwn } from '../meta/deep.ts';
import { statusErrors } from '../meta/status-error.ts';
import type { FieldMerge } from '../schema/merge-semantics.ts';
import { goText } from '../schema/go-types.ts';
import { type FieldType, schema } from '../schema/schema.ts';
import { type Item, mergeOrdered, partition } from './strategic-order.ts';

/**
 * Strategic merge patch (k8s.io/apimachinery pkg/util/strategicpatch): a merge patch that merges lists by
 * key where the schema says so, steered by directives. Worked example: the containers [a, b] patched with
 * [{name: b, image: x}, {name: c}] become [b with its new image, …]: what the patch names comes in the
 * patch's order, and what it does not name keeps its place relative to what the server knew before.
 */
type Json = Record<string, unknown>;

const directive = '$patch';
const retainKeys = '$retainKeys';
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

class PatchFormatError extends Error {
    override readonly name = 'PatchFormatError';
}

function unknownDirective(patch: Json): PatchFormatError {
    return new PatchFormatError(`unknown patch type: ${goText(patch[directive])} in map: ${goText(patch)}`);
}

function isObject(value: unknown): value is Json {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function set(target: Json, key: string, value: unknown): void {
    if (key === '__proto__') defineOwn(target, key, value);
    else target[key] = value;
}

interface FieldInfo {
    type: FieldType | undefined;
    merge: FieldMerge;
}

/** What is known of a member of a value of this type. Unknown members merge like plain JSON. */
function memberOf(type: FieldType | undefined, key: string): FieldInfo {
    if (type?.kind === 'map') return { type: type.values, merge: {} };
    const field = type?.kind === 'ref' ? schema().type(type.type).fields.get(key) : undefined;
    return { type: field?.type, merge: field?.merge ?? {} };
}

function itemsOf(type: FieldType | undefined): FieldType | undefined {
    return type?.kind === 'array' ? type.items : undefined;
}

/** What a patch leaves when nothing is there to merge it into: no nulls and no directives. */
function plainValue(patch: unknown): unknown {
    if (Array.isArray(patch)) {
        return patch
            .filter((item) => !(isObject(item) && directive in item && item[directive] !== 'merge'))
            .map(plainValue);
    }
    if (!isObject(patch)) return patch;
    const result: Json = {};
    for (const [key, value] of Object.entries(patch)) {
        if (value === null || value === undefined || key === directive || key === retainKeys) continue;
        if (key.startsWith(orderPrefix) || key.startsWith(deletePrefix)) continue;
        if (isObject(value) && value[directive] === 'delete') continue;
        set(result, key, plainValue(value));
    }
    return result;
}

function listOf(value: unknown, what: string): unknown[] {
    if (!Array.isArray(value)) throw new PatchFormatError(`invalid patch format of ${what}`);
    return value;
}

function applyRetainKeys(target: Json, patch: Json): void {
    if (!(retainKeys in patch)) return;
    const kept = new Set(listOf(patch[retainKeys], 'retainKeys'));
    for (const [key, value] of Object.entries(patch)) {
        if (value === null || key === retainKeys) continue;
        if (key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue;
        if (!kept.has(key))
            throw statusErrors.patchRejected(new Error("patch content doesn't match retainKeys list"));
    }
    for (const key of Object.keys(target)) if (!kept.has(key)) Reflect.deleteProperty(target, key);
}

/** Merges into `target`, which the caller owns, and returns what takes its place. */
function mergeObject(target: Json, patch: Json, type: FieldType | undefined): Json {
    if (directive in patch) {
        if (patch[directive] === 'replace') return plainValue(patch) as Json;
        if (patch[directive] === 'delete') return {};
        if (patch[directive] !== 'merge') throw unknownDirective(patch);
    }
    applyRetainKeys(target, patch);
    const done = new Set([directive, retainKeys]);
    for (const key of Object.keys(patch))
        if (key.startsWith(orderPrefix)) applyElementOrder({ target, patch, key, type, done });
    for (const [key, value] of Object.entries(patch)) {
        if (done.has(key) || value === undefined) continue;
        if (key.startsWith(deletePrefix)) deleteFromList(target, key, value);
        else mergeMember(target, key, value, memberOf(type, key));
    }
    return target;
}

function deleteFromList(target: Json, key: string, value: unknown): void {
    const field = key.slice(deletePrefix.length);
    const gone = new Set(listOf(value, 'primitive list'));
    const current = target[field];
    if (!Array.isArray(current)) return;
    target[field] = current.filter((item) => !gone.has(item));
}

function mergeMember(target: Json, key: string, value: unknown, field: FieldInfo): void {
    if (value === null) {
        Reflect.deleteProperty(target, key);
        return;
    }
    const current = Object.hasOwn(target, key) ? target[key] : undefined;
    const replaces = field.merge.patchStrategy?.includes('replace') === true;
    if (isObject(current) && isObject(value))
        set(target, key, replaces ? plainValue(value) : mergeObject(current, value, field.type));
    else if (Array.isArray(current) && Array.isArray(value))
        set(target, key, mergeList(current, value, field));
    else set(target, key, plainValue(value));
}

/** The list in patch and object, brought into the order that the patch demands. */
function applyElementOrder(options: {
    target: Json;
    patch: Json;
    key: string;
    type: FieldType | undefined;
    done: Set<string>;
}): void {
    const { target, patch, key, type, done } = options;
    const name = key.slice(orderPrefix.length);
    const field = memberOf(type, name);
    const order = listOf(patch[key], 'setElementOrder list');
    const { patchMergeKey } = field.merge;
    done.add(key);
    const before = Array.isArray(target[name]) ? (target[name] as unknown[]) : undefined;
    const patched = patch[name];
    if (patched === null || (before === undefined && !Array.isArray(patched))) return;
    if (Array.isArray(patched)) checkOrder(patched, order, patchMergeKey);
    const serverOrder = [...(before ?? [])];
    const merged = !Array.isArray(patched)
        ? (before ?? [])
        : before === undefined
          ? (plainValue(patched) as unknown[])
          : mergeList(before, patched, field);
    const { named, others } = partition(merged, order, patchMergeKey);
    done.add(name);
    set(target, name, mergeOrdered({ named, others, order, serverOrder, mergeKey: patchMergeKey }));
}

function keyOf(item: unknown, mergeKey: string | undefined): unknown {
    return mergeKey !== undefined && isObject(item) ? item[mergeKey] : item;
}

/** What the patch names must stand in the same order in its list of the order. */
function checkOrder(
    patched: readonly unknown[],
    order: readonly unknown[],
    mergeKey: string | undefined,
): void {
    const positions = new Map(order.map((item, i) => [keyOf(item, mergeKey), i]));
    let last = -1;
    for (const item of patched) {
        if (isObject(item) && directive in item) continue;
        const position = positions.get(keyOf(item, mergeKey));
        if (position === undefined || position < last)
            throw new PatchFormatError(
                `The order in patch list:\n${goText(patched)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
            );
        last = position;
    }
}

function mergeList(current: unknown[], patch: readonly unknown[], field: FieldInfo): unknown[] {
    if (field.merge.patchStrategy?.includes('merge') !== true) return plainValue(patch) as unknown[];
    const elements = [...current, ...patch];
    if (elements.length === 0) return [];
    const objects = elements.filter(isObject).length;
    if (objects !== 0 && objects !== elements.length)
        throw new PatchFormatError('list element types are not identical');
    if (objects === 0) return mergeScalars(current, patch);
    const { patchMergeKey } = field.merge;
    if (patchMergeKey === undefined) throw new PatchFormatError('cannot merge lists without merge key');
    return mergeObjects(current as Item[], patch as readonly Item[], patchMergeKey, itemsOf(field.type));
}

function mergeScalars(current: readonly unknown[], patch: readonly unknown[]): unknown[] {
    const merged = [...new Set([...current, ...patch])];
    const { named, others } = partition(merged, patch, undefined);
    return mergeOrdered({ named, others, order: patch, serverOrder: current, mergeKey: undefined });
}

function requireKey(item: Item, mergeKey: string): unknown {
    const value = item[mergeKey];
    if (value === undefined || value === null)
        throw new PatchFormatError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
    return value;
}

/** Takes the elements that are directives out of the patch, and carries them out. */
function applyListDirectives(
    current: readonly Item[],
    patch: readonly Item[],
    mergeKey: string,
): { base: Item[]; additions: Item[] } {
    const additions: Item[] = [];
    const deleted = new Set<unknown>();
    let replace = false;
    for (const item of patch) {
        const kind = item[directive];
        if (kind === undefined) additions.push(item);
        else if (kind === 'delete') deleted.add(requireKey(item, mergeKey));
        else if (kind === 'replace') replace = true;
        else if (kind === 'merge')
            throw new PatchFormatError('merging lists cannot yet be specified in the patch');
        else throw unknownDirective(item);
    }
    if (replace) return { base: plainValue(additions) as Item[], additions: [] };
    return { base: current.filter((item) => !deleted.has(item[mergeKey])), additions };
}

function mergeObjects(
    current: readonly Item[],
    patch: readonly Item[],
    mergeKey: string,
    items: FieldType | undefined,
): unknown[] {
    const { base, additions } = applyListDirectives(current, patch, mergeKey);
    const merged = [...base];
    for (const addition of additions) {
        const key = requireKey(addition, mergeKey);
        const at = merged.findIndex((item) => item[mergeKey] === key);
        const known = merged[at];
        if (known === undefined) merged.push(plainValue(addition) as Item);
        else merged[at] = mergeObject(known, addition, items);
    }
    const { named, others } = partition(merged, additions, mergeKey);
    return mergeOrdered({ named, others, order: additions, serverOrder: base, mergeKey });
}

/**
 * A changed copy of an object of this type ("V1Pod").
 * @throws StatusError BadRequest when the patch itself is malformed.
 */
export function applyStrategicMergePatch(typeName: string, doc: unknown, patch: unknown): unknown {
    if (!isObject(patch) || !isObject(doc))
        throw statusErrors.badRequest(
            'json: cannot unmarshal array into Go value of type map[string]interface {}',
        );
    try {
        return mergeObject(deepClone(doc), deepClone(patch), { kind: 'ref', type: typeName });
    } catch (cause) {
        if (!(cause instanceof PatchFormatError)) throw cause;
        throw statusErrors.badRequest(cause.message, { cause });
    }
}
