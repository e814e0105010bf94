import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isLabelValue, validateLabels } from '../../meta/names.ts';
import type { V1LabelSelector, V1LabelSelectorRequirement } from '../../meta/object.ts';
import { each, formatErrors, isBlank, items, qualifiedName } from './basic.ts';

/** matchLabels and matchExpressions, with upstream's sentences (meta/v1/validation). */
export function validateLabelSelector(selector: V1LabelSelector | undefined, path: string): FieldError[] {
    if (selector === undefined) return [];
    return [
        ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
        ...each(selector.matchExpressions, `${path}.matchExpressions`, validateRequirement),
    ];
}

function validateRequirement(requirement: V1LabelSelectorRequirement, path: string): FieldError[] {
    return [
        ...validateOperator(requirement, path),
        ...qualifiedName(requirement.key, `${path}.key`),
        ...each(requirement.values, `${path}.values`, (value, valuePath) =>
            formatErrors(value, valuePath, isLabelValue(value)),
        ),
    ];
}

function validateOperator({ operator, values }: V1LabelSelectorRequirement, path: string): FieldError[] {
    switch (operator) {
        case 'In':
        case 'NotIn':
            return items(values).length === 0
                ? [
                      fieldErrors.required(
                          `${path}.values`,
                          "must be specified when `operator` is 'In' or 'NotIn'",
                      ),
                  ]
                : [];
        case 'Exists':
        case 'DoesNotExist':
            return items(values).length > 0
                ? [
                      fieldErrors.forbidden(
                          `${path}.values`,
                          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                      ),
                  ]
                : [];
        default:
            return [fieldErrors.invalid(`${path}.operator`, operator, 'not a valid selector operator')];
    }
}

/** True for a selector that matches everything, and for none at all. */
export function isEmptySelector(selector: V1LabelSelector | undefined): boolean {
    return (
        selector === undefined ||
        (Object.keys(selector.matchLabels ?? {}).length === 0 &&
            items(selector.matchExpressions).length === 0)
    );
}

export function requiredKey(key: string | undefined, path: string): FieldError[] {
    return isBlank(key) ? [fieldErrors.required(path)] : qualifiedName(key, path);
}
