import type {
    ApiObject,
    V1PersistentVolumeClaim,
    V1Pod,
    V1ResourceQuota,
    V1ScopedResourceSelectorRequirement,
} from '../meta/object.ts';

/** True when the quota counts this object: one with scopes counts the pods, or claims, that are in all of them. */
export function quotaCounts(quota: V1ResourceQuota, resource: string, object: ApiObject): boolean {
    const requirements = scopesOf(quota);
    if (requirements.length === 0) return true;
    switch (resource) {
        case 'pods':
            return requirements.every((requirement) => inScope(object as V1Pod, requirement));
        case 'persistentvolumeclaims':
            return requirements.every((requirement) => claimInScope(object, requirement));
        default:
            return false;
    }
}

/** Of all the classes that a claim has, had or is about to get, one is enough. */
function claimInScope(
    claim: V1PersistentVolumeClaim,
    { scopeName, operator, values }: V1ScopedResourceSelectorRequirement,
): boolean {
    if (scopeName !== 'VolumeAttributesClass') return false;
    const names = volumeAttributesClassesOf(claim);
    if (names.length === 0) return matches('', operator, values ?? []);
    return names.some((name) => matches(name, operator, values ?? []));
}

/** Names of the VolumeAttributesClasses that a claim refers to, each once. */
export function volumeAttributesClassesOf({ spec, status }: V1PersistentVolumeClaim): string[] {
    const names = [
        spec?.volumeAttributesClassName,
        status?.currentVolumeAttributesClassName,
        status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ];
    return [...new Set(names.flatMap((name) => (name ? [name] : [])))];
}

/** The scopes of a quota, of both kinds. */
export function scopesOf({ spec }: V1ResourceQuota): V1ScopedResourceSelectorRequirement[] {
    return [
        ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
        ...(spec?.scopeSelector?.matchExpressions ?? []),
    ];
}

/** True for a pod that a scope selects. */
export function inScope(
    pod: V1Pod,
    { scopeName, operator, values }: V1ScopedResourceSelectorRequirement,
): boolean {
    switch (scopeName) {
        case 'Terminating':
            return (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
        case 'NotTerminating':
            return (pod.spec?.activeDeadlineSeconds ?? -1) < 0;
        case 'BestEffort':
            return isBestEffort(pod);
        case 'NotBestEffort':
            return !isBestEffort(pod);
        case 'PriorityClass':
            return matches(pod.spec?.priorityClassName ?? '', operator, values ?? []);
        case 'CrossNamespacePodAffinity':
            return crossesNamespaces(pod);
        default:
            return false;
    }
}

function isBestEffort(pod: V1Pod): boolean {
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    return containers.every(({ resources }) =>
        [resources?.requests, resources?.limits].every(
            (list) => list?.cpu === undefined && list?.memory === undefined,
        ),
    );
}

function matches(value: string, operator: string, values: readonly string[]): boolean {
    switch (operator) {
        case 'In':
            return values.includes(value);
        case 'NotIn':
            return !values.includes(value);
        case 'Exists':
            return value !== '';
        case 'DoesNotExist':
            return value === '';
        default:
            return false;
    }
}

function crossesNamespaces(pod: V1Pod): boolean {
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
    const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
        ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
        ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
            ({ podAffinityTerm }) => podAffinityTerm,
        ),
    ]);
    return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}
