import type { Flavor } from './definitions.ts';
import { gvkExtension, gvkJson, loadDocs, metadataDocs } from './definitions.ts';
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

/** What documents say of the fields that every object has. */
interface MetaDocs {
    apiVersion: string;
    kind: string;
    metadata: string;
    listMetadata: string;
}

let cachedDocs: MetaDocs | undefined;

/** As of any built-in resource. */
function metaDocs(): MetaDocs {
    if (cachedDocs === undefined) {
        const docs = loadDocs();
        const { apiVersion = '', kind = '' } = docs['V1ConfigMap']?.fields ?? {};
        cachedDocs = {
            ...{ apiVersion, kind },
            metadata: metadataDocs.objectMeta,
            listMetadata: metadataDocs.listMeta,
        };
    }
    return cachedDocs;
}

function described(description: string, schema: JsonSchema): JsonSchema {
    return description === '' ? schema : { description, ...schema };
}

function referenceTo(name: string, flavor: Flavor): JsonSchema {
    const $ref = (flavor === 'v2' ? '#/definitions/' : '#/components/schemas/') + name;
    return flavor === 'v2' ? { $ref } : { allOf: [{ $ref }] };
}

const preserveUnknown = 'x-kubernetes-preserve-unknown-fields';
/** What OpenAPI v2 cannot say. */
const onlyInV3 = new Set(['oneOf', 'anyOf', 'allOf', 'not', 'nullable']);

/**
 * Down to what v2 knows. A schema that also takes null, or keeps unknown fields, says nothing of what is inside
 * there: clients that check by these documents would refuse what is allowed.
 */
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
    const keepsUnknown = node[preserveUnknown] === true;
    if (node.nullable === true || keepsUnknown) {
        for (const key of ['properties', 'items']) Reflect.deleteProperty(result, key);
    }
    const isUntyped =
        node.nullable === true ||
        (keepsUnknown && node.type === 'object') ||
        (node.type === 'array' && result['items'] === undefined) ||
        node['x-kubernetes-int-or-string'] === true;
    if (isUntyped) Reflect.deleteProperty(result, 'type');
    return withoutNullable(result, node);
}

/** What may be null is not required there. */
function withoutNullable(result: JsonSchema, { properties, required }: JsonSchema): JsonSchema {
    if (required === undefined) return result;
    const { required: _, ...rest } = result;
    const left = (required as string[]).filter((name) => properties?.[name]?.nullable !== true);
    return left.length === 0 ? rest : { ...rest, required: left };
}

/** Objects inside objects have what every object has; see `x-kubernetes-embedded-resource`. */
function withEmbedded(node: JsonSchema, flavor: Flavor): JsonSchema {
    const result = { ...node };
    if (node.properties !== undefined) {
        result.properties = Object.fromEntries(
            Object.entries(node.properties).map(([name, property]) => [name, withEmbedded(property, flavor)]),
        );
    }
    for (const key of ['items', 'additionalProperties'] as const) {
        const inner = node[key];
        if (typeof inner === 'object') result[key] = withEmbedded(inner, flavor);
    }
    const isHidden = flavor === 'v2' && node[preserveUnknown] === true;
    if (node['x-kubernetes-embedded-resource'] !== true || isHidden) return result;
    const { apiVersion, kind, metadata } = metaDocs();
    const required = (node.required ?? []) as string[];
    return {
        ...result,
        properties: {
            ...result.properties,
            apiVersion: described(apiVersion.replace(/^APIVersion/, 'apiVersion'), { type: 'string' }),
            kind: described(kind.replace(/^Kind/, 'kind'), { type: 'string' }),
            metadata: described(metadata, referenceTo(names.objectMeta, flavor)),
        },
        required: [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))],
    };
}

function objectDefinition(resource: CustomResource, gvk: Record<string, string>, flavor: Flavor): JsonSchema {
    const own = resource.schema;
    // With properties clients would refuse all others.
    if (own === undefined || (flavor === 'v2' && own[preserveUnknown] === true))
        return { type: 'object', [gvkExtension]: [gvk] };
    const shown = withEmbedded(flavor === 'v2' ? toV2(own) : own, flavor);
    const docs = metaDocs();
    return {
        ...shown,
        type: 'object',
        properties: {
            ...shown.properties,
            apiVersion: described(docs.apiVersion, { type: 'string' }),
            kind: described(docs.kind, { type: 'string' }),
            metadata: described(docs.metadata, referenceTo(names.objectMeta, flavor)),
        },
        [gvkExtension]: [gvk],
    };
}

function listDefinition(itemName: string, gvk: Record<string, string>, flavor: Flavor): JsonSchema {
    const docs = metaDocs();
    return {
        description: `A list of objects of kind ${(gvk.kind ?? '').replace(/List$/, '')}.`,
        type: 'object',
        required: ['items'],
        properties: {
            apiVersion: described(docs.apiVersion, { type: 'string' }),
            items: {
                description: 'The objects.',
                type: 'array',
                items: {
                    $ref: (flavor === 'v2' ? '#/definitions/' : '#/components/schemas/') + itemName,
                },
            },
            kind: described(docs.kind, { type: 'string' }),
            metadata: described(docs.listMetadata, referenceTo(names.listMeta, flavor)),
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
