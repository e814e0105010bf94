import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Affinity, V1Container, V1Job, V1JobSpec, V1PodTemplateSpec } from '../../meta/object.ts';
import { labelSelectorMatcher } from '../../meta/selectors.ts';
import { validatePodTemplate } from '../core/pod/validation/pod-spec.ts';
import { dnsLabel, domainPrefixedPath, immutable, nonNegative, optionalOneOf } from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import type { Incomplete } from '../incomplete.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts';
import { hasCondition } from './job-status-validation.ts';

type Spec = Incomplete<V1JobSpec>;

const parallelismMaxIndexed = 100_000;
const failedIndexesMax = 100_000;
const managedByBytesMax = 63;
/** Above so many completions, jobs that count failures per index have closer limits. */
const completionsMany = 100_000;
const perIndexMaxOfMany = 10_000;

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
export function validateJobSpec(spec: Spec | undefined, path: string): FieldError[] {
    return [
        ...counts.flatMap((field) => nonNegative(spec?.[field], `${path}.${field}`)),
        ...(spec?.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
            ? [fieldErrors.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
            : []),
        ...validateManagedBy(spec?.managedBy, `${path}.managedBy`),
        ...validateCompletionMode(spec ?? {}, path),
        ...(spec?.podFailurePolicy === undefined
            ? []
            : validateFailurePolicy(spec, `${path}.podFailurePolicy`)),
        ...validateSuccessPolicy(spec ?? {}, `${path}.successPolicy`),
        ...optionalOneOf(
            spec?.podReplacementPolicy,
            `${path}.podReplacementPolicy`,
            spec?.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'],
        ),
        ...validateTemplate(spec, `${path}.template`),
    ];
}

function validateManagedBy(managedBy: string | undefined, path: string): FieldError[] {
    if (managedBy === undefined) return [];
    const errors = domainPrefixedPath(managedBy, path);
    return managedBy.length > managedByBytesMax
        ? [...errors, fieldErrors.tooLong(path, managedByBytesMax)]
        : errors;
}

function validateCompletionMode(spec: Spec, path: string): FieldError[] {
    const { completionMode } = spec;
    if (completionMode === 'Indexed') return validateIndexed(spec, path);
    const errors = optionalOneOf(completionMode, `${path}.completionMode`, ['NonIndexed', 'Indexed']);
    if (errors.length > 0) return errors;
    return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
        .filter((field) => spec[field] !== undefined)
        .map((field) =>
            fieldErrors.invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'),
        );
}

/** Indexes of a job are listed in its status: there is an end to how many may be in which state. */
function validateIndexed(spec: Spec, path: string): FieldError[] {
    const { completions, maxFailedIndexes = 0 } = spec;
    const errors: FieldError[] = [];
    const limit = (field: 'parallelism' | 'maxFailedIndexes', max: number, suffix: string) => {
        if ((spec[field] ?? 0) <= max) return;
        errors.push(
            fieldErrors.invalid(
                `${path}.${field}`,
                spec[field],
                `must be less than or equal to ${max}${suffix}`,
            ),
        );
    };
    if (completions === undefined) {
        errors.push(fieldErrors.required(`${path}.completions`, 'when completion mode is Indexed'));
    }
    limit('parallelism', parallelismMaxIndexed, ' when completion mode is Indexed');
    if (completions !== undefined && maxFailedIndexes > completions) {
        const detail = 'must be less than or equal to completions';
        errors.push(fieldErrors.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, detail));
    }
    limit('maxFailedIndexes', failedIndexesMax, '');
    if ((completions ?? 0) <= completionsMany || spec.backoffLimitPerIndex === undefined) return errors;
    if (spec.maxFailedIndexes === undefined) {
        const detail = `must be specified when completions is above ${completionsMany}`;
        errors.push(fieldErrors.required(`${path}.maxFailedIndexes`, detail));
    }
    const suffix = ` when completions are above ${completionsMany} and used with backoff limit per index`;
    limit('parallelism', perIndexMaxOfMany, suffix);
    limit('maxFailedIndexes', perIndexMaxOfMany, suffix);
    return errors;
}

