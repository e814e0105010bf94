import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Job, V1JobSpec, V1PodFailurePolicyRule } from '../../meta/object.ts';
import { labelSelectorMatcher } from '../../meta/selectors.ts';
import { validatePodTemplate } from '../core/pod/validation/pod-spec.ts';
import { dnsLabel, each, immutable, items, nonNegative, oneOf, optionalOneOf } from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import type { Incomplete } from '../incomplete.ts';

const completionsMaxIndexed = 100_000;
const counts = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
] as const;

/** What holds for the spec of a job and for the template of one. */
export function validateJobSpec(spec: Incomplete<V1JobSpec> | undefined, path: string): FieldError[] {
    return [
        ...counts.flatMap((field) => nonNegative(spec?.[field], `${path}.${field}`)),
        ...validateCompletionMode(spec, path),
        ...validateFailurePolicy(spec, `${path}.podFailurePolicy`),
        ...optionalOneOf(spec?.podReplacementPolicy, `${path}.podReplacementPolicy`, [
            'Failed',
            'TerminatingOrFailed',
        ]),
        ...validateTemplate(spec, `${path}.template`),
    ];
}

function validateCompletionMode(spec: Incomplete<V1JobSpec> | undefined, path: string): FieldError[] {
    const { completionMode, completions, parallelism, backoffLimitPerIndex } = spec ?? {};
    const errors = optionalOneOf(completionMode, `${path}.completionMode`, ['Indexed', 'NonIndexed']);
    if (completionMode === 'Indexed') {
        if (completions === undefined) {
            errors.push(fieldErrors.required(`${path}.completions`, 'when completion mode is Indexed'));
        }
        if (parallelism !== undefined && parallelism > completionsMaxIndexed) {
            const detail = `must be less than or equal to ${completionsMaxIndexed} when completion mode is Indexed`;
            errors.push(fieldErrors.invalid(`${path}.parallelism`, parallelism, detail));
        }
    } else if (backoffLimitPerIndex !== undefined) {
        const detail = 'requires indexed completion mode';
        errors.push(fieldErrors.invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, detail));
    }
    if (spec?.maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined) {
        errors.push(
            fieldErrors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'),
        );
    }
    return errors;
}

function validateFailurePolicy(spec: Incomplete<V1JobSpec> | undefined, path: string): FieldError[] {
    const policy = spec?.podFailurePolicy;
    if (policy === undefined) return [];
    const errors = each(policy.rules, `${path}.rules`, validateRule);
    if (spec?.template?.spec?.restartPolicy !== 'Never') {
        const detail = 'only "Never" is supported when podFailurePolicy is specified';
        errors.push(
            fieldErrors.invalid(
                `${path.replace(/\.podFailurePolicy$/, '')}.template.spec.restartPolicy`,
                spec?.template?.spec?.restartPolicy,
                detail,
            ),
        );
    }
    return errors;
}

function validateRule(rule: Incomplete<V1PodFailurePolicyRule>, path: string): FieldError[] {
    const { action, onExitCodes, onPodConditions } = rule;
    const hasConditions = items(onPodConditions).length > 0;
    const errors = oneOf(action, `${path}.action`, ['Count', 'FailIndex', 'FailJob', 'Ignore']);
    if (onExitCodes !== undefined) {
        errors.push(...oneOf(onExitCodes.operator, `${path}.onExitCodes.operator`, ['In', 'NotIn']));
        if (items(onExitCodes.values).length === 0) {
            errors.push(
                fieldErrors.invalid(`${path}.onExitCodes.values`, [], 'at least one value is required'),
            );
        }
        if (hasConditions) {
            const detail = 'specifying both OnExitCodes and OnPodConditions is not supported';
            errors.push(fieldErrors.invalid(path, '', detail));
        }
    } else if (!hasConditions) {
        const detail = 'specifying one of OnExitCodes and OnPodConditions is required';
        errors.push(fieldErrors.invalid(path, '', detail));
    }
    return errors;
}

