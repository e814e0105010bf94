import { assert } from '../../util/assert.ts';
import type { GroupVersionKind } from '../meta/object.ts';
import { loadAsset } from './assets.ts';
import { fieldOverrides } from './field-overrides.ts';
import { type FieldMerge, mergeSemantics } from './merge-semantics.ts';

/** The type of a field's JSON value. */
export type FieldType =
    | { kind: 'string' }
    | { kind: 'bytes' }
    | { kind: 'date-time' }
    | { kind: 'micro-time' }
    | { kind: 'boolean' }
    | { kind: 'integer'; format: 'int32' | 'int64' }
    | { kind: 'double' }
    | { kind: 'int-or-string' }
    | { kind: 'quantity' }
    /**
     * Any JSON. `published` is the name OpenAPI gives it, `objects` the type of the objects in it (as they
     * are, or in a list) where they have one.
     */
    | { kind: 'opaque'; published: string | undefined; objects: string | undefined }
    | { kind: 'array'; items: FieldType }
    | { kind: 'map'; values: FieldType }
    | { kind: 'ref'; type: string };

export interface FieldSchema {
    type: FieldType;
    required: boolean;
    merge: FieldMerge;
}

export interface TypeSchema {
    /** Name in TypeScript: "V1Pod". */
    name: string;
    /** Name in OpenAPI: "io.k8s.api.core.v1.Pod". */
    openapiName: string;
    gvks: readonly GroupVersionKind[];
    /** True when server-side apply takes the type as a whole. */
    atomic: boolean;
    fields: ReadonlyMap<string, FieldSchema>;
}

/** A served resource, as upstream's request paths show it. */
export interface SchemaResource {
    group: string;
    version: string;
    plural: string;
    singular: string;
    kind: string;
    namespaced: boolean;
    verbs: readonly string[];
    type: string;
    listType?: string;
    subresources: Readonly<Record<string, { verbs: readonly string[]; type?: string }>>;
}

interface RawType {
    name: string;
    gvks?: [string, string, string][];
    /** "name! type;name type" */
    fields: string;
}
/** The schema as its file has it. */
export interface RawSchema {
    types: Record<string, RawType>;
    resources: SchemaResource[];
}

function splitAt(text: string, separator: string): [string, string] {
    const at = text.indexOf(separator);
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

const scalars: Readonly<Record<string, FieldType>> = {
    string: { kind: 'string' },
    'string:byte': { kind: 'bytes' },
    'string:date-time': { kind: 'date-time' },
    'string:micro-time': { kind: 'micro-time' },
    boolean: { kind: 'boolean' },
    'integer:int32': { kind: 'integer', format: 'int32' },
    'integer:int64': { kind: 'integer', format: 'int64' },
    'number:double': { kind: 'double' },
    'int-or-string': { kind: 'int-or-string' },
    quantity: { kind: 'quantity' },
    any: { kind: 'opaque', published: undefined, objects: undefined },
};

function parseFieldType(expression: string): FieldType {
    const scalar = scalars[expression];
    if (scalar) return scalar;
    const [head, tail] = splitAt(expression, ':');
    switch (head) {
        case 'array':
            return { kind: 'array', items: parseFieldType(tail) };
        case 'map':
            return { kind: 'map', values: parseFieldType(tail) };
        case 'ref':
            return { kind: 'ref', type: tail };
        case 'opaque': {
            const [published, objects] = splitAt(tail, ':');
            return { kind: 'opaque', published, objects: objects || undefined };
        }
        default:
            return { kind: 'string' };
    }
}

function parseType(name: string, raw: RawType): TypeSchema {
    const overrides = fieldOverrides[name] ?? {};
    const merge = mergeSemantics(raw.name);
    const fields = new Map<string, FieldSchema>();
    for (const text of raw.fields === '' ? [] : raw.fields.split(';')) {
        const [marked, expression] = splitAt(text, ' ');
        const required = marked.endsWith('!');
        const field = required ? marked.slice(0, -1) : marked;
        fields.set(field, {
            type: parseFieldType(overrides[field] ?? expression),
            required,
            merge: merge.fields.get(field) ?? {},
        });
    }
    const gvks = (raw.gvks ?? []).map(([group, version, kind]) => ({ group, version, kind }));
    return { name, openapiName: raw.name, gvks, atomic: merge.atomic, fields };
}

/** All types of the API. A type is parsed when it is first asked for. */
export class Schema {
    readonly #raw: Record<string, RawType>;
    readonly #types = new Map<string, TypeSchema>();
    readonly #resources: SchemaResource[];

    constructor(raw: RawSchema) {
        this.#raw = raw.types;
        this.#resources = raw.resources;
    }

    get resources(): readonly SchemaResource[] {
        return this.#resources;
    }

    /** Adds types and resources; documents and definitions that were made before do not have them. */
    add({ types, resources }: RawSchema): void {
        Object.assign(this.#raw, types);
        this.#resources.push(...resources);
    }

    /** Undefined for a name that the schema does not know. */
    find(name: string): TypeSchema | undefined {
        const known = this.#types.get(name);
        if (known) return known;
        const raw = Object.hasOwn(this.#raw, name) ? this.#raw[name] : undefined;
        if (raw === undefined) return undefined;
        const type = parseType(name, raw);
        this.#types.set(name, type);
        return type;
    }

    /** The type with this name ("V1Pod"); it must exist. */
    type(name: string): TypeSchema {
        const type = this.find(name);
        assert(type, 'the schema has the type', { name });
        return type;
    }

    /** "io.k8s.api.core.v1.Pod" for "V1Pod", without parsing the type. */
    openApiNameOf(name: string): string {
        const raw = this.#raw[name];
        assert(raw, 'the schema has the type', { name });
        return raw.name;
    }

    typeNames(): string[] {
        return Object.keys(this.#raw);
    }

    /** A type parsed for one passing look, without keeping it. */
    peek(name: string): TypeSchema {
        const raw = this.#raw[name];
        assert(raw, 'the schema has the type', { name });
        return this.#types.get(name) ?? parseType(name, raw);
    }

    /** Name of the type of a group, version and kind. */
    typeNameOf({ group, version, kind }: GroupVersionKind): string | undefined {
        for (const [name, { gvks }] of Object.entries(this.#raw))
            if (gvks?.some(([g, v, k]) => k === kind && v === version && g === group)) return name;
        return undefined;
    }
}

let loaded: Schema | undefined;

/** The schema of the built-in API; read from disk once. */
export function schema(): Schema {
    loaded ??= new Schema(loadAsset('schema.json') as RawSchema);
    return loaded;
}
