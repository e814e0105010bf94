import { compareElements, type FieldPath, type PathElement } from './path-element.ts';

/**
 * A set of paths, in the very shape in which FieldsV1 stores it. The set of `.spec.replicas`, `.spec.selector`
 * and `.spec.selector.app` is
 *
 *     { "f:spec": { "f:replicas": {}, "f:selector": { ".": {}, "f:app": {} } } }
 *
 * A path belongs to the set if its node is empty or has the member ".". The root is no path: an empty root is
 * the empty set. Sets are never changed; operations return their first operand where it is the result, so
 * that `===` tells that nothing happened.
 */
export interface FieldSet {
    readonly [element: PathElement]: FieldSet;
}

/** Both the empty set and the node of a path without further paths below it. */
export const emptySet: FieldSet = Object.freeze({});
const self = '.';

export function isEmptySet(set: FieldSet): boolean {
    for (const _element in set) return false;
    return true;
}

/** Whether a node below the root stands for a path of the set. */
export function isMember(node: FieldSet): boolean {
    return self in node || isEmptySet(node);
}

export function hasPath(set: FieldSet, path: FieldPath): boolean {
    const node = below(set, path);
    return node !== undefined && path.length > 0 && isMember(node);
}

/** What the set has below a path; undefined when nothing, empty for the path alone. */
export function below(set: FieldSet, path: FieldPath): FieldSet | undefined {
    let node: FieldSet | undefined = set;
    for (const element of path) node = node?.[element];
    return node;
}

/** A node of these parts; undefined when there is nothing in it. */
function nodeOf(member: boolean, children: Record<PathElement, FieldSet>): FieldSet | undefined {
    const elements = Object.keys(children);
    if (elements.length === 0) return member ? emptySet : undefined;
    const node: Record<PathElement, FieldSet> = member ? { [self]: emptySet } : {};
    for (const element of elements.sort(compareElements)) node[element] = children[element] ?? emptySet;
    return Object.freeze(node);
}

function* childrenOf(node: FieldSet): Iterable<[PathElement, FieldSet]> {
    for (const element in node) if (element !== self) yield [element, node[element] ?? emptySet];
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
    if (isEmptySet(a)) return b;
    return isEmptySet(b) ? a : unite(a, b, true);
}

function unite(a: FieldSet, b: FieldSet, isRoot = false): FieldSet {
    if (a === b) return a;
    const wasMember = !isRoot && isMember(a);
    const member = wasMember || (!isRoot && isMember(b));
    let isSame = member === wasMember;
    const children: Record<PathElement, FieldSet> = {};
    for (const [element, child] of childrenOf(a)) {
        const other = b[element];
        const united = other === undefined ? child : unite(child, other);
        if (united !== child) isSame = false;
        children[element] = united;
    }
    for (const [element, child] of childrenOf(b)) {
        if (children[element] !== undefined) continue;
        children[element] = child;
        isSame = false;
    }
    return isSame ? a : (nodeOf(member, children) ?? emptySet);
}

/** The paths of `a` that `b` lacks. A path of `b` does not take with it what is below it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
    return without(a, b, { isRoot: true, recursive: false }) ?? emptySet;
}

/** The paths of `a` that neither are in `b` nor lie below a path of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
    return without(a, b, { isRoot: true, recursive: true }) ?? emptySet;
}

interface WithoutOptions {
    isRoot: boolean;
    recursive: boolean;
}

function without(a: FieldSet, b: FieldSet, { isRoot, recursive }: WithoutOptions): FieldSet | undefined {
    const isGone = !isRoot && isMember(b);
    if (isGone && recursive) return undefined;
    const wasMember = !isRoot && isMember(a);
    const member = wasMember && !isGone;
    let changed: Map<PathElement, FieldSet | undefined> | undefined;
    for (const [element, other] of childrenOf(b)) {
        const child = a[element];
        if (child === undefined) continue;
        const rest = without(child, other, { isRoot: false, recursive });
        if (rest !== child) (changed ??= new Map()).set(element, rest);
    }
    if (changed === undefined && member === wasMember) return a;
    const children: Record<PathElement, FieldSet> = {};
    for (const [element, child] of childrenOf(a)) {
        const kept = changed?.has(element) === true ? changed.get(element) : child;
        if (kept !== undefined) children[element] = kept;
    }
    return nodeOf(member, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
    return common(a, b, true) ?? emptySet;
}

function common(a: FieldSet, b: FieldSet, isRoot = false): FieldSet | undefined {
    if (a === b) return a;
    const children: Record<PathElement, FieldSet> = {};
    for (const [element, other] of childrenOf(b)) {
        const child = a[element];
        const shared = child && common(child, other);
        if (shared !== undefined) children[element] = shared;
    }
    return nodeOf(!isRoot && isMember(a) && isMember(b), children);
}

/** The part of the set at and below one path. */
export function restrictTo(set: FieldSet, path: FieldPath): FieldSet {
    let node = below(set, path);
    for (let i = path.length - 1; i >= 0 && node !== undefined; i--) {
        node = nodeOf(false, { [path[i] ?? '']: node });
    }
    return node ?? emptySet;
}

/** The set without the paths that have others below them. */
export function leaves(set: FieldSet): FieldSet {
    const children: Record<PathElement, FieldSet> = {};
    for (const [element, child] of childrenOf(set)) {
        children[element] = isEmptySet(child) ? child : leaves(child);
    }
    return nodeOf(false, children) ?? emptySet;
}

/** Every path: those of one level before those below them. */
export function pathsOf(set: FieldSet, prefix: FieldPath = []): FieldPath[] {
    const paths: FieldPath[] = [];
    const children = [...childrenOf(set)];
    for (const [element, child] of children) if (isMember(child)) paths.push([...prefix, element]);
    for (const [element, child] of children) paths.push(...pathsOf(child, [...prefix, element]));
    return paths;
}

export function setOf(...paths: readonly FieldPath[]): FieldSet {
    const builder = new SetBuilder();
    for (const path of paths) builder.add(path);
    return builder.build();
}

interface Draft {
    member: boolean;
    children: Map<PathElement, Draft>;
}

/** Collects paths. */
export class SetBuilder {
    readonly #root: Draft = { member: false, children: new Map() };

    add(path: FieldPath): void {
        let node = this.#root;
        for (const element of path) {
            let child = node.children.get(element);
            if (child === undefined) {
                child = { member: false, children: new Map() };
                node.children.set(element, child);
            }
            node = child;
        }
        node.member = true;
    }

    build(): FieldSet {
        if (this.#root.children.size === 0) return emptySet;
        return finish({ ...this.#root, member: false }) ?? emptySet;
    }
}

function finish(draft: Draft): FieldSet | undefined {
    if (draft.children.size === 0) return draft.member ? emptySet : undefined;
    const children: Record<PathElement, FieldSet> = {};
    for (const [element, child] of draft.children) {
        const node = finish(child);
        if (node !== undefined) children[element] = node;
    }
    return nodeOf(draft.member, children);
}
