import type { CelType } from '../cel.ts';

/** What is needed of a schema of an OpenAPI v3 document. */
export interface OpenApiSchema {
    $ref?: string;
    type?: string;
    format?: string;
    allOf?: readonly OpenApiSchema[];
    properties?: Readonly<Record<string, OpenApiSchema>>;
    items?: OpenApiSchema;
    additionalProperties?: OpenApiSchema | boolean;
    'x-kubernetes-int-or-string'?: boolean;
    'x-kubernetes-preserve-unknown-fields'?: boolean;
    'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

const dyn: CelType = { kind: 'dyn' };
const string: CelType = { kind: 'string' };
const references = '#/components/schemas/';

function textType(format: string | undefined): CelType {
    switch (format) {
        case 'date':
        case 'date-time':
            return { kind: 'timestamp' };
        case 'duration':
            return { kind: 'duration' };
        case 'byte':
            return { kind: 'bytes' };
        default:
            return string;
    }
}

/** Types of the expression language, of the schemas of one OpenAPI document. */
export class OpenApiTypes {
    readonly #schemas: Readonly<Record<string, OpenApiSchema>>;
    readonly #known = new Map<string, CelType>();

    /** `schemas` by their names in the document. */
    constructor(schemas: Readonly<Record<string, OpenApiSchema>>) {
        this.#schemas = schemas;
    }

    /** Undefined for a kind that the document does not describe. */
    typeOfKind(group: string, version: string, kind: string): CelType | undefined {
        const found = Object.entries(this.#schemas).find(([, schema]) =>
            schema['x-kubernetes-group-version-kind']?.some(
                (each) => each.group === group && each.version === version && each.kind === kind,
            ),
        );
        return found && this.#named(found[0]);
    }

    #named(name: string): CelType {
        const known = this.#known.get(name);
        if (known) return known;
        const schema = Object.hasOwn(this.#schemas, name) ? this.#schemas[name] : undefined;
        const type = schema ? this.#typeOf(schema, name) : dyn;
        this.#known.set(name, type);
        return type;
    }

    /** What the document does not tell the type of may be anything. */
    #typeOf(schema: OpenApiSchema, name: string): CelType {
        const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
        if (reference?.startsWith(references)) return this.#named(reference.slice(references.length));
        if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return dyn;
        switch (schema.type) {
            case 'boolean':
                return { kind: 'bool' };
            case 'integer':
                return { kind: 'int' };
            case 'number':
                return { kind: 'double' };
            case 'string':
                return textType(schema.format);
            case 'array':
                return { kind: 'list', of: schema.items ? this.#typeOf(schema.items, `${name}.@idx`) : dyn };
            case 'object':
                return this.#objectType(schema, name);
            default:
                return dyn;
        }
    }

    #objectType(schema: OpenApiSchema, name: string): CelType {
        const { properties, additionalProperties } = schema;
        if (properties) return { kind: 'object', name, fields: this.#fields(properties, name) };
        if (typeof additionalProperties === 'object')
            return { kind: 'map', keys: string, of: this.#typeOf(additionalProperties, `${name}.@elem`) };
        return dyn;
    }

    /** Made as they are looked at, for schemas refer to themselves. */
    #fields(properties: Readonly<Record<string, OpenApiSchema>>, name: string): Record<string, CelType> {
        const fields: Record<string, CelType> = {};
        for (const [field, property] of Object.entries(properties)) {
            let type: CelType | undefined;
            Object.defineProperty(fields, field, {
                enumerable: true,
                configurable: true,
                get: () => (type ??= this.#typeOf(property, `${name}.${field}`)),
            });
        }
        return fields;
    }
}
