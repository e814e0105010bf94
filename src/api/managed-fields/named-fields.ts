import {
    concrete,
    type FieldSchema,
    type ListSchema,
    type MapSchema,
    memberSchema,
    untyped,
} from './field-schema.ts';
import { type FieldSet, SetBuilder, isMember } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/**
 * The set with every declared field that has paths below it as a path of its own: whoever owns part of a
 * struct keeps the struct. Keys of maps are not added.
 */
export function withNamedFields(set: FieldSet, schema: FieldSchema): FieldSet {
    const builder = new SetBuilder();
    collect({ node: set, schema, path: [] }, builder);
    return builder.build();
}

function collect(
    { node, schema, path }: { node: FieldSet; schema: FieldSchema; path: readonly PathElement[] },
    builder: SetBuilder,
): void {
    for (const [element, child] of Object.entries(node)) {
        if (element === '.') continue;
        const below = [...path, element];
        const isNamed = schema.kind === 'map' && schema.field(element.slice(2)) !== undefined;
        if (isMember(child) || (isNamed && element.startsWith('f:'))) builder.add(below);
        collect({ node: child, schema: schemaBelow(schema, element), path: below }, builder);
    }
}

/** The type of what an element of a path leads to. */
export function schemaBelow(schema: FieldSchema, element: PathElement): FieldSchema {
    if (element.startsWith('f:')) {
        const map = schema.kind === 'untyped' ? (concrete(schema, {}) as MapSchema) : schema;
        return (map.kind === 'map' ? memberSchema(map, element.slice(2)) : undefined) ?? untyped;
    }
    return schema.kind === 'list' ? (schema satisfies ListSchema).items : untyped;
}
