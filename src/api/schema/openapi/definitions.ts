import { loadAsset } from '../assets.ts';
import type { FieldMerge } from '../merge-semantics.ts';
import { type FieldSchema, type FieldType, schema, type TypeSchema } from '../schema.ts';
import { type JsonSchema, names, publishedTypes } from './published-types.ts';
import { unions } from './unions.ts';

/** Documentation sentences by model. */
export type Docs = Readonly<Record<string, { doc: string; fields: Readonly<Record<string, string>> }>>;

/** Read for one document and dropped after it. */
export function loadDocs(): Docs {
    return loadAsset('docs.json') as Docs;
}

/** Which OpenAPI version is written; they differ in where definitions live and how references look. */
export type Flavor = 'v2' | 'v3';
const prefixes: Readonly<Record<Flavor, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };

const scalarNames: Partial<Record<FieldType['kind'], string>> = {
    'date-time': names.time,
    'micro-time': names.microTime,
    'int-or-string': names.intOrString,
    quantity: names.quantity,
};

/** Defaults that upstream publishes besides the zero values. */
const publishedDefaults: Readonly<Record<string, unknown>> = {
    'io.k8s.api.core.v1.ContainerPort.protocol': 'TCP',
    'io.k8s.api.core.v1.ServicePort.protocol': 'TCP',
};

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
/** What every object and every list has; the models say nothing of fields of other types than their own. */
export const metadataDocs: Readonly<Record<'objectMeta' | 'listMeta', string>> = {
    objectMeta: `Standard object's metadata. More info: ${conventions}#metadata`,
    listMeta: `Standard list metadata. More info: ${conventions}#types-kinds`,
};
const docsOfReferred: Readonly<Record<string, string>> = {
    [names.objectMeta]: metadataDocs.objectMeta,
    [names.listMeta]: metadataDocs.listMeta,
};

/** Turns types of the schema into definitions, and remembers which ones are referred to. */
export class DefinitionWriter {
    readonly flavor: Flavor;
    readonly #docs: Docs;
    /** Published names that are still to be written. */
    readonly #pending: string[] = [];
    readonly #seen = new Set<string>();
    readonly #modelOf = new Map<string, string>();

    constructor(flavor: Flavor, docs: Docs) {
        this.flavor = flavor;
        this.#docs = docs;
        for (const name of schema().typeNames()) this.#modelOf.set(schema().openApiNameOf(name), name);
    }

    /** A reference to a published type, which will then be among the definitions. */
    reference(openapiName: string): JsonSchema {
        if (!this.#seen.has(openapiName)) {
            this.#seen.add(openapiName);
            this.#pending.push(openapiName);
        }
        return { $ref: prefixes[this.flavor] + openapiName };
    }

    /** A reference to a type by its model's name ("V1Pod"). */
    referenceToModel(model: string): JsonSchema {
        return this.reference(schema().openApiNameOf(model));
    }

    /** The definitions of all that was referred to, and of what they refer to, sorted by name. */
    definitions(custom: ReadonlyMap<string, JsonSchema> = new Map()): Record<string, JsonSchema> {
        const written = new Map<string, JsonSchema>();
        for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
            const model = this.#modelOf.get(name);
            const definition =
                model === undefined ? (custom.get(name) ?? this.#published(name)) : this.#definition(model);
            written.set(name, definition);
        }
        return Object.fromEntries([...written].sort(([a], [b]) => (a < b ? -1 : 1)));
    }

