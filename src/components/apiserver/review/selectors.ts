import type { V1ResourceAttributes } from '../../../api/meta/object.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { parseFieldSelector } from '../../../api/meta/field-selector.ts';
import { parseLabelRequirements } from '../../../api/meta/label-selector-parser.ts';
import type { ResourceAttributes } from '../authorizer.ts';

/** Either form of selector that a review may carry; both kinds have the same shape. */
interface Selector {
    rawSelector?: string | undefined;
    requirements?: readonly Requirement[] | undefined;
}
interface Requirement {
    key: string;
    operator: string;
    values?: readonly string[] | undefined;
}

const kinds = ['fieldSelector', 'labelSelector'] as const;

/** What is wrong with the selectors of a review's resource attributes. */
export function selectorErrors(attributes: V1ResourceAttributes): FieldError[] {
    return kinds.flatMap((kind) => {
        const selector: Selector | undefined = attributes[kind];
        return selector === undefined ? [] : errorsOf(selector, `spec.resourceAttributes.${kind}`);
    });
}

function errorsOf({ rawSelector, requirements }: Selector, path: string): FieldError[] {
    if (rawSelector && requirements?.length) {
        return [
            fieldErrors.invalid(
                `${path}.rawSelector`,
                rawSelector,
                'may not specified at the same time as requirements',
            ),
        ];
    }
    if (!rawSelector && !requirements?.length) {
        return [
            fieldErrors.required(
                `${path}.requirements`,
                `when ${path} is specified, requirements or rawSelector is required`,
            ),
        ];
    }
    return (requirements ?? []).flatMap((requirement, index) =>
        requirementErrors(requirement, `${path}.requirements[${index}]`),
    );
}

function requirementErrors({ key, operator, values }: Requirement, path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (key === '') errors.push(fieldErrors.required(`${path}.key`, 'must be specified'));
    const takesValues = operator === 'In' || operator === 'NotIn';
    if (takesValues && !values?.length) {
        errors.push(
            fieldErrors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
        );
    }
    const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
    if (takesNone && values?.length) {
        errors.push(
            fieldErrors.forbidden(
                `${path}.values`,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
        );
    }
    return errors;
}

/** Why a raw selector of the review is passed over; undefined when none is. */
export function selectorError(attributes: V1ResourceAttributes | undefined): string | undefined {
    const problems = [
        problem(() => parseFieldSelector(attributes?.fieldSelector?.rawSelector ?? '')),
        problem(() => parseLabelRequirements(attributes?.labelSelector?.rawSelector ?? '')),
    ].filter((text) => text !== undefined);
    return problems.length === 0 ? undefined : problems.join(', ');
}

function problem(parse: () => unknown): string | undefined {
    try {
        parse();
        return undefined;
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
}

/**
 * The selectors as a request's query would have them. Requirements that a query cannot express are left out:
 * the question is then about more objects, which can only be refused more often.
 */
export function selectorTexts({
    fieldSelector,
    labelSelector,
}: V1ResourceAttributes): Pick<ResourceAttributes, 'fieldSelector' | 'labelSelector'> {
    return {
        fieldSelector: fieldSelector === undefined ? undefined : fieldText(fieldSelector),
        labelSelector: labelSelector === undefined ? undefined : labelText(labelSelector),
    };
}

function fieldText({ rawSelector, requirements }: Selector): string {
    if (!requirements?.length) return rawSelector ?? '';
    return requirements
        .filter(({ operator, values }) => values?.length === 1 && /^(In|NotIn)$/.test(operator))
        .map(
            ({ key, operator, values }) =>
                `${key}${operator === 'In' ? '=' : '!='}${escape(values?.[0] ?? '')}`,
        )
        .join(',');
}

function escape(value: string): string {
    return value.replace(/[\\,=]/g, (character) => `\\${character}`);
}

function labelText({ rawSelector, requirements }: Selector): string {
    if (!requirements?.length) return rawSelector ?? '';
    return requirements
        .map(({ key, operator, values = [] }) => {
            switch (operator) {
                case 'In':
                    return `${key} in (${values.join(',')})`;
                case 'NotIn':
                    return `${key} notin (${values.join(',')})`;
                case 'Exists':
                    return key;
                case 'DoesNotExist':
                    return `!${key}`;
                default:
                    return '';
            }
        })
        .filter((text) => text !== '')
        .join(',');
}
