import { extractSet } from './extract-set.ts';
import { type FieldSchema, isMap, type ListSchema } from './field-schema.ts';
import { type FieldSet, difference, isEmptySet, pathsOf, SetBuilder, union } from './field-set.ts';
import { groupItems } from './list-elements.ts';
import { schemaBelow } from './named-fields.ts';
import type { FieldPath, PathElement } from './path-element.ts';

/** What a set becomes by a type, as far as that does not depend on the object. */
interface Fit {
    /** Without paths into what is atomic. */
    set: FieldSet;
    /** Where the set has a map or list that is owned by parts, but no part of it. */
    bare: readonly { path: FieldPath; schema: FieldSchema }[];
}

/** Most writes see the same few sets again and again. */
const fits = new WeakMap<FieldSchema, WeakMap<FieldSet, Fit>>();

/**
 * A set that was written when the type was another. Who owned parts of what is now atomic owns all of it; who
 * owned as a whole what is now owned by parts owns every part that `value`, the live object, has. Returns the
 * same set where nothing has changed.
 */
export function reconcileWithSchema(set: FieldSet, schema: FieldSchema, value: unknown): FieldSet {
    const fit = fitOf(set, schema);
    if (fit.bare.length === 0) return fit.set;
    const parts = new SetBuilder();
    for (const { path, schema: own } of fit.bare) {
        const found = extractSet(own, valueAt(schema, value, path));
        for (const part of pathsOf(found)) parts.add([...path, ...part]);
    }
    return union(fit.set, parts.build());
}

function fitOf(set: FieldSet, schema: FieldSchema): Fit {
    let known = fits.get(schema);
    if (known === undefined) {
        known = new WeakMap();
        fits.set(schema, known);
    }
    let fit = known.get(set);
    if (fit === undefined) {
        const found: Found = { gone: new SetBuilder(), whole: new SetBuilder(), bare: [] };
        visit({ node: set, schema, path: [] }, found);
        fit = {
            set: union(difference(set, found.gone.build()), found.whole.build()),
            bare: found.bare,
        };
        known.set(set, fit);
    }
    return fit;
}

interface Position {
    node: FieldSet;
    schema: FieldSchema;
    path: FieldPath;
}

interface Found {
    gone: SetBuilder;
    whole: SetBuilder;
    bare: { path: FieldPath; schema: FieldSchema }[];
}

function visit({ node, schema, path }: Position, found: Found): void {
    if (isAtomic(schema) && path.length > 0) {
        for (const part of pathsOf(node)) found.gone.add([...path, ...part]);
        found.whole.add(path);
        return;
    }
    if (isEmptySet(node)) {
        if (schema.kind !== 'scalar' && path.length > 0) found.bare.push({ path, schema });
        return;
    }
    for (const [element, child] of Object.entries(node)) {
        if (element === '.') continue;
        visit({ node: child, schema: schemaBelow(schema, element), path: [...path, element] }, found);
    }
}

function isAtomic(schema: FieldSchema): boolean {
    return (schema.kind === 'list' && schema.type === 'atomic') || (schema.kind === 'map' && schema.atomic);
}

/** What stands at a path; undefined for nothing, and for items that are there twice. */
function valueAt(root: FieldSchema, value: unknown, path: FieldPath): unknown {
    let schema = root;
    let found = value;
    for (const element of path) {
        found = element.startsWith('f:') ? memberOf(found, element.slice(2)) : itemOf(schema, found, element);
        schema = schemaBelow(schema, element);
    }
    return found;
}

function memberOf(value: unknown, name: string): unknown {
    return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function itemOf(schema: FieldSchema, value: unknown, element: PathElement): unknown {
    if (schema.kind !== 'list' || !Array.isArray(value)) return undefined;
    const group = groupItems(schema satisfies ListSchema, value).get(element) ?? [];
    return group.length === 1 ? group[0] : undefined;
}