    #published(name: string): JsonSchema {
        const type = publishedTypes[name];
        if (type === undefined) return { type: 'object' };
        const { description } = type.schema;
        const base = this.flavor === 'v3' && type.v3 ? { description, ...type.v3 } : type.schema;
        const definition: JsonSchema = { ...base };
        const properties = { ...type.schema.properties };
        for (const [field, target] of Object.entries(type.references ?? {}))
            properties[field] = this.#referring(target, properties[field]?.description ?? '');
        if (Object.keys(properties).length > 0) definition.properties = properties;
        if (name === names.watchEvent) definition[gvkExtension] = everyGroupVersion('WatchEvent');
        return definition;
    }

    /** v2 lets a description stand beside a reference; v3 has to wrap it. */
    #referring(target: string, description: string): JsonSchema {
        const reference = this.reference(target);
        const shown = description === '' ? {} : { description };
        return this.flavor === 'v2' ? { ...shown, ...reference } : { ...shown, allOf: [reference] };
    }

    #definition(model: string): JsonSchema {
        const type = schema().peek(model);
        const docs = this.#docs[model];
        const properties: Record<string, JsonSchema> = {};
        for (const [field, fieldSchema] of type.fields)
            properties[field] = this.#property(type, field, fieldSchema, docs?.fields[field] ?? '');
        const required = [...type.fields].filter(([, field]) => field.required).map(([field]) => field);
        return {
            ...(docs?.doc ? { description: docs.doc } : {}),
            type: 'object',
            ...(type.fields.size > 0 ? { properties } : {}),
            ...(required.length > 0 ? { required } : {}),
            ...(type.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
            ...(unions[type.openapiName] ? { 'x-kubernetes-unions': unions[type.openapiName] } : {}),
            ...gvkExtensionOf(type),
        };
    }

    #property(type: TypeSchema, name: string, field: FieldSchema, description: string): JsonSchema {
        const target = referredName(field.type);
        const property =
            target === undefined
                ? { ...(description === '' ? {} : { description }), ...this.#typeOf(field.type) }
                : this.#referring(target, description || (docsOfReferred[target] ?? ''));
        const published = publishedDefaults[`${type.openapiName}.${name}`] ?? zeroDefault(field);
        return {
            ...property,
            ...(this.flavor === 'v3' && published !== undefined ? { default: published } : {}),
            ...mergeExtensions(field.merge),
        };
    }

    #typeOf(type: FieldType): JsonSchema {
        const target = referredName(type);
        if (target !== undefined) return this.reference(target);
        switch (type.kind) {
            case 'bytes':
                return { type: 'string', format: 'byte' };
            case 'boolean':
                return { type: 'boolean' };
            case 'integer':
                return { type: 'integer', format: type.format };
            case 'double':
                return { type: 'number', format: 'double' };
            case 'array':
                return { type: 'array', items: this.#element(type.items) };
            case 'map':
                return { type: 'object', additionalProperties: this.#element(type.values) };
            case 'opaque':
                return { type: 'object' };
            default:
                return { type: 'string' };
        }
    }

    #element(type: FieldType): JsonSchema {
        const element = this.#typeOf(type);
        if (this.flavor === 'v2') return element;
        if (element.$ref !== undefined)
            return type.kind === 'ref' ? { allOf: [element], default: {} } : { allOf: [element] };
        return type.kind === 'string' ? { ...element, default: '' } : element;
    }
}

function referredName(type: FieldType): string | undefined {
    if (type.kind === 'ref') return schema().openApiNameOf(type.type);
    if (type.kind === 'opaque') return type.published;
    return scalarNames[type.kind];
}

/** Required fields are no pointers in Go, so upstream publishes their zero value as default. */
function zeroDefault({ type, required }: FieldSchema): unknown {
    if (!required) return undefined;
    switch (type.kind) {
        case 'string':
            return '';
        case 'boolean':
            return false;
        case 'integer':
        case 'double':
            return 0;
        case 'ref':
            return {};
        default:
            return undefined;
    }
}

function mergeExtensions(merge: FieldMerge): JsonSchema {
    return {
        ...(merge.listMapKeys ? { 'x-kubernetes-list-map-keys': merge.listMapKeys } : {}),
        ...(merge.listType ? { 'x-kubernetes-list-type': merge.listType } : {}),
        ...(merge.mapType ? { 'x-kubernetes-map-type': merge.mapType } : {}),
        ...(merge.patchMergeKey ? { 'x-kubernetes-patch-merge-key': merge.patchMergeKey } : {}),
        ...(merge.patchStrategy ? { 'x-kubernetes-patch-strategy': merge.patchStrategy.join(',') } : {}),
    };
}

export const gvkExtension = 'x-kubernetes-group-version-kind';

/** Group, kind and version in the order in which upstream writes them. */
export function gvkJson(group: string, version: string, kind: string): Record<string, string> {
    return { group, kind, version };
}

/** Kinds that every group version has. */
export function everyGroupVersion(kind: string): Record<string, string>[] {
    const versions = new Map<string, Record<string, string>>();
    for (const { group, version } of schema().resources)
        versions.set(`${group}/${version}`, gvkJson(group, version, kind));
    return [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gvk]) => gvk);
}

function gvkExtensionOf(type: TypeSchema): JsonSchema {
    if (type.openapiName === names.deleteOptions)
        return { [gvkExtension]: everyGroupVersion('DeleteOptions') };
    if (type.gvks.length === 0) return {};
    return { [gvkExtension]: type.gvks.map(({ group, version, kind }) => gvkJson(group, version, kind)) };
}