function validateTemplate(spec: Spec | undefined, path: string): FieldError[] {
    const errors = validatePodTemplate(spec?.template, path);
    if (spec?.template === undefined) return errors;
    const policyPath = `${path}.spec.restartPolicy`;
    const policy = spec.template.spec?.restartPolicy;
    if (policy === undefined || policy === '' || policy === 'Always') {
        errors.push(fieldErrors.required(policyPath, 'valid values: "OnFailure", "Never"'));
    } else if (policy !== 'OnFailure' && policy !== 'Never') {
        errors.push(fieldErrors.notSupported(policyPath, policy, ['OnFailure', 'Never']));
    } else if (spec.podFailurePolicy !== undefined && policy !== 'Never') {
        const detail = 'only "Never" is supported when podFailurePolicy is specified';
        errors.push(fieldErrors.invalid(policyPath, policy, detail));
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

/** A job whose selector is made for it selects what carries its own labels (validateGeneratedSelector). */
function validateGeneratedSelector({ metadata, spec }: Incomplete<V1Job>): FieldError[] {
    if (spec?.manualSelector === true || spec?.selector === undefined) return [];
    const labels = spec.template?.metadata?.labels ?? {};
    const expected = { 'controller-uid': metadata?.uid ?? '', 'job-name': metadata?.name ?? '' };
    return Object.entries(expected).flatMap(([label, value]) => {
        const path = `spec.template.metadata.labels[${label}]`;
        const detail = `must be '${value}'`;
        if (!Object.hasOwn(labels, label)) return [fieldErrors.required(path, detail)];
        return labels[label] === value ? [] : [fieldErrors.invalid(path, labels, detail)];
    });
}

export function validateJob(job: Incomplete<V1Job>): FieldError[] {
    const { spec } = job;
    const errors = [
        ...validateGeneratedSelector(job),
        ...validateName(job),
        ...validateJobSpec(spec, 'spec'),
    ];
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
function validateCompletions(spec: Spec | undefined, before: Spec | undefined): FieldError[] {
    const path = 'spec.completions';
    const { completions, completionMode, parallelism } = spec ?? {};
    if (completionMode !== 'Indexed') return immutable(completions, before?.completions, path);
    if (completions === undefined || completions === before?.completions || completions === parallelism) {
        return [];
    }
    const detail = 'can only be modified in tandem with spec.parallelism';
    return [fieldErrors.invalid(path, completions, detail)];
}

/** A suspended job of which nothing runs: it was never started, or its suspension is complete. */
function isAtRest({ spec, status }: Incomplete<V1Job>): boolean {
    if (spec?.suspend !== true || (status?.active ?? 0) > 0) return false;
    return status?.startTime === undefined || hasCondition(status, 'Suspended');
}

/** Where pods of a job may go and what they need may still be decided while it is suspended. */
function validateTemplateKept(job: Incomplete<V1Job>, old: Incomplete<V1Job>): FieldError[] {
    const template = job.spec?.template;
    const before = old.spec?.template;
    const allowed = isAtRest(old) && template !== undefined ? withUndecided(before, template) : before;
    return immutable(template, allowed, 'spec.template');
}

/** The old template with what the new one may decide taken from there. */
function withUndecided(
    before: V1PodTemplateSpec | undefined,
    { metadata, spec }: V1PodTemplateSpec,
): V1PodTemplateSpec {
    const old = before?.spec;
    return {
        ...before,
        metadata: {
            ...before?.metadata,
            annotations: metadata?.annotations,
            labels: metadata?.labels,
        },
        spec: {
            ...old,
            containers: withResources(old?.containers, spec?.containers) ?? [],
            initContainers: withResources(old?.initContainers, spec?.initContainers),
            affinity: withNodeAffinity(old?.affinity, spec?.affinity),
            nodeSelector: spec?.nodeSelector,
            tolerations: spec?.tolerations,
            schedulingGates: spec?.schedulingGates,
        },
    };
}

function withNodeAffinity(
    before: V1Affinity | undefined,
    asked: V1Affinity | undefined,
): V1Affinity | undefined {
    const affinity = { ...before, nodeAffinity: asked?.nodeAffinity };
    const isEmpty = Object.values(affinity).every((part) => part === undefined);
    return asked === undefined && isEmpty ? undefined : affinity;
}

function withResources(
    before: V1Container[] | undefined,
    asked: V1Container[] | undefined,
): V1Container[] | undefined {
    return before?.map((container, index) => {
        const resources = asked?.[index]?.resources;
        if (resources === undefined && container.resources === undefined) return container;
        const { requests, limits } = resources ?? {};
        return { ...container, resources: { ...container.resources, requests, limits } };
    });
}
