import type { FieldSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/** Both the empty set and the node of a path without further paths below it. */
export const emptySet: FieldSet = Object.freeze({});

/** What is below a node: elements in canonical form with their nodes, which are shared. */
export type Child = readonly [PathElement, FieldSet];

/**
 * Nodes of one generation. Of those that are known, a node that was not asked for while so many others were new is
 * forgotten. What was handed out stays valid; it is only not found again.
 */
const generationMax = 2048;
/** And so many characters of their keys: a name of a field can be as long as its writer likes. */
const generationChars = 512 * 1024;
/** A node with a longer key is one of few. */
const keyCharsMax = 8 * 1024;

const ids = new WeakMap<FieldSet, number>([[emptySet, 0]]);
let nextId = 1;
let recent = new Map<string, FieldSet>();
let older = new Map<string, FieldSet>();
let recentChars = 0;

/** Characters of the keys of the nodes that are known. */
export function knownChars(): number {
    return [...recent.keys(), ...older.keys()].reduce((sum, key) => sum + key.length, 0);
}

/** True for what `sharedNode` gave. */
export function isShared(node: FieldSet): boolean {
    return ids.has(node);
}

/**
 * The frozen node with these children, which stand in the order of `compareElements`. Equal nodes are mostly one object
 * in memory: hundreds of pods of one template share nearly all of what their managers own.
 */
export function sharedNode(isMember: boolean, children: readonly Child[]): FieldSet {
    if (children.length === 0) return emptySet;
    let key = isMember ? '.' : '';
    for (const [element, child] of children) key += `${idOf(child)} ${element.length} ${element}`;
    if (key.length > keyCharsMax) return made(isMember, children);
    const known = recent.get(key);
    if (known !== undefined) return known;
    const node = older.get(key) ?? made(isMember, children);
    if (recent.size >= generationMax || recentChars > generationChars) {
        older = recent;
        recent = new Map();
        recentChars = 0;
    }
    recent.set(key, node);
    recentChars += key.length;
    return node;
}

function made(isMember: boolean, children: readonly Child[]): FieldSet {
    const node: Record<PathElement, FieldSet> = isMember ? { '.': emptySet } : {};
    for (const [element, child] of children) node[element] = child;
    Object.freeze(node);
    ids.set(node, nextId++);
    return node;
}

function idOf(node: FieldSet): number {
    let id = ids.get(node);
    if (id === undefined) {
        id = nextId++;
        ids.set(node, id);
    }
    return id;
}
