import type { FieldSchema } from './field-schema.ts';
import { type FieldSet, difference, isEmptySet, SetBuilder, union } from './field-set.ts';
import { schemaBelow } from './named-fields.ts';
import type { PathElement } from './path-element.ts';

/** Sets that have been found to fit a type; most writes see the same few again and again. */
const fitting = new WeakMap<FieldSchema, WeakSet<FieldSet>>();

/**
 * A set written when a type was finer than it is today: who owned parts of what is now atomic owns all of it.
 * Returns the same set where nothing has changed.
 */
export function reconcileWithSchema(set: FieldSet, schema: FieldSchema): FieldSet {
    let known = fitting.get(schema);
    if (known === undefined) {
        known = new WeakSet();
        fitting.set(schema, known);
    }
    if (known.has(set)) return set;
    const gone = new SetBuilder();
    const whole = new SetBuilder();
    visit({ node: set, schema, path: [] }, { gone, whole });
    const result = union(difference(set, gone.build()), whole.build());
    known.add(result);
    return result;
}

interface Position {
    node: FieldSet;
    schema: FieldSchema;
    path: readonly PathElement[];
}

function visit({ node, schema, path }: Position, found: { gone: SetBuilder; whole: SetBuilder }): void {
    if (isEmptySet(node)) return;
    const isWhole =
        (schema.kind === 'list' && schema.type === 'atomic') || (schema.kind === 'map' && schema.atomic);
    if (isWhole && path.length > 0) {
        for (const below of everyPath(node, path)) found.gone.add(below);
        found.whole.add(path);
        return;
    }
    for (const [element, child] of Object.entries(node)) {
        if (element === '.') continue;
        visit({ node: child, schema: schemaBelow(schema, element), path: [...path, element] }, found);
    }
}

function everyPath(node: FieldSet, path: readonly PathElement[]): PathElement[][] {
    return Object.entries(node)
        .filter(([element]) => element !== '.')
        .flatMap(([element, child]) => [[...path, element], ...everyPath(child, [...path, element])]);
}
