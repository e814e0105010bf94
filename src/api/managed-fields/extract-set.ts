import {
    concrete,
    type FieldSchema,
    isMap,
    type ListSchema,
    type MapSchema,
    memberSchema,
    untyped,
} from './field-schema.ts';
import { type FieldSet, SetBuilder } from './field-set.ts';
import { groupItems } from './list-elements.ts';
import { fieldElement, type PathElement } from './path-element.ts';

/** The paths of everything that an object says: what the manager who applies it owns. */
export function extractSet(schema: FieldSchema, value: unknown): FieldSet {
    const walk = { path: [], set: new SetBuilder() };
    visit(schema, value, walk);
    return walk.set.build();
}

interface Walk {
    readonly path: PathElement[];
    readonly set: SetBuilder;
}

function visit(schema: FieldSchema, value: unknown, walk: Walk): void {
    const type = concrete(schema, value);
    switch (type.kind) {
        case 'scalar':
            walk.set.add(walk.path);
            return;
        case 'list':
            if (type.type === 'atomic') walk.set.add(walk.path);
            else if (Array.isArray(value)) visitItems(type, value, walk);
            return;
        case 'map':
            if (type.atomic) walk.set.add(walk.path);
            else if (isMap(value)) visitMembers(type, value, walk);
    }
}

function visitItems(schema: ListSchema, items: readonly unknown[], walk: Walk): void {
    for (const [element, group] of groupItems(schema, items)) {
        walk.path.push(element);
        // Duplicates are owned as a whole.
        if (group.length === 1) visit(schema.items, group[0], walk);
        walk.set.add(walk.path);
        walk.path.pop();
    }
}

function visitMembers(schema: MapSchema, value: Readonly<Record<string, unknown>>, walk: Walk): void {
    for (const name in value) {
        const member = value[name];
        if (member === undefined) continue;
        walk.path.push(fieldElement(name));
        visit(memberSchema(schema, name) ?? untyped, member, walk);
        const isNothing = member === null || (isMap(member) && Object.keys(member).length === 0);
        if (isNothing || schema.field(name) === undefined) walk.set.add(walk.path);
        walk.path.pop();
    }
}
