import { deepEqual } from '../meta/deep.ts';
import { isRecord, memberSchema, type StructuralSchema } from './schema.ts';

/**
 * The old value that stands for the same thing as a part of the new one: the same member of a map, or the item with
 * the same keys of a list of type map. Undefined where there is none, as for items of other lists.
 */
export function oldItem(item: unknown, old: readonly unknown[], schema: StructuralSchema): unknown {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    if (schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !isRecord(item)) return undefined;
    return old.find(
        (candidate) => isRecord(candidate) && keys.every((key) => deepEqual(candidate[key], item[key])),
    );
}

/**
 * True when the value at `at`, or something that it is a part of, is what it was before the update: then an error
 * there is not this update's (validation ratcheting). The root does not count: it always changes.
 */
export function isUnchangedAt(
    at: readonly string[],
    { object, old, schema }: { object: unknown; old: unknown; schema: StructuralSchema },
): boolean {
    let value = object;
    let before = old;
    let part: StructuralSchema | undefined = schema;
    for (const step of at) {
        if (Array.isArray(value)) {
            const item: unknown = (value as unknown[])[Number(step)];
            before = Array.isArray(before) ? oldItem(item, before as unknown[], part ?? {}) : undefined;
            value = item;
            part = part?.items;
        } else {
            value = isRecord(value) ? value[step] : undefined;
            before = isRecord(before) && Object.hasOwn(before, step) ? before[step] : undefined;
            part = part && memberSchema(part, step);
        }
        if (before === undefined) return false;
        if (deepEqual(value, before)) return true;
    }
    return false;
}
