import { builtinSchema } from './builtin-schema.ts';
import {
    type FieldOfMap,
    type FieldSchema,
    listSchema,
    mapSchema,
    type MapSchema,
    untyped,
    untypedScalar,
} from './field-schema.ts';

/** What field management reads of a custom resource's schema (OpenAPI v3, structural). */
export interface StructuralSchema {
    type?: string | undefined;
    properties?: Readonly<Record<string, StructuralSchema>> | undefined;
    additionalProperties?: StructuralSchema | boolean | undefined;
    items?: StructuralSchema | undefined;
    default?: unknown;
    'x-kubernetes-list-type'?: string | undefined;
    'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
    'x-kubernetes-map-type'?: string | undefined;
    'x-kubernetes-preserve-unknown-fields'?: boolean | undefined;
    'x-kubernetes-int-or-string'?: boolean | undefined;
    'x-kubernetes-embedded-resource'?: boolean | undefined;
}

const depthMax = 100;
const text: FieldSchema = { kind: 'scalar', type: 'string' };

/** The schema of a custom resource's objects; without a structural schema everything but metadata is untyped. */
export function structuralFieldSchema(structural: StructuralSchema | undefined): MapSchema {
    const translated = translate(structural ?? {}, 0);
    const own = translated.kind === 'map' ? translated : mapSchema({ element: untyped });
    const fixed = objectFields();
    return {
        kind: 'map',
        atomic: false,
        field: (name) => fixed.get(name) ?? own.field(name),
        element: own.element,
        present: ['metadata'],
    };
}

function objectFields(): Map<string, FieldOfMap> {
    return new Map<string, FieldOfMap>([
        ['apiVersion', { schema: text }],
        ['kind', { schema: text }],
        ['metadata', { schema: builtinSchema('V1ObjectMeta') ?? untyped, zero: 'struct' }],
    ]);
}

function translate(schema: StructuralSchema, depth: number): FieldSchema {
    if (depth > depthMax) return untyped;
    if (schema['x-kubernetes-int-or-string'] === true) return untypedScalar;
    switch (schema.type) {
        case 'string':
            return text;
        case 'boolean':
            return { kind: 'scalar', type: 'boolean' };
        case 'integer':
        case 'number':
            return { kind: 'scalar', type: 'numeric' };
        case 'array':
            return translateList(schema, depth);
        case 'object':
            return translateMap(schema, depth);
        default:
            return schema.properties === undefined ? untyped : translateMap(schema, depth);
    }
}

function translateList(schema: StructuralSchema, depth: number): FieldSchema {
    const items = schema.items === undefined ? untyped : translate(schema.items, depth + 1);
    switch (schema['x-kubernetes-list-type']) {
        case 'set':
            return listSchema(items, 'set');
        case 'map':
            return listSchema(items, 'map', schema['x-kubernetes-list-map-keys'] ?? []);
        default:
            return listSchema(items);
    }
}

function translateMap(schema: StructuralSchema, depth: number): FieldSchema {
    const { properties = {}, additionalProperties } = schema;
    const fields = new Map<string, FieldOfMap>();
    for (const [name, property] of Object.entries(properties)) {
        fields.set(name, { schema: translate(property, depth + 1), default: property.default });
    }
    if (schema['x-kubernetes-embedded-resource'] === true) {
        for (const [name, field] of objectFields()) fields.set(name, { schema: field.schema });
    }
    const element = elementOf(schema, additionalProperties, depth);
    const atomic = schema['x-kubernetes-map-type'] === 'atomic';
    return mapSchema({ atomic, fields, ...(element === undefined ? {} : { element }) });
}

function elementOf(
    schema: StructuralSchema,
    additional: StructuralSchema | boolean | undefined,
    depth: number,
): FieldSchema | undefined {
    if (typeof additional === 'object') return translate(additional, depth + 1);
    const isOpen = additional === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
    return isOpen || schema.properties === undefined ? untyped : undefined;
}
