import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1JobSpec,
    V1PodFailurePolicyOnExitCodesRequirement,
    V1PodFailurePolicyOnPodConditionsPattern,
    V1PodFailurePolicyRule,
    V1SuccessPolicyRule,
} from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { each, isBlank, items, nonNegative, oneOf, qualifiedName } from '../validation/basic.ts';
import { countIndexes } from './job-indexes.ts';

type Spec = Incomplete<V1JobSpec>;

const rulesMax = 20;
const exitCodesMax = 255;
const conditionPatternsMax = 20;
const succeededIndexesBytesMax = 64 * 1024;

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function atMost(list: readonly unknown[], max: number, path: string): FieldError[] {
    return list.length > max ? [fieldErrors.tooMany(path, list.length, max)] : [];
}

/** As `oneOf`, and where the word is missing the error says which there are. */
function word(value: string | undefined, path: string, supported: readonly string[]): FieldError[] {
    if (!isBlank(value)) return oneOf(value, path, supported);
    const list = supported.map((one) => JSON.stringify(one)).join(' ');
    return [fieldErrors.required(path, `valid values: [${list}]`)];
}

/** What a job makes of pods that failed (batch/validation validatePodFailurePolicy). */
export function validateFailurePolicy(spec: Spec, path: string): FieldError[] {
    const rules = items(spec.podFailurePolicy?.rules);
    const pod = spec.template?.spec;
    const containers = new Set(
        [...items(pod?.containers), ...items(pod?.initContainers)].map(({ name }) => name),
    );
    return [
        ...atMost(rules, rulesMax, `${path}.rules`),
        ...each(rules, `${path}.rules`, (rule, rulePath) => [
            ...validateAction(rule.action, `${rulePath}.action`, spec),
            ...validateExitCodes(rule.onExitCodes, `${rulePath}.onExitCodes`, containers),
            ...validateConditionPatterns(rule.onPodConditions, `${rulePath}.onPodConditions`),
            ...validateOneRequirement(rule, rulePath),
        ]),
    ];
}

function validateAction(action: string | undefined, path: string, spec: Spec): FieldError[] {
    if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
        return [fieldErrors.invalid(path, action, 'requires the backoffLimitPerIndex to be set')];
    }
    return word(action, path, actions);
}

function validateOneRequirement(
    { onExitCodes, onPodConditions }: Incomplete<V1PodFailurePolicyRule>,
    path: string,
): FieldError[] {
    const hasConditions = items(onPodConditions).length > 0;
    if (onExitCodes !== undefined && hasConditions) {
        const detail = 'specifying both OnExitCodes and OnPodConditions is not supported';
        return [fieldErrors.invalidOmitted(path, detail)];
    }
    if (onExitCodes === undefined && !hasConditions) {
        const detail = 'specifying one of OnExitCodes and OnPodConditions is required';
        return [fieldErrors.invalidOmitted(path, detail)];
    }
    return [];
}

function validateConditionPatterns(
    patterns: Incomplete<V1PodFailurePolicyOnPodConditionsPattern>[] | undefined,
    path: string,
): FieldError[] {
    return [
        ...atMost(items(patterns), conditionPatternsMax, path),
        ...each(patterns, path, ({ type, status }, patternPath) => [
            ...qualifiedName(type, `${patternPath}.type`),
            ...word(status, `${patternPath}.status`, ['False', 'True', 'Unknown']),
        ]),
    ];
}

function validateExitCodes(
    requirement: Incomplete<V1PodFailurePolicyOnExitCodesRequirement> | undefined,
    path: string,
    containers: ReadonlySet<string>,
): FieldError[] {
    if (requirement === undefined) return [];
    const { operator, containerName } = requirement;
    const errors = word(operator, `${path}.operator`, ['In', 'NotIn']);
    if (containerName !== undefined && !containers.has(containerName)) {
        const detail = 'must be one of the container or initContainer names in the pod template';
        errors.push(fieldErrors.invalid(`${path}.containerName`, containerName, detail));
    }
    return [...errors, ...validateExitCodeValues(requirement, `${path}.values`)];
}

function validateExitCodeValues(
    { operator, values }: Incomplete<V1PodFailurePolicyOnExitCodesRequirement>,
    path: string,
): FieldError[] {
    const codes = items(values);
    if (codes.length === 0) return [fieldErrors.invalid(path, codes, 'at least one value is required')];
    const errors = atMost(codes, exitCodesMax, path);
    const seen = new Set<number>();
    codes.forEach((code, index) => {
        if (operator === 'In' && code === 0) {
            errors.push(fieldErrors.invalid(`${path}[${index}]`, code, 'must not be 0 for the In operator'));
        }
        if (seen.has(code)) errors.push(fieldErrors.duplicate(`${path}[${index}]`, code));
        seen.add(code);
    });
    const isOrdered = codes.every((code, index) => (codes[index - 1] ?? code) <= code);
    return isOrdered ? errors : [...errors, fieldErrors.invalid(path, codes, 'must be ordered')];
}

/** When some of the indexes suffice (batch/validation validateSuccessPolicy). */
export function validateSuccessPolicy(spec: Spec, path: string): FieldError[] {
    const policy = spec.successPolicy;
    if (policy === undefined) return [];
    if (spec.completionMode !== 'Indexed') {
        return [fieldErrors.invalid(path, policy, 'requires indexed completion mode')];
    }
    const rules = items(policy.rules);
    if (rules.length === 0) {
        const detail = 'at least one rules must be specified when the successPolicy is specified';
        return [fieldErrors.required(`${path}.rules`, detail)];
    }
    const completions = spec.completions ?? 0;
    return [
        ...atMost(rules, rulesMax, `${path}.rules`),
        ...each(rules, `${path}.rules`, (rule, rulePath) => validateSuccessRule(rule, rulePath, completions)),
    ];
}

function validateSuccessRule(
    { succeededCount, succeededIndexes }: Incomplete<V1SuccessPolicyRule>,
    path: string,
    completions: number,
): FieldError[] {
    const errors: FieldError[] = [];
    if (succeededCount === undefined && succeededIndexes === undefined) {
        const detail = 'at least one of succeededCount or succeededIndexes must be specified';
        errors.push(fieldErrors.required(path, detail));
    }
    let total = Number.POSITIVE_INFINITY;
    if (succeededIndexes !== undefined) {
        const indexesPath = `${path}.succeededIndexes`;
        if (succeededIndexes.length > succeededIndexesBytesMax) {
            errors.push(fieldErrors.tooLong(indexesPath, succeededIndexesBytesMax));
        }
        const count = countIndexes(succeededIndexes, completions);
        total = 'total' in count ? count.total : 0;
        if ('problem' in count) {
            const detail = `error parsing succeededIndexes: ${count.problem}`;
            errors.push(fieldErrors.invalid(indexesPath, succeededIndexes, detail));
        }
    }
    errors.push(...nonNegative(succeededCount, `${path}.succeededCount`));
    const limit = (max: number, what: string) => {
        if (succeededCount === undefined || succeededCount <= max) return;
        const detail = `must be less than or equal to ${max} (${what})`;
        errors.push(fieldErrors.invalid(`${path}.succeededCount`, succeededCount, detail));
    };
    limit(completions, 'the number of specified completions');
    limit(total, 'the number of indexes in the specified succeededIndexes field');
    return errors;
}
