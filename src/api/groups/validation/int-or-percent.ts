import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { IntOrString } from '../../meta/object.ts';
import { nonNegative } from './basic.ts';

const percentPattern = /^[0-9]+%$/;
const invalidPercent =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A count, or a share such as "25%". */
export function validateIntOrPercent(value: IntOrString | undefined, path: string): FieldError[] {
    if (value === undefined || typeof value === 'number') return nonNegative(value, path);
    return percentPattern.test(value) ? [] : [fieldErrors.invalid(path, value, invalidPercent)];
}

export function percentOf(value: IntOrString | undefined): number | undefined {
    return typeof value === 'string' && percentPattern.test(value) ? Number.parseInt(value, 10) : undefined;
}

export function validateAtMost100Percent(value: IntOrString | undefined, path: string): FieldError[] {
    const percent = percentOf(value);
    return percent !== undefined && percent > 100
        ? [fieldErrors.invalid(path, value, 'must not be greater than 100%')]
        : [];
}

export function isZero(value: IntOrString | undefined): boolean {
    return value === 0 || percentOf(value) === 0;
}
