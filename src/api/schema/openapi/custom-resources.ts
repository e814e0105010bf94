import type { Flavor } from './definitions.ts';
import { gvkExtension, gvkJson } from './definitions.ts';
import { type DocumentedResource, type Operation, operationsOf } from './operations.ts';
import { type JsonSchema, names } from './published-types.ts';

/** The custom resources of one group version, as their definitions describe them. */
export interface CustomResourceGroupVersion {
    group: string;
    version: string;
    resources: readonly CustomResource[];
}
export interface CustomResource {
    plural: string;
    kind: string;
    listKind: string;
    namespaced: boolean;
    /** `schema.openAPIV3Schema` of the version. */
    schema: JsonSchema | undefined;
    subresources: readonly ('status' | 'scale')[];
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];
const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** "stable.example.com" is published as "com.example.stable". */
function definitionName(group: string, version: string, kind: string): string {
    return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

const versionDoc = 'Group and version of this representation, as in "apps/v1".';
const kindDoc = 'Which resource the object is, in camel case.';

/** What OpenAPI v2 cannot say. */
const onlyInV3 = new Set(['oneOf', 'anyOf', 'allOf', 'not', 'nullable']);

/** Down to what v2 knows; a schema that also takes null or keeps unknown fields loses its type there. */
function toV2(node: JsonSchema): JsonSchema {
    const result: JsonSchema = {};
    for (const [key, value] of Object.entries(node)) {
        if (onlyInV3.has(key)) continue;
        if (key === 'properties') {
            const properties = value as Record<string, JsonSchema>;
            result.properties = Object.fromEntries(
                Object.entries(properties).map(([name, property]) => [name, toV2(property)]),
            );
        } else if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object')
            result[key] = toV2(value as JsonSchema);
        else if (key !== 'additionalProperties' || typeof value === 'object') result[key] = value;
    }
    if (node.nullable === true || node['x-kubernetes-preserve-unknown-fields'] === true) {
        for (const key of ['type', 'properties', 'items', 'additionalProperties'])
            Reflect.deleteProperty(result, key);
    }
    if (node['x-kubernetes-int-or-string'] === true) Reflect.deleteProperty(result, 'type');
    return result;
}

function objectDefinition(resource: CustomResource, gvk: Record<string, string>, flavor: Flavor): JsonSchema {
    const prefix = flavor === 'v2' ? '#/definitions/' : '#/components/schemas/';
    const meta = { $ref: prefix + names.objectMeta };
    const own = resource.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const shown =
        flavor === 'v2' && own['x-kubernetes-preserve-unknown-fields'] !== true ? toV2(own) : { ...own };
    return {
        ...shown,
        type: 'object',
        properties: {
            ...shown.properties,
            apiVersion: { description: versionDoc, type: 'string' },
            kind: { description: kindDoc, type: 'string' },
            metadata: flavor === 'v2' ? meta : { allOf: [meta] },
        },
        [gvkExtension]: [gvk],
    };
}

function listDefinition(itemName: string, gvk: Record<string, string>, flavor: Flavor): JsonSchema {
    const prefix = flavor === 'v2' ? '#/definitions/' : '#/components/schemas/';
    const meta = { $ref: prefix + names.listMeta };
    return {
        description: `A list of objects of kind ${(gvk.kind ?? '').replace(/List$/, '')}.`,
        type: 'object',
        required: ['items'],
        properties: {
            apiVersion: { description: versionDoc, type: 'string' },
            items: { type: 'array', items: { $ref: prefix + itemName } },
            kind: { description: kindDoc, type: 'string' },
            metadata: flavor === 'v2' ? meta : { allOf: [meta] },
        },
        [gvkExtension]: [gvk],
    };
}

/** Operations and definitions of custom resources, for the documents of either version. */
export function customResources(
    { group, version, resources }: CustomResourceGroupVersion,
    flavor: Flavor,
): { operations: Operation[]; definitions: Map<string, JsonSchema>; references: string[] } {
    const operations: Operation[] = [];
    const definitions = new Map<string, JsonSchema>();
    for (const resource of resources) {
        const { plural, kind, listKind, namespaced } = resource;
        const type = definitionName(group, version, kind);
        const listType = definitionName(group, version, listKind);
        definitions.set(type, objectDefinition(resource, gvkJson(group, version, kind), flavor));
        definitions.set(listType, listDefinition(type, gvkJson(group, version, listKind), flavor));
        const documented: DocumentedResource = {
            group,
            version,
            plural,
            kind,
            namespaced,
            verbs,
            type,
            listType,
            strategicMerge: false,
            subresources: resource.subresources.map((name) => ({
                name,
                verbs: subresourceVerbs,
                type: name === 'scale' ? 'io.k8s.api.autoscaling.v1.Scale' : type,
                gvk: name === 'scale' ? scale : { group, version, kind },
            })),
        };
        operations.push(...operationsOf(documented));
    }
    return { operations, definitions, references: [names.objectMeta, names.listMeta] };
}
