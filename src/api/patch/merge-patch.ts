import { deepClone, defineOwn } from '../meta/deep.ts';

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Changes `target`, which the caller owns. */
function mergeInto(target: Record<string, unknown>, patch: Readonly<Record<string, unknown>>): void {
    for (const key in patch) {
        const value = patch[key];
        if (value === undefined) continue;
        if (value === null) {
            Reflect.deleteProperty(target, key);
            continue;
        }
        const merged = merge(Object.hasOwn(target, key) ? target[key] : undefined, value);
        if (key === '__proto__') defineOwn(target, key, merged);
        else target[key] = merged;
    }
}

function merge(target: unknown, patch: unknown): unknown {
    if (!isObject(patch)) return deepClone(patch);
    const result = isObject(target) ? target : {};
    mergeInto(result, patch);
    return result;
}

/** A changed copy of the document: JSON Merge Patch, RFC 7386. */
export function applyMergePatch(doc: unknown, patch: unknown): unknown {
    return merge(deepClone(doc), patch);
}
