import { fieldErrors } from '../../../api/meta/field-error.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import { isReason, type StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';
import type { PatchDocument } from './patch-document.ts';
import { decodeAs, type ExpectedType, reportStrictErrors } from './read-body.ts';
import type { FieldValidation } from './write-options.ts';

export interface Patched {
    /** What applying the document has given; the caller's own. */
    value: unknown;
    expected: ExpectedType;
    fieldValidation: FieldValidation;
}

/** Reads what a patch made of an object. Throws a 422 that quotes it when it is no such object any more. */
export function decodePatched(
    request: ApiRequest,
    document: PatchDocument,
    { value, expected, fieldValidation }: Patched,
): ApiObject {
    const rejected = (message: string): StatusError => {
        // Messages go further than answers do, to audit logs for one.
        const isSecret = expected.kind === 'Secret' && expected.apiVersion === 'v1';
        const quoted = isSecret ? '<secret contents redacted>' : document.quote(value);
        return statusErrors.invalid('', '', '', [fieldErrors.invalid('patch', quoted, message)]);
    };
    let decoded: ReturnType<typeof decodeAs>;
    try {
        decoded = decodeAs(document.keepsType ? retyped(value, expected) : value, expected);
    } catch (error) {
        if (!isReason(error, 'BadRequest')) throw error;
        throw rejected(error.cause instanceof Error ? document.explain(error.cause) : error.message);
    }
    const strictErrors = [...document.strictErrors, ...decoded.unknownFields];
    if (strictErrors.length > 0) reportStrictErrors(request, fieldValidation, strictErrors, rejected);
    return decoded.object;
}

/** With the type that is expected in place of another one; what is no name of a type stays, to be refused. */
function retyped(value: unknown, { apiVersion, kind }: ExpectedType): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const given = value as Record<string, unknown>;
    return {
        ...given,
        ...(typeof given['apiVersion'] === 'string' ? { apiVersion } : {}),
        ...(typeof given['kind'] === 'string' ? { kind } : {}),
    };
}
