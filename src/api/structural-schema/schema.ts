import type { V1JSONSchemaProps } from '../meta/object.ts';

/**
 * The OpenAPI v3 schema of a custom resource's version, as its definition holds it. What the functions of this
 * folder work on is free of what nobody needs to check an object (`withoutDocs`).
 */
export interface StructuralSchema extends Omit<
    V1JSONSchemaProps,
    'items' | 'additionalProperties' | 'properties' | 'allOf' | 'anyOf' | 'oneOf' | 'not'
> {
    items?: StructuralSchema | undefined;
    /** False: no members besides `properties`. */
    additionalProperties?: StructuralSchema | boolean | undefined;
    properties?: Record<string, StructuralSchema> | undefined;
    allOf?: StructuralSchema[] | undefined;
    anyOf?: StructuralSchema[] | undefined;
    oneOf?: StructuralSchema[] | undefined;
    not?: StructuralSchema | undefined;
}

export type JsonRecord = Record<string, unknown>;

/** Members with one of these names are for people. */
const documentation = new Set(['description', 'title', 'example', 'externalDocs']);

export function isRecord(value: unknown): value is JsonRecord {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function preservesUnknown(schema: StructuralSchema): boolean {
    return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

export function isEmbedded(schema: StructuralSchema): boolean {
    return schema['x-kubernetes-embedded-resource'] === true;
}

export function isIntOrString(schema: StructuralSchema): boolean {
    return schema['x-kubernetes-int-or-string'] === true;
}

/** The schema of the values of a map; undefined where there is none of its own. */
export function valuesOf({ additionalProperties }: StructuralSchema): StructuralSchema | undefined {
    return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** A property that the schema itself lists, never one of the prototype's. */
export function propertyOf({ properties }: StructuralSchema, name: string): StructuralSchema | undefined {
    return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of a member: of its property, or of the map's values. */
export function memberSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
    return propertyOf(schema, name) ?? valuesOf(schema);
}

/** A copy without descriptions, titles and examples: most of the bytes of a large definition. */
export function withoutDocs(schema: StructuralSchema): StructuralSchema {
    const copy: JsonRecord = {};
    for (const [key, value] of Object.entries(schema)) {
        if (documentation.has(key) || value === undefined) continue;
        copy[key] = stripMember(key, value);
    }
    return copy;
}

function stripMember(key: string, value: unknown): unknown {
    switch (key) {
        case 'properties':
            return Object.fromEntries(
                Object.entries(value as Record<string, StructuralSchema>).map(([name, property]) => [
                    name,
                    withoutDocs(property),
                ]),
            );
        case 'items':
        case 'not':
        case 'additionalProperties':
            return isRecord(value) ? withoutDocs(value) : value;
        case 'allOf':
        case 'anyOf':
        case 'oneOf':
            return (value as StructuralSchema[]).map(withoutDocs);
        default:
            return value;
    }
}

/** Calls back for the schema and every schema inside it that stands for a part of an object. */
export function walkSchema(
    schema: StructuralSchema,
    visit: (schema: StructuralSchema, path: string) => void,
    path = '',
): void {
    visit(schema, path);
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        walkSchema(property, visit, `${path}.properties[${name}]`);
    if (schema.items !== undefined) walkSchema(schema.items, visit, `${path}.items`);
    const values = valuesOf(schema);
    if (values !== undefined) walkSchema(values, visit, `${path}.additionalProperties`);
}

/** "spec.items[0].name" */
export function joinPath(path: string, step: string | number): string {
    if (typeof step === 'number') return `${path}[${step}]`;
    return path === '' ? step : `${path}.${step}`;
}
