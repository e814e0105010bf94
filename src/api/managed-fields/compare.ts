import { deepEqual, memberOf } from '../meta/deep.ts';
import {
    concrete,
    type ConcreteSchema,
    type FieldSchema,
    isMap,
    type JsonMap,
    type ListSchema,
    type MapSchema,
    untyped,
} from './field-schema.ts';
import { type FieldSet, SetBuilder } from './field-set.ts';
import { elementOf, groupItems } from './list-elements.ts';
import { type FieldPath, fieldElement, type PathElement } from './path-element.ts';

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

/** An item of a list whose address nobody has asked for yet: most items have not changed. */
interface Unaddressed {
    readonly list: ListSchema;
    readonly item: unknown;
}

interface Walk {
    readonly path: (PathElement | Unaddressed)[];
    readonly added: SetBuilder;
    readonly modified: SetBuilder;
    readonly removed: SetBuilder;
}

/** Where the walk is. */
function pathOf({ path }: Walk): FieldPath {
    for (const [i, step] of path.entries())
        if (typeof step !== 'string') path[i] = elementOf(step.list, step.item);
    return path as PathElement[];
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
    if (before === undefined) walk.added.add(pathOf(walk));
    else if (after === undefined) walk.removed.add(pathOf(walk));
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
    if (before === undefined) walk.added.add(pathOf(walk));
    else if (after === undefined) walk.removed.add(pathOf(walk));
    else if (!deepEqual(before, after)) walk.modified.add(pathOf(walk));
}

/** Stands for the side that is no map. */
const noMembers: JsonMap = {};
/** Stands for a struct that is there although nobody has said so. */
const zeroStruct: JsonMap = {};

function visitMembers(schema: MapSchema, { before, after }: Sides, walk: Walk): void {
    const old = isMap(before) ? before : noMembers;
    const now = isMap(after) ? after : noMembers;
    const at = walk.path.push('') - 1;
    const visitMember = (name: string, sides: Sides): void => {
        if (sides.before === sides.after && sides.after !== undefined) return;
        const field = schema.field(name);
        if (field?.zero !== undefined) {
            const zero = field.zero === 'struct' ? zeroStruct : null;
            if (old !== noMembers) sides.before ??= zero;
            if (now !== noMembers) sides.after ??= zero;
        }
        if (sides.before === sides.after) return;
        walk.path[at] = fieldElement(name);
        visit(field?.schema ?? schema.element ?? untyped, sides, walk);
    };
    for (const name in now) visitMember(name, { before: memberOf(old, name), after: now[name] });
    for (const name in old) {
        if (memberOf(now, name) === undefined) visitMember(name, { before: old[name], after: undefined });
    }
    for (const name of old === noMembers || now === noMembers ? schema.present : []) {
        if (memberOf(now, name) === undefined && memberOf(old, name) === undefined) {
            visitMember(name, { before: undefined, after: undefined });
        }
    }
    walk.path.pop();
}

function visitItems(schema: ListSchema, { before, after }: Sides, walk: Walk): void {
    const oldItems: readonly unknown[] = Array.isArray(before) ? before : [];
    const items: readonly unknown[] = Array.isArray(after) ? after : [];
    if (isAligned(schema, oldItems, items)) {
        visitPairs(schema, { before: oldItems, after: items }, walk);
        return;
    }
    const old = groupItems(schema, oldItems);
    const now = groupItems(schema, items);
    const at = walk.path.push('') - 1;
    for (const element of new Set([...old.keys(), ...now.keys()])) {
        walk.path[at] = element;
        visitGroup(schema, { before: old.get(element) ?? [], after: now.get(element) ?? [] }, walk);
    }
    walk.path.pop();
}

/** Lists of more items are taken apart by their addresses. */
const alignedMax = 24;

/** Whether both lists have the same addresses in the same order, each once, as nearly all have. */
function isAligned(
    { type, keys }: ListSchema,
    before: readonly unknown[],
    after: readonly unknown[],
): boolean {
    if (type !== 'map' || keys.length === 0) return false;
    if (before.length !== after.length || after.length > alignedMax) return false;
    for (const [i, item] of after.entries()) {
        const old = before[i];
        if (!isMap(old) || !isMap(item)) return false;
        if (!keys.every((key) => isPlainKey(item[key]) && item[key] === old[key])) return false;
        for (let k = 0; k < i; k++) {
            const other = after[k] as JsonMap;
            if (keys.every((key) => item[key] === other[key])) return false;
        }
    }
    return true;
}

/** A key that is there, and is told apart by its value alone. */
function isPlainKey(value: unknown): boolean {
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function visitPairs(
    list: ListSchema,
    { before, after }: { before: readonly unknown[]; after: readonly unknown[] },
    walk: Walk,
): void {
    const at = walk.path.push('') - 1;
    for (const [i, item] of after.entries()) {
        walk.path[at] = { list, item };
        visit(list.items, { before: before[i], after: item }, walk);
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
        if (!deepEqual(before, after)) walk.modified.add(pathOf(walk));
    } else if (before.length > 1) {
        if (after.length === 1) visit(schema.items, { before: undefined, after: after[0] }, walk);
        walk.removed.add(pathOf(walk));
    } else {
        if (before.length === 1) visit(schema.items, { before: before[0], after: undefined }, walk);
        walk.added.add(pathOf(walk));
    }
}
