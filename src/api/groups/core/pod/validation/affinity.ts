import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isDns1123Label, isDns1123Subdomain, isLabelValue } from '../../../../meta/names.ts';
import type {
    V1Affinity,
    V1NodeSelector,
    V1NodeSelectorRequirement,
    V1NodeSelectorTerm,
    V1PodAffinity,
    V1PodAffinityTerm,
} from '../../../../meta/object.ts';
import { each, formatErrors, isBlank, items, qualifiedName } from '../../../validation/basic.ts';
import { validateLabelSelector } from '../../../validation/labels.ts';
import { validateLabelKeys } from './label-keys.ts';

const requiredRule = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredRule = 'preferredDuringSchedulingIgnoredDuringExecution';

export function validateAffinity(affinity: V1Affinity | undefined, path: string): FieldError[] {
    if (affinity === undefined) return [];
    const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
    const nodePath = `${path}.nodeAffinity`;
    const errors: FieldError[] = [];
    if (nodeAffinity?.[requiredRule] !== undefined) {
        errors.push(...validateNodeSelector(nodeAffinity[requiredRule], `${nodePath}.${requiredRule}`));
    }
    errors.push(
        ...each(nodeAffinity?.[preferredRule], `${nodePath}.${preferredRule}`, (term, itemPath) => [
            ...validateWeight(term.weight, `${itemPath}.weight`),
            ...validateTerm(term.preference, `${itemPath}.preference`, { checksValues: false }),
        ]),
    );
    return [
        ...errors,
        ...validatePodAffinity(podAffinity, `${path}.podAffinity`),
        ...validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`),
    ];
}

export function validateNodeSelector(selector: V1NodeSelector, path: string): FieldError[] {
    const terms = items(selector.nodeSelectorTerms);
    const termsPath = `${path}.nodeSelectorTerms`;
    if (terms.length === 0) {
        return [fieldErrors.required(termsPath, 'must have at least one node selector term')];
    }
    return each(terms, termsPath, (term, itemPath) => validateTerm(term, itemPath, { checksValues: true }));
}

function validateTerm(
    term: V1NodeSelectorTerm | undefined,
    path: string,
    options: { checksValues: boolean },
): FieldError[] {
    return [
        ...each(term?.matchExpressions, `${path}.matchExpressions`, (requirement, itemPath) =>
            validateLabelRequirement(requirement, itemPath, options),
        ),
        ...each(term?.matchFields, `${path}.matchFields`, validateFieldRequirement),
    ];
}

function validateLabelRequirement(
    { key, operator, values }: V1NodeSelectorRequirement,
    path: string,
    { checksValues }: { checksValues: boolean },
): FieldError[] {
    return [
        ...validateValueCount(operator, items(values).length, path),
        ...qualifiedName(key, `${path}.key`),
        ...each(checksValues ? values : undefined, `${path}.values`, (value, valuePath) =>
            formatErrors(value, valuePath, isLabelValue(value)),
        ),
    ];
}

function validateValueCount(operator: string, count: number, path: string): FieldError[] {
    const valuesPath = `${path}.values`;
    switch (operator) {
        case 'In':
        case 'NotIn': {
            const detail = "must be specified when `operator` is 'In' or 'NotIn'";
            return count === 0 ? [fieldErrors.required(valuesPath, detail)] : [];
        }
        case 'Exists':
        case 'DoesNotExist': {
            const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            return count > 0 ? [fieldErrors.forbidden(valuesPath, detail)] : [];
        }
        case 'Gt':
        case 'Lt': {
            const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            return count === 1 ? [] : [fieldErrors.required(valuesPath, detail)];
        }
        default:
            return [fieldErrors.invalid(`${path}.operator`, operator, 'not a valid selector operator')];
    }
}

function validateFieldRequirement(
    { key, operator, values }: V1NodeSelectorRequirement,
    path: string,
): FieldError[] {
    const errors: FieldError[] = [];
    if (operator !== 'In' && operator !== 'NotIn') {
        errors.push(fieldErrors.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
    } else if (items(values).length !== 1) {
        const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
        errors.push(fieldErrors.required(`${path}.values`, detail));
    }
    if (key !== 'metadata.name') {
        return [...errors, fieldErrors.invalid(`${path}.key`, key, 'not a valid field selector key')];
    }
    return [
        ...errors,
        ...each(values, `${path}.values`, (value, valuePath) =>
            formatErrors(value, valuePath, isDns1123Subdomain(value)),
        ),
    ];
}

function validateWeight(weight: number, path: string): FieldError[] {
    return weight >= 1 && weight <= 100
        ? []
        : [fieldErrors.invalid(path, weight, 'must be in the range 1-100')];
}

function validatePodAffinity(affinity: V1PodAffinity | undefined, path: string): FieldError[] {
    return [
        ...each(affinity?.[requiredRule], `${path}.${requiredRule}`, validatePodTerm),
        ...each(affinity?.[preferredRule], `${path}.${preferredRule}`, (term, itemPath) => [
            ...validateWeight(term.weight, `${itemPath}.weight`),
            ...validatePodTerm(term.podAffinityTerm, `${itemPath}.podAffinityTerm`),
        ]),
    ];
}

function validatePodTerm(term: V1PodAffinityTerm | undefined, path: string): FieldError[] {
    if (term === undefined) return [fieldErrors.required(path)];
    return [
        ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
        ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
        ...items(term.namespaces).flatMap((name) =>
            formatErrors(name, `${path}.namespace`, isDns1123Label(name)),
        ),
        ...validateLabelKeys(term, path),
        ...(isBlank(term.topologyKey)
            ? [fieldErrors.required(`${path}.topologyKey`, 'can not be empty')]
            : []),
        ...qualifiedName(term.topologyKey, `${path}.topologyKey`),
    ];
}
