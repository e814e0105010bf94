import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1LabelSelector } from '../../../../meta/object.ts';
import { each, items, qualifiedName } from '../../../validation/basic.ts';

/** What a term of pod affinity and a topology spread constraint have in common. */
export interface LabelKeys {
    labelSelector?: V1LabelSelector | undefined;
    matchLabelKeys?: string[] | undefined;
    mismatchLabelKeys?: string[] | undefined;
}

/**
 * Keys whose values are taken from the pod's own labels (core/validation
 * validateMatchLabelKeysAndMismatchLabelKeys). The selector of a pod has the requirements made of them already.
 */
export function validateLabelKeys(term: LabelKeys, path: string): FieldError[] {
    const mismatching = new Set(items(term.mismatchLabelKeys));
    return [
        ...validateNames(term, 'matchLabelKeys', path),
        ...validateNames(term, 'mismatchLabelKeys', path),
        ...validateAgainstSelector(term, path),
        ...each(term.matchLabelKeys, `${path}.matchLabelKeys`, (key, itemPath) =>
            mismatching.has(key)
                ? [fieldErrors.invalid(itemPath, key, 'exists in both matchLabelKeys and mismatchLabelKeys')]
                : [],
        ),
    ];
}

function validateNames(
    term: LabelKeys,
    field: 'matchLabelKeys' | 'mismatchLabelKeys',
    path: string,
): FieldError[] {
    const fieldPath = `${path}.${field}`;
    if (items(term[field]).length === 0) return [];
    if (term.labelSelector === undefined) {
        return [fieldErrors.forbidden(fieldPath, 'must not be specified when labelSelector is not set')];
    }
    return each(term[field], fieldPath, qualifiedName);
}

/** The requirement made of a key is one that names it; any other beside it is the author's. */
function validateAgainstSelector({ labelSelector, matchLabelKeys }: LabelKeys, path: string): FieldError[] {
    const positions = new Map(items(matchLabelKeys).map((key, index) => [key, index]));
    const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
    return items(labelSelector?.matchExpressions).flatMap(({ key }) => {
        const position = positions.get(key);
        const isRepeated = seen.has(key);
        seen.add(key);
        return position !== undefined && isRepeated
            ? [
                  fieldErrors.invalid(
                      `${path}[${position}]`,
                      key,
                      'exists in both matchLabelKeys and labelSelector',
                  ),
              ]
            : [];
    });
}
