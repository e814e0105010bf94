import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1CapacityRequestPolicy,
    V1CapacityRequestPolicyRange,
    V1DeviceCapacity,
} from '../../meta/object.ts';
import { addQuantity, canonicalQuantity, compareQuantity, quantityToBigInt } from '../../meta/quantity.ts';
import type { Incomplete } from '../incomplete.ts';
import { each, items } from '../validation/basic.ts';
import { repeated } from './bounded.ts';
import { limits } from './limits.ts';

const integerMax = 2n ** 63n - 1n;

/** Who may ask for how much of a capacity; only of devices that several claims can share. */
export function validateCapacity(
    { value = '0', requestPolicy }: Incomplete<V1DeviceCapacity>,
    path: string,
    { isShared }: { isShared: boolean },
): FieldError[] {
    const policyPath = `${path}.requestPolicy`;
    if (requestPolicy === undefined) return [];
    if (!isShared) return [fieldErrors.forbidden(policyPath, 'allowMultipleAllocations must be true')];
    return validatePolicy(requestPolicy, policyPath, value);
}

function validatePolicy(
    policy: Incomplete<V1CapacityRequestPolicy>,
    path: string,
    capacity: string,
): FieldError[] {
    const { default: given, validRange, validValues } = policy;
    const hasValues = items(validValues).length > 0;
    if (hasValues && validRange !== undefined) {
        const detail =
            'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
        return [fieldErrors.forbidden(path, detail)];
    }
    if (!hasValues && validRange === undefined) return [];
    if (given === undefined) {
        const kind = hasValues ? 'validValues' : 'validRange';
        return [fieldErrors.required(`${path}.default`, `required when ${kind} is defined`)];
    }
    return validRange === undefined
        ? validateValues(items(validValues), `${path}.validValues`, { given, capacity })
        : validateRange(validRange, `${path}.validRange`, { given, capacity });
}

interface Bounds {
    /** The policy's default. */
    given: string;
    capacity: string;
}

function validateValues(values: readonly string[], path: string, { given, capacity }: Bounds): FieldError[] {
    const unsorted = each(values, path, (value, itemPath, index) => {
        const before = values[index - 1];
        if (before === undefined || compareQuantity(before, value) <= 0) return [];
        return [fieldErrors.invalid(itemPath, shown(value), 'values must be sorted in ascending order')];
    });
    if (values.length > limits.validValuesMax) {
        const tooMany = fieldErrors.tooMany(path, values.length, limits.validValuesMax);
        return [...unsorted, tooMany, notInPolicy(path, given)];
    }
    const errors = [
        ...unsorted,
        ...each(values, path, (value, itemPath) => tooLarge(value, itemPath, { name: 'option', capacity })),
        ...repeated(values, path, (value) => String(quantityToBigInt(value))),
    ];
    const hasDefault = values.some((value) => compareQuantity(value, given) === 0);
    return hasDefault ? errors : [...errors, notInPolicy(path, given)];
}

const shown = (quantity: string): string => canonicalQuantity(quantity);

function notInPolicy(path: string, given: string): FieldError {
    return fieldErrors.invalid(
        path,
        shown(given),
        'default value is not valid according to the requestPolicy',
    );
}

function tooLarge(
    value: string,
    path: string,
    { name, capacity }: { name: string; capacity: string },
): FieldError[] {
    if (compareQuantity(value, capacity) <= 0) return [];
    const detail = `${name} is larger than capacity value: ${shown(capacity)}`;
    return [fieldErrors.invalid(path, shown(value), detail)];
}

function validateRange(
    range: Incomplete<V1CapacityRequestPolicyRange>,
    path: string,
    { given, capacity }: Bounds,
): FieldError[] {
    const { min, max } = range;
    if (min === undefined)
        return [fieldErrors.required(`${path}.min`, 'required when validRange is defined')];
    const errors = tooLarge(min, `${path}.min`, { name: 'min', capacity });
    const defaultPath = `${path}.default`;
    if (compareQuantity(given, min) < 0) {
        errors.push(
            fieldErrors.invalid(defaultPath, shown(given), `default is less than min: ${shown(min)}`),
        );
    }
    if (max !== undefined) {
        if (compareQuantity(min, max) > 0) {
            const detail = `min is larger than max: ${shown(max)}`;
            errors.push(fieldErrors.invalid(`${path}.max`, shown(min), detail));
        }
        errors.push(...tooLarge(max, `${path}.max`, { name: 'max', capacity }));
        if (compareQuantity(given, max) > 0) {
            const detail = `default is more than max: ${shown(max)}`;
            errors.push(fieldErrors.invalid(defaultPath, shown(given), detail));
        }
    }
    return [...errors, ...validateStep({ ...range, min }, path, { given, capacity })];
}

function validateStep(
    { min, max, step }: { min: string; max?: string | undefined; step?: string | undefined },
    path: string,
    { given, capacity }: Bounds,
): FieldError[] {
    const stepPath = `${path}.step`;
    if (step === undefined) return [];
    if (compareQuantity(step, '0') <= 0) {
        return [fieldErrors.invalid(stepPath, shown(step), 'must be greater than zero')];
    }
    const first = addQuantity(min, step);
    const errors: FieldError[] = [];
    if (compareQuantity(first, capacity) > 0) {
        const detail = `one step ${shown(first)} is larger than capacity value: ${shown(capacity)}`;
        errors.push(fieldErrors.invalid(stepPath, shown(step), detail));
    }
    if ([given, min, max ?? '0', step].some((value) => !isCountable(value))) return errors;
    const from = quantityToBigInt(min);
    for (const value of max === undefined ? [given] : [given, max]) {
        if ((quantityToBigInt(value) - from) % quantityToBigInt(step) === 0n) continue;
        const detail = `value is not a multiple of a given step (${shown(step)}) from (${shown(min)})`;
        errors.push(fieldErrors.invalid(stepPath, shown(value), detail));
    }
    return errors;
}

/** Steps are counted in 64 bits. */
function isCountable(quantity: string): boolean {
    const value = quantityToBigInt(quantity);
    return value >= 0n && value <= integerMax;
}
