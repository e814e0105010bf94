import { type FieldSet, isEmptySet } from './field-set.ts';
import { canonicalElement, compareElements } from './path-element.ts';
import { type Child, emptySet, isShared, sharedNode } from './shared-nodes.ts';

/** Levels that a set may have; the objects of the API have some twenty. */
const depthMax = 200;

/**
 * A set read from FieldsV1, checked and in canonical order, of shared nodes.
 * @throws Error when it is no set.
 */
export function decodeFields(fields: unknown): FieldSet {
    return share(fields, 0);
}

function share(node: unknown, depth: number): FieldSet {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) {
        throw new Error('a set of fields must be an object');
    }
    if (isShared(node as FieldSet)) return node as FieldSet;
    if (depth > depthMax) throw new Error('a set of fields is too deep');
    if (isEmptySet(node as FieldSet)) return emptySet;
    const children: Child[] = [];
    let isMember = false;
    for (const text in node) {
        if (text === '.') {
            isMember = depth > 0;
            continue;
        }
        const element = canonicalElement(text);
        if (element === undefined) throw new Error(`${JSON.stringify(text)} is no element of a path`);
        children.push([element, share((node as Record<string, unknown>)[text], depth + 1)]);
    }
    children.sort(([a], [b]) => compareElements(a, b));
    return sharedNode(isMember, children);
}
