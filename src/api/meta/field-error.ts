import type { V1StatusCause } from '../schema/generated/types.ts';

/** Kinds of validation errors, with the sentence upstream starts each with (k8s.io/apimachinery field/errors.go). */
export const fieldErrorTitles = {
    FieldValueRequired: 'Required value',
    FieldValueInvalid: 'Invalid value',
    FieldValueNotSupported: 'Unsupported value',
    FieldValueForbidden: 'Forbidden',
    FieldValueDuplicate: 'Duplicate value',
    FieldValueNotFound: 'Not found',
    FieldValueTooLong: 'Too long',
    FieldValueTooMany: 'Too many',
    FieldValueTypeInvalid: 'Invalid value',
    InternalError: 'Internal error',
} as const;
export type FieldErrorReason = keyof typeof fieldErrorTitles;

/** One thing that is wrong with one field of an object. `field` is a path such as `spec.containers[0].name`. */
export interface FieldError {
    reason: FieldErrorReason;
    field: string;
    /** "Invalid value: -1: must be …", without the path. */
    message: string;
}

/** A value as upstream prints it in messages: strings quoted, the rest as JSON. */
export function formatBadValue(value: unknown): string {
    if (value === undefined || value === null) return 'null';
    return JSON.stringify(value);
}

function withValue(reason: FieldErrorReason, value: unknown, detail: string): string {
    const head = `${fieldErrorTitles[reason]}: ${formatBadValue(value)}`;
    return detail === '' ? head : `${head}: ${detail}`;
}

export const fieldErrors = {
    required: (field: string, detail = ''): FieldError => ({
        reason: 'FieldValueRequired',
        field,
        message:
            detail === ''
                ? fieldErrorTitles.FieldValueRequired
                : `${fieldErrorTitles.FieldValueRequired}: ${detail}`,
    }),
    invalid: (field: string, value: unknown, detail: string): FieldError => ({
        reason: 'FieldValueInvalid',
        field,
        message: withValue('FieldValueInvalid', value, detail),
    }),
    /** Where the value is too large to be shown. */
    invalidOmitted: (field: string, detail: string): FieldError => ({
        reason: 'FieldValueInvalid',
        field,
        message: `${fieldErrorTitles.FieldValueInvalid}: ${detail}`,
    }),
    typeInvalid: (field: string, value: unknown, detail: string): FieldError => ({
        reason: 'FieldValueTypeInvalid',
        field,
        message: withValue('FieldValueTypeInvalid', value, detail),
    }),
    notSupported: (field: string, value: unknown, supported: readonly string[]): FieldError => ({
        reason: 'FieldValueNotSupported',
        field,
        message: withValue(
            'FieldValueNotSupported',
            value,
            supported.length === 0
                ? ''
                : `supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}`,
        ),
    }),
    forbidden: (field: string, detail: string): FieldError => ({
        reason: 'FieldValueForbidden',
        field,
        message:
            detail === ''
                ? fieldErrorTitles.FieldValueForbidden
                : `${fieldErrorTitles.FieldValueForbidden}: ${detail}`,
    }),
    duplicate: (field: string, value: unknown): FieldError => ({
        reason: 'FieldValueDuplicate',
        field,
        message: withValue('FieldValueDuplicate', value, ''),
    }),
    duplicateOmitted: (field: string): FieldError => ({
        reason: 'FieldValueDuplicate',
        field,
        message: fieldErrorTitles.FieldValueDuplicate,
    }),
    notFound: (field: string, value: unknown): FieldError => ({
        reason: 'FieldValueNotFound',
        field,
        message: withValue('FieldValueNotFound', value, ''),
    }),
    tooLong: (field: string, maxBytes: number): FieldError => ({
        reason: 'FieldValueTooLong',
        field,
        message: `${fieldErrorTitles.FieldValueTooLong}: may not be more than ${maxBytes} bytes`,
    }),
    tooMany: (field: string, actual: number, max: number): FieldError => ({
        reason: 'FieldValueTooMany',
        field,
        message: `${fieldErrorTitles.FieldValueTooMany}: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    }),
    internal: (field: string, detail: string): FieldError => ({
        reason: 'InternalError',
        field,
        message: `${fieldErrorTitles.InternalError}: ${detail}`,
    }),
};

/** "spec.replicas: Invalid value: -1: must be …" */
export function formatFieldError(error: FieldError): string {
    return error.field === '' ? error.message : `${error.field}: ${error.message}`;
}

export function fieldErrorCause(error: FieldError): V1StatusCause {
    return { reason: error.reason, message: error.message, field: error.field };
}

/** Several problems as one text, as upstream joins them: "[a, b]"; the same one counts once. */
export function joinProblems(problems: readonly string[]): string {
    const different = [...new Set(problems)];
    return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}
