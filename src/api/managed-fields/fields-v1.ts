import { emptySet, type FieldSet, isEmptySet } from './field-set.ts';
import { canonicalElement, compareElements } from './path-element.ts';

/** Levels that a set may have; the objects of the API have some twenty. */
const depthMax = 200;
/** Distinct nodes that are remembered. The table starts anew when it is full. */
const sharedNodesMax = 4096;

let ids = new WeakMap<FieldSet, number>();
let shared = new Map<string, FieldSet>();
let nextId = 1;

/**
 * A set read from FieldsV1, checked and in canonical order. Equal nodes are one object in memory: hundreds of
 * pods of one template share nearly all of what their managers own.
 * @throws Error when it is no set.
 */
export function decodeFields(fields: unknown): FieldSet {
    return share(fields, 0);
}

/** The same set, of shared nodes. */
export function sharedSet(set: FieldSet): FieldSet {
    return share(set, 0);
}

function share(node: unknown, depth: number): FieldSet {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) {
        throw new Error('a set of fields must be an object');
    }
    if (ids.has(node as FieldSet)) return node as FieldSet;
    if (depth > depthMax) throw new Error('a set of fields is too deep');
    if (isEmptySet(node as FieldSet)) return emptySet;
    const children: [string, FieldSet][] = [];
    let isMember = false;
    for (const [text, child] of Object.entries(node)) {
        if (text === '.') {
            if (depth === 0) continue;
            isMember = true;
            continue;
        }
        const element = canonicalElement(text);
        if (element === undefined) throw new Error(`${JSON.stringify(text)} is no element of a path`);
        children.push([element, share(child, depth + 1)]);
    }
    if (children.length === 0) return emptySet;
    children.sort(([a], [b]) => compareElements(a, b));
    return lookUp(isMember, children);
}

function lookUp(isMember: boolean, children: readonly [string, FieldSet][]): FieldSet {
    let key = isMember ? '.' : '';
    for (const [element, child] of children) key += `\n${element} ${idOf(child)}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const node: Record<string, FieldSet> = isMember ? { '.': emptySet } : {};
    for (const [element, child] of children) node[element] = child;
    Object.freeze(node);
    if (shared.size >= sharedNodesMax) forget();
    shared.set(key, node);
    ids.set(node, nextId++);
    return node;
}

/** What was handed out stays valid; it is only not found again. */
function forget(): void {
    shared = new Map();
    ids = new WeakMap();
}

function idOf(node: FieldSet): number {
    if (node === emptySet) return 0;
    let id = ids.get(node);
    if (id === undefined) {
        id = nextId++;
        ids.set(node, id);
    }
    return id;
}
