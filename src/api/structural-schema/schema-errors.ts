import type { ErrorObject } from 'ajv';
import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { isRecord, joinPath } from './schema.ts';

/** Errors of one object that are reported. */
const errorsMax = 100;

const compositeKeywords = new Set(['anyOf', 'oneOf', 'not']);

/** What ajv found, in the words of upstream's validator (kube-openapi). `root` is the validated object. */
export function schemaErrors(found: readonly ErrorObject[], root: unknown): SchemaError[] {
    return resolve(found, root).slice(0, errorsMax);
}

/** An error, and where the value is that it is about: names and indexes from the root on. */
export interface SchemaError extends FieldError {
    at: readonly string[];
    /** How many steps of it lead to the outermost of the schemas of allOf, anyOf, oneOf or not that found it. */
    correlatedDepth: number;
}

/** Of alternatives that all failed, only the one that came closest is told. */
function resolve(found: readonly ErrorObject[], root: unknown): SchemaError[] {
    const composites = found.filter(({ keyword }) => compositeKeywords.has(keyword));
    const inside = (error: ErrorObject, composite: ErrorObject): boolean =>
        error.schemaPath.startsWith(`${composite.schemaPath}/`) &&
        error.instancePath.startsWith(composite.instancePath);
    return found.flatMap((error) => {
        if (composites.some((composite) => composite !== error && inside(error, composite))) return [];
        if (!compositeKeywords.has(error.keyword)) return [located(error, root)];
        const branches = found.filter((other) => other !== error && inside(other, error));
        return [located(error, root), ...resolve(closest(branches, error), root)];
    });
}

function closest(errors: readonly ErrorObject[], { schemaPath }: ErrorObject): readonly ErrorObject[] {
    const branches = new Map<string, ErrorObject[]>();
    for (const error of errors) {
        const index = error.schemaPath.slice(schemaPath.length + 1).split('/')[0] ?? '';
        const branch = branches.get(index);
        if (branch === undefined) branches.set(index, [error]);
        else branch.push(error);
    }
    return [...branches.values()].sort((a, b) => a.length - b.length)[0] ?? [];
}

function stepsOf(pointer: string): string[] {
    return pointer
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function located(error: ErrorObject, root: unknown): SchemaError {
    const at = stepsOf(error.instancePath);
    return { ...fieldError(error, root), at, correlatedDepth: depthOf(error.schemaPath) };
}

/** Steps into the value that a path into the schema takes before it enters allOf, anyOf, oneOf or not. */
function depthOf(schemaPath: string): number {
    const [, ...steps] = schemaPath.split('/');
    let depth = 0;
    for (let at = 0; at < steps.length; at++) {
        const step = steps[at];
        if (step === 'properties') at++;
        else if (step !== 'items' && step !== 'additionalProperties') break;
        depth++;
    }
    return depth;
}

/** "/spec/items/0/name" as "spec.items[0].name". */
function pathOf(pointer: string, root: unknown): string {
    let value = root;
    let path = '';
    for (const step of stepsOf(pointer)) {
        path = joinPath(path, Array.isArray(value) ? Number(step) : step);
        value = isRecord(value)
            ? value[step]
            : Array.isArray(value)
              ? (value as unknown[])[Number(step)]
              : undefined;
    }
    return path;
}

/** The name that Go's validator has for the type of a JSON value. */
function typeName(value: unknown): string {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'array';
    if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
    return typeof value;
}

type Describe = (error: ErrorObject, about: { path: string; where: string }) => FieldError;

const invalid =
    (text: (limit: unknown) => string, value?: (data: unknown) => unknown): Describe =>
    ({ data, params }, { path, where }) => {
        const limit: unknown = (params as Record<string, unknown>).limit;
        return fieldErrors.invalid(path, value === undefined ? data : value(data), `${where} ${text(limit)}`);
    };
const lengthOf = (data: unknown): number =>
    Array.isArray(data) ? data.length : isRecord(data) ? Object.keys(data).length : 0;
const limitOf = ({ params }: ErrorObject): number => (params as { limit: number }).limit;
const tooMany: Describe = (error, { path }) =>
    fieldErrors.tooMany(path, lengthOf(error.data), limitOf(error));

const composite =
    (text: (error: ErrorObject) => string): Describe =>
    (error, { path }) =>
        fieldErrors.invalid(path, '', `${JSON.stringify(path === '<nil>' ? '' : path)} ${text(error)}`);

function oneOfText({ params }: ErrorObject): string {
    const { passingSchemas } = params as { passingSchemas: number[] | null };
    const found = passingSchemas === null ? 'none valid' : `${passingSchemas.length} valid alternatives`;
    return `must validate one and only one schema (oneOf). Found ${found}`;
}

const byKeyword: Readonly<Record<string, Describe>> = {
    type: ({ data, schema, parentSchema }, { path, where }) => {
        const types = (Array.isArray(schema) ? schema : [schema]) as string[];
        const wanted = types.filter((type) => type !== 'null');
        const name = wanted.length > 1 || parentSchema === undefined ? wanted.join(',') : (wanted[0] ?? '');
        const given = typeName(data);
        return fieldErrors.typeInvalid(path, given, `${where} must be of type ${name}: "${given}"`);
    },
    format: ({ data, params }, { path, where }) => {
        const { format } = params as { format: string };
        const detail = `${where} must be of type ${format}: ${JSON.stringify(data)}`;
        return fieldErrors.typeInvalid(path, data, detail);
    },
    enum: ({ data, params }, { path }) => {
        const { allowedValues } = params as { allowedValues: unknown[] };
        const texts = allowedValues
            .filter((value) => value !== null)
            .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
        return fieldErrors.notSupported(path, data, texts);
    },
    minimum: invalid((limit) => `should be greater than or equal to ${String(limit)}`),
    maximum: invalid((limit) => `should be less than or equal to ${String(limit)}`),
    exclusiveMinimum: invalid((limit) => `should be greater than ${String(limit)}`),
    exclusiveMaximum: invalid((limit) => `should be less than ${String(limit)}`),
    multipleOf: ({ data, params }, { path, where }) => {
        const { multipleOf } = params as { multipleOf: number };
        return fieldErrors.invalid(path, data, `${where} should be a multiple of ${multipleOf}`);
    },
    minLength: invalid((limit) => `should be at least ${String(limit)} chars long`),
    maxLength: (error, { path }) => fieldErrors.tooLong(path, limitOf(error)),
    pattern: ({ data, params }, { path, where }) => {
        const { pattern } = params as { pattern: string };
        return fieldErrors.invalid(path, data, `${where} should match '${pattern}'`);
    },
    minItems: invalid((limit) => `should have at least ${String(limit)} items`, lengthOf),
    maxItems: tooMany,
    uniqueItems: invalid(() => "shouldn't contain duplicates"),
    minProperties: invalid((limit) => `should have at least ${String(limit)} properties`, lengthOf),
    maxProperties: tooMany,
    anyOf: composite(() => 'must validate at least one schema (anyOf)'),
    oneOf: composite(oneOfText),
    not: composite(() => 'must not validate the schema (not)'),
};

function fieldError(error: ErrorObject, root: unknown): FieldError {
    const own = pathOf(error.instancePath, root);
    if (error.keyword === 'required') {
        const { missingProperty } = error.params as { missingProperty: string };
        return fieldErrors.required(joinPath(own, missingProperty));
    }
    const path = own === '' ? '<nil>' : own;
    const describe = byKeyword[error.keyword];
    if (describe === undefined) return fieldErrors.invalid(path, error.data, error.message ?? error.keyword);
    return describe(error, { path, where: `${own} in body` });
}
