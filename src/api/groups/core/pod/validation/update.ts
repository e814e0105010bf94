import { deepEqual, semanticEqual } from '../../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type {
    V1Affinity,
    V1Container,
    V1NodeSelectorTerm,
    V1Pod,
    V1PodSpec,
} from '../../../../meta/object.ts';
import { inclusiveRange, int32Max, isBlank, items } from '../../../validation/basic.ts';
import { validateOnlyAddedTolerations, validateOnlyDeletedGates } from './scheduling.ts';
import { validateImagePadding } from './pod-spec.ts';

const updatableFields = [
    '`spec.containers[*].image`',
    '`spec.initContainers[*].image`',
    '`spec.activeDeadlineSeconds`',
    '`spec.tolerations` (only additions to existing tolerations)',
    '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/** What may change in the spec of a pod that exists (core/validation ValidatePodUpdate). */
export function validatePodSpecUpdate(pod: V1Pod, old: V1Pod): FieldError[] {
    const spec = pod.spec ?? { containers: [] };
    const oldSpec = old.spec ?? { containers: [] };
    const errors: FieldError[] = [];
    for (const field of ['containers', 'initContainers'] as const) {
        const path = `spec.${field}`;
        if (items(spec[field]).length !== items(oldSpec[field]).length) {
            return [...errors, fieldErrors.forbidden(path, 'pod updates may not add or remove containers')];
        }
        errors.push(...validateImages(items(spec[field]), path));
    }
    errors.push(
        ...validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds),
        ...validateOnlyAddedTolerations(spec.tolerations, oldSpec.tolerations, 'spec.tolerations'),
        ...validateOnlyDeletedGates(spec.schedulingGates, oldSpec.schedulingGates, 'spec.schedulingGates'),
    );
    if (deepEqual(spec, oldSpec)) return errors;
    const gated = items(oldSpec.schedulingGates).length > 0;
    if (gated) errors.push(...validateGatedUpdate(spec, oldSpec));
    const comparable = withOldMutableFields(spec, oldSpec, gated);
    if (!semanticEqual(comparable, oldSpec)) {
        errors.push(
            fieldErrors.forbidden(
                'spec',
                `pod updates may not change fields other than ${updatableFields.join(',')}\n${differences(comparable, oldSpec)}`,
            ),
        );
    }
    return errors;
}

function validateImages(containers: readonly V1Container[], path: string): FieldError[] {
    return [
        ...containers.flatMap(({ image }, index) =>
            isBlank(image) ? [fieldErrors.required(`${path}[${index}].image`)] : [],
        ),
        ...validateImagePadding(containers, path),
    ];
}

function validateDeadline(seconds: number | undefined, old: number | undefined): FieldError[] {
    const path = 'spec.activeDeadlineSeconds';
    if (seconds === undefined) {
        const detail = 'must not update from a positive integer to nil value';
        return old === undefined ? [] : [fieldErrors.invalid(path, undefined, detail)];
    }
    if (seconds < 0 || seconds > int32Max) {
        return [fieldErrors.invalid(path, seconds, inclusiveRange(0, int32Max))];
    }
    return old !== undefined && old < seconds
        ? [fieldErrors.invalid(path, seconds, 'must be less than or equal to previous value')]
        : [];
}

/** The new spec with the old values wherever a change is allowed: what is left must be equal. */
function withOldMutableFields(spec: V1PodSpec, old: V1PodSpec, gated: boolean): V1PodSpec {
    const withOldImages = (containers: readonly V1Container[], before: readonly V1Container[]) =>
        containers.map((container, index) => ({ ...container, image: before[index]?.image }));
    const result: V1PodSpec = {
        ...spec,
        containers: withOldImages(items(spec.containers), items(old.containers)),
        initContainers: withOldImages(items(spec.initContainers), items(old.initContainers)),
        activeDeadlineSeconds: old.activeDeadlineSeconds,
        schedulingGates: old.schedulingGates,
        tolerations: old.tolerations,
    };
    if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
        result.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
    }
    if (gated) {
        result.nodeSelector = old.nodeSelector;
        result.affinity = withOldNodeAffinity(spec.affinity, old.affinity);
    }
    return result;
}

function withOldNodeAffinity(
    affinity: V1Affinity | undefined,
    old: V1Affinity | undefined,
): V1Affinity | undefined {
    return { ...affinity, nodeAffinity: old?.nodeAffinity };
}

/** A pod that waits at a gate may get a narrower node selector, and required node affinity. */
function validateGatedUpdate(spec: V1PodSpec, old: V1PodSpec): FieldError[] {
    const errors: FieldError[] = [];
    const narrowed = Object.entries(old.nodeSelector ?? {}).every(
        ([key, value]) => spec.nodeSelector?.[key] === value,
    );
    if (!narrowed) {
        const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
        errors.push(fieldErrors.invalid('spec.nodeSelector', spec.nodeSelector, detail));
    }
    const path = 'spec.affinity.nodeAffinity';
    const before = old.affinity?.nodeAffinity;
    const after = spec.affinity?.nodeAffinity;
    if (before !== undefined && !semanticEqual(before, after) && after === undefined) {
        errors.push(fieldErrors.invalid(path, after, 'no existing terms can be deleted'));
    }
    return [
        ...errors,
        ...validateTermsNarrowed(
            after?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
            before?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
            `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`,
        ),
    ];
}

/** Any one term is enough for a node, so there may be no more of them; each may get further requirements. */
function validateTermsNarrowed(
    terms: V1NodeSelectorTerm[] | undefined,
    old: V1NodeSelectorTerm[] | undefined,
    path: string,
): FieldError[] {
    const before = items(old);
    if (before.length > 0 && before.length !== items(terms).length) {
        const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
        return [fieldErrors.invalid(path, terms, detail)];
    }
    return before.flatMap((oldTerm, index) => {
        const term = terms?.[index] ?? {};
        if (hasOnlyAdditions(term, oldTerm)) return [];
        const detail = 'only additions are allowed (no mutations or deletions)';
        return [fieldErrors.invalid(`${path}[${index}]`, term, detail)];
    });
}

/** An empty term matches no node: one with requirements would match more. */
function hasOnlyAdditions(term: V1NodeSelectorTerm, old: V1NodeSelectorTerm): boolean {
    const fields = ['matchExpressions', 'matchFields'] as const;
    if (fields.every((field) => items(old[field]).length === 0)) {
        return fields.every((field) => items(term[field]).length === 0);
    }
    return fields.every((field) => {
        const before = items(old[field]);
        return semanticEqual(before, items(term[field]).slice(0, before.length));
    });
}

/** The fields that differ, old and new, one a line. */
function differences(spec: V1PodSpec, old: V1PodSpec): string {
    const fields = new Set([...Object.keys(spec), ...Object.keys(old)] as (keyof V1PodSpec)[]);
    const lines = [...fields]
        .filter((field) => !semanticEqual(spec[field], old[field]))
        .flatMap((field) => [`- \t${field}: ${shown(old[field])}`, `+ \t${field}: ${shown(spec[field])}`]);
    return lines.join('\n');
}

function shown(value: unknown): string {
    return value === undefined ? 'nil' : JSON.stringify(value);
}
