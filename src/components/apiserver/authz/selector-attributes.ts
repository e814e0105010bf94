import type {
    V1FieldSelectorRequirement,
    V1LabelSelectorRequirement,
    V1ResourceAttributes,
} from '../../../api/meta/object.ts';
import { parseFieldSelector } from '../../../api/meta/field-selector.ts';
import { parseLabelRequirements } from '../../../api/meta/label-selector-parser.ts';
import type { ResourceAttributes } from '../authorizer.ts';

/**
 * A request's selectors as a SubjectAccessReview carries them. A selector that cannot be read is left out:
 * it narrows nothing down for the authorizer, and the request fails later.
 */
export function selectorReview({
    fieldSelector,
    labelSelector,
}: ResourceAttributes): Pick<V1ResourceAttributes, 'fieldSelector' | 'labelSelector'> {
    const fields = attempt(() => parseFieldSelector(fieldSelector ?? ''));
    const labels = attempt(() => parseLabelRequirements(labelSelector ?? ''));
    const fieldRequirements = fields.map(({ field, operator, value }): V1FieldSelectorRequirement => ({
        key: field,
        operator: operator === '=' ? 'In' : 'NotIn',
        values: [value],
    }));
    const labelRequirements = labels.flatMap(({ key, operator, values }): V1LabelSelectorRequirement[] => {
        const name = reviewOperators[operator];
        if (name === undefined) return [];
        return [{ key, operator: name, ...(values.length === 0 ? {} : { values: [...values] }) }];
    });
    return {
        ...(fieldRequirements.length === 0 ? {} : { fieldSelector: { requirements: fieldRequirements } }),
        ...(labelRequirements.length === 0 ? {} : { labelSelector: { requirements: labelRequirements } }),
    };
}

/** "gt" and "lt" have no counterpart in a review. */
const reviewOperators: Readonly<Partial<Record<string, string>>> = {
    '=': 'In',
    in: 'In',
    '!=': 'NotIn',
    notin: 'NotIn',
    exists: 'Exists',
    '!': 'DoesNotExist',
};

function attempt<T>(parse: () => T[]): T[] {
    try {
        return parse();
    } catch {
        return [];
    }
}
