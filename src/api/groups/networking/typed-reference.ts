import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isPathSegmentName } from '../../meta/names.ts';
import type { V1TypedLocalObjectReference } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { dnsSubdomain, formatErrors } from '../validation/basic.ts';

/** What an ingress or a class of ingresses refers to by group, kind and name. */
export function validateTypedReference(
    reference: Incomplete<V1TypedLocalObjectReference>,
    path: string,
): FieldError[] {
    const { apiGroup } = reference;
    return [
        ...(apiGroup === undefined ? [] : dnsSubdomain(apiGroup, `${path}.apiGroup`)),
        ...(['kind', 'name'] as const).flatMap((field) => {
            const value = reference[field] ?? '';
            return value === ''
                ? [fieldErrors.required(`${path}.${field}`, `${field} is required`)]
                : formatErrors(value, `${path}.${field}`, isPathSegmentName(value));
        }),
    ];
}
