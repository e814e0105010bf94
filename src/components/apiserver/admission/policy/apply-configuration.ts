import type { ResourceDefinition } from '../../../../api/groups/resource.ts';
import {
    concrete,
    type FieldSchema,
    isMap,
    type ListSchema,
    type MapSchema,
} from '../../../../api/managed-fields/field-schema.ts';
import { merge } from '../../../../api/managed-fields/merge.ts';
import { fieldElement, formatPath, type PathElement } from '../../../../api/managed-fields/path-element.ts';
import { joinErrors, validateConfiguration } from '../../../../api/managed-fields/validate.ts';
import type { ApiObject } from '../../../../api/meta/object.ts';
import { configurationSchema, schemaOfType } from '../../registry/managed-fields.ts';

/** What an apply configuration is laid over: an object in a version of its resource, or a subresource's body. */
export interface Original {
    object: ApiObject;
    definition: ResourceDefinition;
    /** Empty for the resource itself. */
    subresource: string;
}

/**
 * The object with a configuration merged into it as server-side apply does, but owned by nobody
 * (apiserver pkg/admission/plugin/policy/mutating/patch/smd.go). Changes neither.
 *
 * A configuration has to fit the type, and may touch nothing that is replaced as a whole: what it does not
 * name of such a list or map would be lost. Throws an Error in upstream's words otherwise.
 */
export function applyConfiguration(original: Original, configuration: object): ApiObject {
    const { object } = original;
    const { apiVersion, kind } = object;
    const applied = { ...configuration, apiVersion, kind };
    const schema = schemaFor(original);
    const errors = validateConfiguration(schema, applied);
    if (errors.length > 0) {
        throw failure(`failed to convert patch object to typed object: ${joinErrors(errors)}`);
    }
    const atomics = findAtomics(schema, applied, []);
    if (atomics.length > 0) {
        const places = atomics.map((path) => formatPath(path)).join(', ');
        throw failure(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${places}`);
    }
    return merge(schema, object, applied) as ApiObject;
}

function failure(why: string): Error {
    return new Error(`error applying patch: ${why}`);
}

function schemaFor({ object, definition, subresource }: Original): FieldSchema {
    if (object.kind === undefined || object.kind === definition.kind) return configurationSchema(definition);
    return schemaOfType(definition.subresources[subresource]?.type ?? '');
}

/** Paths of all that a configuration says of parts that are owned as a whole. Only declared fields can be such. */
function findAtomics(schema: FieldSchema, value: unknown, path: readonly PathElement[]): PathElement[][] {
    const type = concrete(schema, value);
    if (type.kind === 'map' && isMap(value)) return atomicsOfMap(type, value, path);
    if (type.kind === 'list' && Array.isArray(value)) return atomicsOfList(type, value, path);
    return [];
}

function atomicsOfMap(
    schema: MapSchema,
    value: Readonly<Record<string, unknown>>,
    path: readonly PathElement[],
): PathElement[][] {
    const members = Object.entries(value).flatMap(([name, member]) => {
        const field = schema.field(name);
        return field === undefined ? [] : findAtomics(field.schema, member, [...path, fieldElement(name)]);
    });
    return schema.atomic ? [[...path], ...members] : members;
}

function atomicsOfList(
    schema: ListSchema,
    value: readonly unknown[],
    path: readonly PathElement[],
): PathElement[][] {
    const items = value.flatMap((item, index) => findAtomics(schema.items, item, [...path, `i:${index}`]));
    return schema.type === 'atomic' ? [[...path], ...items] : items;
}
