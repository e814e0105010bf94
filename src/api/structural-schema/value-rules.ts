import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { isIntOrString, isRecord, type StructuralSchema } from './schema.ts';

/** What only the schema outside of allOf, anyOf, oneOf and not may say. */
const mustBeEmpty = ['type', 'title', 'description'] as const;
const mustBeFalse = [
    'nullable',
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-embedded-resource',
    'x-kubernetes-int-or-string',
] as const;
const mustBeUndefined = [
    'default',
    'additionalProperties',
    'x-kubernetes-list-type',
    'x-kubernetes-map-type',
    'x-kubernetes-list-map-keys',
] as const;

interface Branch {
    schema: StructuralSchema;
    /** ".allOf[0]", ".not" */
    step: string;
}

function branchesOf(schema: StructuralSchema): Branch[] {
    const lists = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((key) =>
        (schema[key] ?? []).map((branch, index) => ({ schema: branch, step: `.${key}[${index}]` })),
    );
    return schema.not === undefined ? lists : [...lists, { schema: schema.not, step: '.not' }];
}

/** Schemas inside of allOf, anyOf, oneOf and not restrict values, and say nothing else. */
export function nestedRules(schema: StructuralSchema, path: string): FieldError[] {
    return branchesOf(schema).flatMap(({ schema: branch, step }) =>
        isIntOrString(schema) && isIntOrStringBranch(branch) ? [] : valueRules(branch, path + step),
    );
}

/** The pattern that int-or-string fields are usually written with: anyOf integer, string. */
function isIntOrStringBranch({ type, ...rest }: StructuralSchema): boolean {
    const isType = type === 'integer' || type === 'string';
    return (
        (isType || rest.anyOf !== undefined) &&
        Object.keys(rest).every((key) => key === 'anyOf' || key === 'pattern')
    );
}

function valueRules(schema: StructuralSchema, path: string): FieldError[] {
    const errors: FieldError[] = [
        ...mustBeEmpty
            .filter((field) => schema[field])
            .map((field) => fieldErrors.forbidden(`${path}.${field}`, 'must be empty to be structural')),
        ...mustBeFalse
            .filter((field) => schema[field] === true)
            .map((field) => fieldErrors.forbidden(`${path}.${field}`, 'must be false to be structural')),
        ...mustBeUndefined
            .filter((field) => schema[field] !== undefined)
            .map((field) => fieldErrors.forbidden(`${path}.${field}`, 'must be undefined to be structural')),
        ...nestedRules(schema, path),
    ];
    if (isRecord(schema.items)) errors.push(...valueRules(schema.items, `${path}.items`));
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (!path.includes('.properties[') && name === 'metadata' && hasContent(property)) {
            errors.push(
                fieldErrors.forbidden(
                    `${path}.properties[metadata]`,
                    'must not be specified in a nested context',
                ),
            );
            continue;
        }
        errors.push(...valueRules(property, `${path}.properties[${name}]`));
    }
    return errors;
}

function hasContent({ properties = {} }: StructuralSchema): boolean {
    return Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName');
}

/** Fields that a nested schema names must be described outside of it too. */
export function completenessRules(schema: StructuralSchema, path: string): FieldError[] {
    return branchesOf(schema).flatMap(({ schema: branch, step }) =>
        missing(branch, schema, { path, branchPath: path + step }),
    );
}

function missing(
    branch: StructuralSchema,
    schema: StructuralSchema,
    { path, branchPath }: { path: string; branchPath: string },
): FieldError[] {
    const errors = branchesOf(branch).flatMap((inner) =>
        missing(inner.schema, schema, { path, branchPath: branchPath + inner.step }),
    );
    if (isRecord(branch.items)) {
        const at = { path: `${path}.items`, branchPath: `${branchPath}.items` };
        errors.push(...(isRecord(schema.items) ? missing(branch.items, schema.items, at) : [because(at)]));
    }
    for (const [name, property] of Object.entries(branch.properties ?? {})) {
        const at = {
            path: `${path}.properties[${name}]`,
            branchPath: `${branchPath}.properties[${name}]`,
        };
        const own = schema.properties?.[name];
        errors.push(...(own === undefined ? [because(at)] : missing(property, own, at)));
    }
    return errors;
}

function because({ path, branchPath }: { path: string; branchPath: string }): FieldError {
    return fieldErrors.required(path, `because it is defined in ${branchPath}`);
}
