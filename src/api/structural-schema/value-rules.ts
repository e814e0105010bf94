import { deepEqual } from '../meta/deep.ts';
import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { isRecord, type JsonRecord, type StructuralSchema } from './schema.ts';

/** What only the schema outside of allOf, anyOf, oneOf and not may say. */
const mustBeEmpty = ['type', 'title', 'description'] as const;
const mustBeFalse = [
    'nullable',
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-embedded-resource',
    'x-kubernetes-int-or-string',
] as const;
const mustBeUndefined = [
    'additionalProperties',
    'default',
    'externalDocs',
    'x-kubernetes-list-type',
    'x-kubernetes-map-type',
] as const;
const mustBeEmptyLists = ['x-kubernetes-list-map-keys', 'x-kubernetes-validations'] as const;

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

/** What int-or-string fields are usually written with: in anyOf, or in anyOf of the first schema in allOf. */
const integerOrString = [{ type: 'integer' }, { type: 'string' }];

/** Schemas inside of allOf, anyOf, oneOf and not restrict values, and say nothing else. */
export function nestedRules(schema: StructuralSchema, path: string): FieldError[] {
    const [first] = schema.allOf ?? [];
    return branchRules(schema, path, (step) => {
        if (step.startsWith('.anyOf')) return deepEqual(schema.anyOf, integerOrString) ? 'skip' : 'check';
        return step === '.allOf[0]' && deepEqual(first?.anyOf, integerOrString) ? 'skipAnyOf' : 'check';
    });
}

type Treatment = 'check' | 'skip' | 'skipAnyOf';

function branchRules(
    schema: StructuralSchema,
    path: string,
    treatmentOf: (step: string) => Treatment,
): FieldError[] {
    return branchesOf(schema).flatMap(({ schema: branch, step }) => {
        const treatment = treatmentOf(step);
        return treatment === 'skip' ? [] : valueRules(branch, path + step, treatment === 'skipAnyOf');
    });
}

function isEmpty(value: unknown): boolean {
    return value === undefined || (Array.isArray(value) && value.length === 0);
}

function valueRules(schema: StructuralSchema, path: string, skipsAnyOf = false): FieldError[] {
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
        ...mustBeEmptyLists
            .filter((field) => !isEmpty((schema as JsonRecord)[field]))
            .map((field) => fieldErrors.forbidden(`${path}.${field}`, 'must be empty to be structural')),
        ...branchRules(schema, path, (step) => (skipsAnyOf && step.startsWith('.anyOf') ? 'skip' : 'check')),
    ];
    if (isRecord(schema.items)) errors.push(...valueRules(schema.items, `${path}.items`));
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        errors.push(...valueRules(property, `${path}.properties[${name}]`));
    if (schema.properties?.metadata !== undefined) {
        const detail = 'must not be specified in a nested context';
        errors.push(fieldErrors.forbidden(`${path}.properties[metadata]`, detail));
    }
    return errors;
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
