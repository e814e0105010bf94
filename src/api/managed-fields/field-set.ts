import { compareElements, type FieldPath, type PathElement } from './path-element.ts';
import { type Child, emptySet, sharedNode } from './shared-nodes.ts';

export { emptySet } from './shared-nodes.ts';

/**
 * A set of paths, in the very shape in which FieldsV1 stores it. The set of `.spec.replicas`, `.spec.selector`
 * and `.spec.selector.app` is
 *
 *     { "f:spec": { "f:replicas": {}, "f:selector": { ".": {}, "f:app": {} } } }
 *
 * A path belongs to the set if its node is empty or has the member ".". The root is no path: an empty root is
 * the empty set. Elements stand in the order of `compareElements`. Sets are never changed and equal ones are mostly
 * one object; operations return their first operand where it is the result, so that `===` tells that nothing happened.
 */
export interface FieldSet {
    readonly [element: PathElement]: FieldSet;
}

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

/** A node of these parts, in order; undefined when there is nothing in it. */
function nodeOf(member: boolean, children: readonly Child[]): FieldSet | undefined {
    return children.length === 0 && !member ? undefined : sharedNode(member, children);
}

function* childrenOf(node: FieldSet): Iterable<Child> {
    for (const element in node) if (element !== self) yield [element, node[element] ?? emptySet];
}

function byElement([a]: Child, [b]: Child): number {
    return compareElements(a, b);
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
    const children: Child[] = [];
    for (const child of childrenOf(a)) {
        const [element, node] = child;
        const other = b[element];
        const united = other === undefined ? node : unite(node, other);
        if (united !== node) isSame = false;
        children.push(united === node ? child : [element, united]);
    }
    const kept = children.length;
    for (const child of childrenOf(b)) if (a[child[0]] === undefined) children.push(child);
    if (children.length > kept) children.sort(byElement);
    else if (isSame) return a;
    return nodeOf(member, children) ?? emptySet;
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
    const children: Child[] = [];
    for (const child of childrenOf(a)) {
        const [element, node] = child;
        const kept = changed?.has(element) === true ? changed.get(element) : node;
        if (kept !== undefined) children.push(kept === node ? child : [element, kept]);
    }
    return nodeOf(member, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
    return common(a, b, true) ?? emptySet;
}

function common(a: FieldSet, b: FieldSet, isRoot = false): FieldSet | undefined {
    if (a === b) return a;
    const children: Child[] = [];
    for (const [element, other] of childrenOf(b)) {
        const child = a[element];
        const shared = child && common(child, other);
        if (shared !== undefined) children.push([element, shared]);
    }
    return nodeOf(!isRoot && isMember(a) && isMember(b), children);
}

/** The part of the set at and below one path. */
export function restrictTo(set: FieldSet, path: FieldPath): FieldSet {
    let node = below(set, path);
    for (let i = path.length - 1; i >= 0 && node !== undefined; i--) {
        node = nodeOf(false, [[path[i] ?? '', node]]);
    }
    return node ?? emptySet;
}

/** The set without the paths that have others below them. */
export function leaves(set: FieldSet): FieldSet {
    const children = [...childrenOf(set)].map(([element, child]): Child => [
        element,
        isEmptySet(child) ? child : leaves(child),
    ]);
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
    children: Map<PathElement, Draft> | undefined;
}

/** Collects paths; fastest where one path has most of the one before. */
export class SetBuilder {
    readonly #root: Draft = { member: false, children: undefined };
    /** The last path, and what it leads over: one draft more than it has elements. */
    readonly #path: PathElement[] = [];
    readonly #drafts: Draft[] = [this.#root];

    add(path: FieldPath): void {
        let depth = 0;
        const shared = Math.min(path.length, this.#path.length);
        while (depth < shared && path[depth] === this.#path[depth]) depth++;
        this.#path.length = depth;
        this.#drafts.length = depth + 1;
        let draft = this.#drafts[depth] ?? this.#root;
        for (; depth < path.length; depth++) {
            const element = path[depth] ?? '';
            draft = childOf(draft, element);
            this.#path.push(element);
            this.#drafts.push(draft);
        }
        draft.member = true;
    }

    build(): FieldSet {
        if (this.#root.children === undefined) return emptySet;
        return finish({ ...this.#root, member: false });
    }
}

function childOf(draft: Draft, element: PathElement): Draft {
    const children = (draft.children ??= new Map<PathElement, Draft>());
    let child = children.get(element);
    if (child === undefined) {
        child = { member: false, children: undefined };
        children.set(element, child);
    }
    return child;
}

/** Of a draft that is a member or has children. */
function finish({ member, children }: Draft): FieldSet {
    if (children === undefined) return emptySet;
    const nodes: Child[] = [];
    for (const [element, child] of children) nodes.push([element, finish(child)]);
    return sharedNode(member, nodes.length > 1 ? nodes.sort(byElement) : nodes);
}
