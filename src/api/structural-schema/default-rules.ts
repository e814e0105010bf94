import { deepClone, deepEqual } from '../meta/deep.ts';
import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { validateListTypes } from './list-types.ts';
import { prune } from './prune.ts';
import { isEmbedded, isRecord, type StructuralSchema, walkSchema } from './schema.ts';
import type { SchemaCompiler } from './validate.ts';

/** Defaults that do not fit their own schema. */
export function defaultErrors(schema: StructuralSchema, path: string, compile: SchemaCompiler): FieldError[] {
    const errors: FieldError[] = [];
    walkSchema(schema, (part, step) => {
        if (part.default === undefined) return;
        errors.push(...errorsOfDefault(part, `${path}${step}.default`, compile));
    });
    return errors;
}

function errorsOfDefault(schema: StructuralSchema, path: string, compile: SchemaCompiler): FieldError[] {
    const value: unknown = schema.default;
    const pruned = deepClone(value);
    if (isRecord(pruned) && !isEmbedded(schema)) prune({ value: pruned }, { properties: { value: schema } });
    else prune(pruned, schema);
    if (!deepEqual(pruned, value)) return [fieldErrors.invalid(path, value, 'must not have unknown fields')];
    const found: FieldError[] = [
        ...compile({ type: 'object', properties: { default: schema } })({ default: value }),
        ...validateListTypes({ default: value }, { type: 'object', properties: { default: schema } }),
    ];
    return found.map(({ reason, message, field }) => ({
        reason,
        message,
        field: path + field.replace(/^default/, ''),
    }));
}
