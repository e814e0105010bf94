import { deepEqual, memberOf } from '../meta/deep.ts';
import {
    concrete,
    type ConcreteSchema,
    type FieldSchema,
    isMap,
    type JsonMap,
    type ListSchema,
    type MapSchema,
    memberSchema,
    untyped,
} from './field-schema.ts';
import { type FieldSet, SetBuilder } from './field-set.ts';
import { groupItems } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

/** What differs between two objects. */
export interface Comparison {
    added: FieldSet;
    modified: FieldSet;
    removed: FieldSet;
}

/** Compares by the schema: atomic values as a whole, lists by the addresses of their items. */
export function compare(schema: FieldSchema, before: unknown, after: unknown): Comparison {
    const walk: Walk = {
        path: [],
        added: new SetBuilder(),
        modified: new SetBuilder(),
        removed: new SetBuilder(),
    };
    visit(schema, { before, after }, walk);
    return {
        added: walk.added.build(),
        modified: walk.modified.build(),
        removed: walk.removed.build(),
    };
}

interface Walk {
    readonly path: PathElement[];
    readonly added: SetBuilder;
    readonly modified: SetBuilder;
    readonly removed: SetBuilder;
}

/** Absent is undefined; null is a value. */
interface Sides {
    before: unknown;
    after: unknown;
}

function visit(schema: FieldSchema, sides: Sides, walk: Walk): void {
    const { before, after } = sides;
    if (before === after) return;
    const old = concrete(schema, before);
    const now = concrete(schema, after);
    let isLeaf: boolean;
    if (after === undefined) isLeaf = visitAs(old, sides, walk);
    else {
        // Where the kind of an untyped value changes, both are looked at.
        if (before !== undefined && old.kind !== now.kind) visitAs(old, sides, walk);
        isLeaf = visitAs(now, sides, walk);
    }
    if (isLeaf) return;
    if (before === undefined) walk.added.add(walk.path);
    else if (after === undefined) walk.removed.add(walk.path);
}

/** True when the value was taken as a whole. */
function visitAs(schema: ConcreteSchema, sides: Sides, walk: Walk): boolean {
    if (schema.kind === 'scalar' || isWhole(schema, sides)) {
        compareWhole(sides, walk);
        return true;
    }
    if (schema.kind === 'list') visitItems(schema, sides, walk);
    else visitMembers(schema, sides, walk);
    return false;
}

/** Nothing on both sides counts as a whole, which tells null from empty. */
function isWhole(schema: ListSchema | MapSchema, { before, after }: Sides): boolean {
    const isAtomic = schema.kind === 'list' ? schema.type === 'atomic' : schema.atomic;
    return isAtomic || (isNothing(before) && isNothing(after));
}

function isNothing(value: unknown): boolean {
    if (Array.isArray(value)) return value.length === 0;
    if (!isMap(value)) return true;
    for (const name in value) if (value[name] !== undefined) return false;
    return true;
}

function compareWhole({ before, after }: Sides, walk: Walk): void {
    if (before === undefined) walk.added.add(walk.path);
    else if (after === undefined) walk.removed.add(walk.path);
    else if (!deepEqual(before, after)) walk.modified.add(walk.path);
}

/** Stands for the side that is no map. */
const noMembers: JsonMap = {};
/** Stands for a struct that is there although nobody has said so. */
const zeroStruct: JsonMap = {};

function visitMembers(schema: MapSchema, { before, after }: Sides, walk: Walk): void {
    const old = isMap(before) ? before : noMembers;
    const now = isMap(after) ? after : noMembers;
    const at = walk.path.push('') - 1;
    const visitMember = (name: string): void => {
        const sides = { before: memberOf(old, name), after: memberOf(now, name) };
        const field = schema.field(name);
        if (field?.zero !== undefined) {
            const zero = field.zero === 'struct' ? zeroStruct : null;
            if (old !== noMembers) sides.before ??= zero;
            if (now !== noMembers) sides.after ??= zero;
        }
        if (sides.before === sides.after) return;
        walk.path[at] = fieldElement(name);
        visit(memberSchema(schema, name) ?? untyped, sides, walk);
    };
    for (const name in now) visitMember(name);
    for (const name in old) if (memberOf(now, name) === undefined) visitMember(name);
    for (const name of schema.present) {
        if (memberOf(now, name) === undefined && memberOf(old, name) === undefined) visitMember(name);
    }
    walk.path.pop();
}

function visitItems(schema: ListSchema, { before, after }: Sides, walk: Walk): void {
    const old = groupItems(schema, Array.isArray(before) ? before : []);
    const now = groupItems(schema, Array.isArray(after) ? after : []);
    const at = walk.path.push('') - 1;
    for (const element of new Set([...old.keys(), ...now.keys()])) {
        walk.path[at] = element;
        visitGroup(schema, { before: old.get(element) ?? [], after: now.get(element) ?? [] }, walk);
    }
    walk.path.pop();
}

/** Items that are there twice are compared, and owned, as a whole. */
function visitGroup(
    schema: ListSchema,
    { before, after }: { before: readonly unknown[]; after: readonly unknown[] },
    walk: Walk,
): void {
    if (before.length <= 1 && after.length <= 1) {
        visit(schema.items, { before: before[0], after: after[0] }, walk);
    } else if (before.length > 1 && after.length > 1) {
        if (!deepEqual(before, after)) walk.modified.add(walk.path);
    } else if (before.length > 1) {
        if (after.length === 1) visit(schema.items, { before: undefined, after: after[0] }, walk);
        walk.removed.add(walk.path);
    } else {
        if (before.length === 1) visit(schema.items, { before: before[0], after: undefined }, walk);
        walk.added.add(walk.path);
    }
}
