import { type FieldError, fieldErrors } from '../meta/field-error.ts';
import { decodeValue } from '../schema/decode.ts';
import { isDns1035Label, isPathSegmentName } from '../meta/name-formats.ts';
import {
    validateAnnotations,
    validateFinalizers,
    validateLabels,
    validateOwnerReferences,
} from '../meta/object-meta-validation.ts';
import type { V1ObjectMeta } from '../meta/object.ts';
import {
    isEmbedded,
    isRecord,
    type JsonRecord,
    joinPath,
    memberSchema,
    type StructuralSchema,
} from './schema.ts';

/** Errors of the objects inside of an object: each has a type, and metadata as every object does. */
export function validateEmbedded(value: unknown, schema: StructuralSchema, path = ''): FieldError[] {
    if (Array.isArray(value)) {
        const { items } = schema;
        if (items === undefined) return [];
        return value.flatMap((item, index) => embeddedIn(item, items, joinPath(path, index)));
    }
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([name, member]) => {
        const known = memberSchema(schema, name);
        return known === undefined ? [] : embeddedIn(member, known, joinPath(path, name));
    });
}

function embeddedIn(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
    const own = isEmbedded(schema) && isRecord(value) ? embeddedErrors(value, path) : [];
    return [...own, ...validateEmbedded(value, schema, path)];
}

function embeddedErrors(value: JsonRecord, path: string): FieldError[] {
    const errors = [...stringErrors(value.apiVersion, `${path}.apiVersion`)];
    const kindErrors = stringErrors(value.kind, `${path}.kind`);
    errors.push(...kindErrors);
    if (kindErrors.length === 0)
        for (const message of isDns1035Label(String(value.kind).toLowerCase()))
            errors.push(fieldErrors.invalid(`${path}.kind`, value.kind, message));
    const { metadata } = value;
    if (metadata === undefined) return errors;
    if (!isRecord(metadata)) {
        const detail = 'must be an object';
        return [...errors, fieldErrors.invalid(`${path}.metadata`, metadata, detail)];
    }
    return [...errors, ...metadataErrors(metadata, `${path}.metadata`)];
}

function stringErrors(value: unknown, path: string): FieldError[] {
    if (value === undefined || value === '') return [fieldErrors.required(path, 'must not be empty')];
    return typeof value === 'string' ? [] : [fieldErrors.typeInvalid(path, value, 'must be of type string')];
}

function metadataErrors(meta: V1ObjectMeta, path: string): FieldError[] {
    const { name, labels, annotations, ownerReferences, finalizers } = meta;
    return [
        ...isPathSegmentName(typeof name === 'string' ? name : '').map((message) =>
            fieldErrors.invalid(`${path}.name`, name, message),
        ),
        ...validateLabels(labels, `${path}.labels`),
        ...validateAnnotations(annotations, `${path}.annotations`),
        ...validateOwnerReferences(ownerReferences, `${path}.ownerReferences`),
        ...validateFinalizers(finalizers, `${path}.finalizers`),
    ];
}

/**
 * Reads in place the metadata of the objects inside of an object: what metadata does not have goes, and is told of
 * (`unknown field "spec.template.metadata.a"`).
 * @throws Error for metadata, a kind or an apiVersion of another type.
 */
export function coerceEmbedded(value: unknown, schema: StructuralSchema, path = ''): string[] {
    if (Array.isArray(value)) {
        const { items } = schema;
        if (items === undefined) return [];
        return value.flatMap((item, index) => coerceOne(item, items, joinPath(path, index)));
    }
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([name, member]) => {
        const known = memberSchema(schema, name);
        return known === undefined ? [] : coerceOne(member, known, joinPath(path, name));
    });
}

function coerceOne(value: unknown, schema: StructuralSchema, path: string): string[] {
    const own = isEmbedded(schema) && isRecord(value) ? coerceObject(value, path) : [];
    return [...own, ...coerceEmbedded(value, schema, path)];
}

function coerceObject(value: JsonRecord, path: string): string[] {
    for (const name of ['apiVersion', 'kind'] as const) {
        if (value[name] !== undefined && typeof value[name] !== 'string') {
            throw invalid(`${path}.${name}`, value[name], 'must be a string');
        }
    }
    if (value.metadata === undefined) return [];
    const at = `${path}.metadata`;
    try {
        const { value: metadata, unknownFields } = decodeValue('V1ObjectMeta', value.metadata ?? {});
        if (Object.keys(metadata as object).length === 0) Reflect.deleteProperty(value, 'metadata');
        else value.metadata = metadata;
        return unknownFields.map((text) => text.replace('unknown field "', `unknown field "${at}.`));
    } catch (error) {
        throw invalid(at, value.metadata, error instanceof Error ? error.message : String(error));
    }
}

function invalid(path: string, value: unknown, why: string): Error {
    const { field, message } = fieldErrors.invalid(path, value, why);
    return new Error(`${field}: ${message}`);
}