function validateTemplate(spec: Incomplete<V1JobSpec> | undefined, path: string): FieldError[] {
    const errors = validatePodTemplate(spec?.template, path);
    const policy = spec?.template?.spec?.restartPolicy;
    if (spec?.template !== undefined && (policy === undefined || policy === '' || policy === 'Always')) {
        errors.push(fieldErrors.required(`${path}.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
    }
    return errors;
}

/** Bytes of a name that becomes a label of pods. */
function validateName({ metadata, spec }: Incomplete<V1Job>): FieldError[] {
    if (spec?.completionMode !== 'Indexed' || (spec.completions ?? 0) <= 0) return [];
    // The last pod's host name is the job's name and its index.
    const longest = `${metadata?.name ?? ''}-${(spec.completions ?? 1) - 1}`;
    return dnsLabel(longest, 'metadata.name').length === 0
        ? []
        : [
              fieldErrors.invalid(
                  'metadata.name',
                  metadata?.name,
                  `will not able to create pod with invalid DNS label: ${longest}`,
              ),
          ];
}

export function validateJob(job: Incomplete<V1Job>): FieldError[] {
    const { spec } = job;
    const errors = [...validateJobSpec(spec, 'spec'), ...validateName(job)];
    if (spec?.selector === undefined) return [fieldErrors.required('spec.selector'), ...errors];
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
    const labels = spec.template?.metadata?.labels ?? {};
    if (errors.length === 0 && !labelSelectorMatcher(spec.selector).matches(labels)) {
        const detail = '`selector` does not match template `labels`';
        errors.push(fieldErrors.invalid('spec.template.metadata.labels', labels, detail));
    }
    return errors;
}

export function validateJobUpdate(job: Incomplete<V1Job>, old: Incomplete<V1Job>): FieldError[] {
    const spec = job.spec;
    const before = old.spec;
    return [
        ...validateJob(job),
        ...validateCompletions(spec, before),
        ...immutable(spec?.selector, before?.selector, 'spec.selector'),
        ...validateTemplateKept(job, old),
        ...immutable(spec?.completionMode, before?.completionMode, 'spec.completionMode'),
        ...immutable(spec?.podFailurePolicy, before?.podFailurePolicy, 'spec.podFailurePolicy'),
        ...immutable(spec?.backoffLimitPerIndex, before?.backoffLimitPerIndex, 'spec.backoffLimitPerIndex'),
        ...immutable(spec?.managedBy, before?.managedBy, 'spec.managedBy'),
        ...immutable(spec?.successPolicy, before?.successPolicy, 'spec.successPolicy'),
    ];
}

/** An indexed job grows and shrinks with its parallelism; no other changes its completions. */
function validateCompletions(
    spec: Incomplete<V1JobSpec> | undefined,
    before: Incomplete<V1JobSpec> | undefined,
): FieldError[] {
    const isElastic = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if (isElastic && semanticEqual(before?.completionMode, 'Indexed')) return [];
    return immutable(spec?.completions, before?.completions, 'spec.completions');
}

/** Scheduling of a job that was never started, or is suspended, may still be decided. */
function validateTemplateKept(job: Incomplete<V1Job>, old: Incomplete<V1Job>): FieldError[] {
    const canSchedule = old.spec?.suspend === true && old.status?.startTime === undefined;
    const template = job.spec?.template;
    const before = old.spec?.template;
    if (!canSchedule || template?.spec === undefined) return immutable(template, before, 'spec.template');
    const podSpec = { ...template.spec };
    const beforeSpec = before?.spec;
    podSpec.nodeSelector = beforeSpec?.nodeSelector;
    podSpec.tolerations = beforeSpec?.tolerations;
    podSpec.schedulingGates = beforeSpec?.schedulingGates;
    podSpec.affinity = beforeSpec?.affinity;
    const metadata = {
        ...template.metadata,
        annotations: before?.metadata?.annotations,
        labels: before?.metadata?.labels,
    };
    return immutable({ ...template, metadata, spec: podSpec }, before, 'spec.template');
}
