import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { listRules } from './list-rules.ts';
import { compilePattern } from './pattern.ts';
import {
    isEmbedded,
    isIntOrString,
    isRecord,
    preservesUnknown,
    type StructuralSchema,
    valuesOf,
} from './schema.ts';
import { completenessRules, nestedRules } from './value-rules.ts';

/** Deepest nesting of a schema. */
export const schemaDepthMax = 100;

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported = [
    'id',
    'definitions',
    'dependencies',
    'patternProperties',
    'additionalItems',
    '$ref',
] as const;

type Level = 'root' | 'items' | 'field';
const emptyType: Readonly<Record<Level, string>> = {
    root: 'must not be empty at the root',
    items: 'must not be empty for specified array items',
    field: 'must not be empty for specified object fields',
};

/**
 * Errors that keep a schema from being structural (apiextensions-apiserver pkg/apiserver/schema/validation.go), and
 * what no schema of a definition may have. `path` is where the schema stands.
 */
export function structuralErrors(schema: StructuralSchema, path: string): FieldError[] {
    return [...schemaRules(schema, path, { level: 'root', depth: 0 }), ...rootRules(schema, path)];
}

interface At {
    level: Level;
    depth: number;
}

function schemaRules(schema: StructuralSchema, path: string, at: At): FieldError[] {
    const { depth } = at;
    if (depth > schemaDepthMax) return [fieldErrors.invalid(path, '', 'the schema is nested too deeply')];
    const errors = [
        ...unsupportedRules(schema, path),
        ...typeRules(schema, path, at.level),
        ...extensionRules(schema, path),
        ...(at.level === 'root' || isEmbedded(schema) ? ownTypeRules(schema, path) : []),
        ...listRules(schema, path),
        ...nestedRules(schema, path),
        ...completenessRules(schema, path),
    ];
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        errors.push(
            ...schemaRules(property, `${path}.properties[${name}]`, { level: 'field', depth: depth + 1 }),
        );
    const inner: At = { level: 'items', depth: depth + 1 };
    if (isRecord(schema.items)) errors.push(...schemaRules(schema.items, `${path}.items`, inner));
    const values = valuesOf(schema);
    if (values !== undefined)
        errors.push(
            ...schemaRules(values, `${path}.additionalProperties`, { level: 'field', depth: depth + 1 }),
        );
    return errors;
}

function unsupportedRules(schema: StructuralSchema, path: string): FieldError[] {
    const errors = unsupported
        .filter((name) => schema[name] !== undefined && schema[name] !== '')
        .map((name) => fieldErrors.forbidden(`${path}.${name}`, `${name} is not supported`));
    const { additionalProperties, properties, items, pattern } = schema;
    if (schema.uniqueItems === true)
        errors.push(
            fieldErrors.forbidden(
                `${path}.uniqueItems`,
                'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
            ),
        );
    if (additionalProperties === false)
        errors.push(
            fieldErrors.forbidden(
                `${path}.additionalProperties`,
                'additionalProperties cannot be set to false',
            ),
        );
    else if (additionalProperties !== undefined && Object.keys(properties ?? {}).length > 0)
        errors.push(
            fieldErrors.forbidden(
                `${path}.additionalProperties`,
                'additionalProperties and properties are mutual exclusive',
            ),
        );
    if (Array.isArray(items))
        errors.push(fieldErrors.forbidden(`${path}.items`, 'items must be a schema object and not an array'));
    if (pattern !== undefined && pattern !== '') errors.push(...patternRules(pattern, path));
    return errors;
}

function patternRules(pattern: string, path: string): FieldError[] {
    try {
        compilePattern(pattern);
        return [];
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const detail = `must be a valid regular expression, but isn't: ${why}`;
        return [fieldErrors.invalid(`${path}.pattern`, pattern, detail)];
    }
}

function typeRules(schema: StructuralSchema, path: string, level: Level): FieldError[] {
    const { type = '' } = schema;
    const at = `${path}.type`;
    if (type === 'null')
        return [fieldErrors.forbidden(at, 'type cannot be set to null, use nullable as an alternative')];
    if (type !== '' && !types.includes(type)) return [fieldErrors.notSupported(at, type, types)];
    if (level === 'root' && type !== '' && type !== 'object')
        return [fieldErrors.invalid(at, type, 'must be object at the root')];
    if (isEmbedded(schema) && type !== 'object') {
        const detail = 'must be object if x-kubernetes-embedded-resource is true';
        return [type === '' ? fieldErrors.required(at, detail) : fieldErrors.invalid(at, type, detail)];
    }
    if (isIntOrString(schema) && type !== '')
        return [fieldErrors.invalid(at, type, 'must be empty if x-kubernetes-int-or-string is true')];
    const free = isIntOrString(schema) || preservesUnknown(schema);
    if (type === '' && (!free || level === 'root')) return [fieldErrors.required(at, emptyType[level])];
    if (type === 'array' && schema.items === undefined)
        return [fieldErrors.required(`${path}.items`, 'must be specified')];
    return [];
}

function extensionRules(schema: StructuralSchema, path: string): FieldError[] {
    const errors: FieldError[] = [];
    const flag = 'x-kubernetes-preserve-unknown-fields';
    if (schema[flag] === false)
        errors.push(fieldErrors.invalid(`${path}.${flag}`, false, 'must be true or undefined'));
    if (isIntOrString(schema) && preservesUnknown(schema))
        errors.push(
            fieldErrors.invalid(
                `${path}.${flag}`,
                true,
                'must be false if x-kubernetes-int-or-string is true',
            ),
        );
    if (!isEmbedded(schema)) return errors;
    if (isIntOrString(schema))
        errors.push(
            fieldErrors.invalid(
                `${path}.x-kubernetes-embedded-resource`,
                true,
                'must be false if x-kubernetes-int-or-string is true',
            ),
        );
    if (schema.additionalProperties !== undefined)
        errors.push(
            fieldErrors.forbidden(
                `${path}.additionalProperties`,
                'must not be used if x-kubernetes-embedded-resource is set',
            ),
        );
    if (Object.keys(schema.properties ?? {}).length === 0 && !preservesUnknown(schema))
        errors.push(
            fieldErrors.required(
                `${path}.properties`,
                'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
            ),
        );
    return errors;
}

/** apiVersion, kind and metadata, which every object has, those inside of others too. */
const ownTypes = [
    ['apiVersion', 'string'],
    ['kind', 'string'],
    ['metadata', 'object'],
] as const;

function ownTypeRules({ properties }: StructuralSchema, path: string): FieldError[] {
    return ownTypes.flatMap(([name, wanted]) => {
        const type = properties?.[name]?.type;
        if (type === undefined || type === wanted) return [];
        return [fieldErrors.invalid(`${path}.properties[${name}].type`, type, `must be ${wanted}`)];
    });
}

/** What only the schema of a whole object may not say. */
function rootRules({ properties, additionalProperties }: StructuralSchema, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (isRecord(additionalProperties))
        errors.push(fieldErrors.forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    const metadata = properties?.metadata;
    if (metadata === undefined) return errors;
    const at = `${path}.properties[metadata]`;
    const allowed = new Set(['type', 'properties', 'description', 'title']);
    const names = Object.keys(metadata.properties ?? {});
    const restrictsMore =
        Object.entries(metadata).some(([key, value]) => value !== undefined && !allowed.has(key)) ||
        names.some((name) => name !== 'name' && name !== 'generateName');
    if (restrictsMore)
        errors.push(
            fieldErrors.forbidden(
                at,
                'must not specify anything other than name and generateName, but metadata is implicitly specified',
            ),
        );
    return errors;
}
