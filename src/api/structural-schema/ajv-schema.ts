import { isIntOrString, isRecord, type JsonRecord, type StructuralSchema, valuesOf } from './schema.ts';
import { stringFormats } from './formats.ts';

const copied = [
    'multipleOf',
    'minLength',
    'maxLength',
    'pattern',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
    'uniqueItems',
    'required',
] as const;

/** The schema in the dialect that ajv speaks (JSON Schema, draft 7), with what validation needs and nothing else. */
export function toAjvSchema(schema: StructuralSchema): JsonRecord {
    const result: JsonRecord = {};
    for (const key of copied) if (schema[key] !== undefined) result[key] = schema[key];
    setTypes(result, schema);
    setBounds(result, schema);
    if (schema.format !== undefined && Object.hasOwn(stringFormats, schema.format))
        result.format = schema.format;
    for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
        const branches = schema[key];
        if (branches !== undefined) result[key] = branches.map(toAjvSchema);
    }
    if (schema.not !== undefined) result.not = toAjvSchema(schema.not);
    if (isRecord(schema.items)) result.items = toAjvSchema(schema.items);
    if (schema.properties !== undefined) result.properties = mapOf(schema.properties);
    const values = valuesOf(schema);
    if (values !== undefined) result.additionalProperties = toAjvSchema(values);
    return result;
}

function mapOf(properties: Readonly<Record<string, StructuralSchema>>): JsonRecord {
    return Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, toAjvSchema(property)]),
    );
}

function setTypes(result: JsonRecord, schema: StructuralSchema): void {
    const { nullable, type } = schema;
    const types = isIntOrString(schema) ? ['integer', 'string'] : type ? [type] : [];
    if (types.length > 0) result.type = nullable === true ? [...types, 'null'] : types;
    if (schema.enum !== undefined && schema.enum.length > 0)
        result.enum = nullable === true ? [...schema.enum, null] : schema.enum;
}

/** OpenAPI's exclusive bounds are flags, JSON Schema's are numbers. */
function setBounds(result: JsonRecord, schema: StructuralSchema): void {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
    if (minimum !== undefined) result[exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = minimum;
    if (maximum !== undefined) result[exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum'] = maximum;
}
