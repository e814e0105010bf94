import type { Stored, V1ReplicaSet } from '../../../api/meta/object.ts';
import { sameTemplate } from './template-hash.ts';
import type { V1PodTemplateSpec } from '../../../api/meta/object.ts';

export type ReplicaSet = Stored<V1ReplicaSet>;

/** Replicas that a set is to have. */
export const desired = (set: V1ReplicaSet): number => set.spec?.replicas ?? 1;

const sumOf =
    (valueOf: (set: V1ReplicaSet) => number) =>
    (sets: readonly V1ReplicaSet[]): number =>
        sets.reduce((sum, set) => sum + valueOf(set), 0);

export const desiredSum = sumOf(desired);
export const actualSum = sumOf(({ status }) => status?.replicas ?? 0);
export const readySum = sumOf(({ status }) => status?.readyReplicas ?? 0);
export const availableSum = sumOf(({ status }) => status?.availableReplicas ?? 0);
export const terminatingSum = sumOf(({ status }) => status?.terminatingReplicas ?? 0);

/** Sets that are to have replicas. */
export const activeSets = (sets: readonly ReplicaSet[]): ReplicaSet[] =>
    sets.filter((set) => desired(set) > 0);

/** Oldest first; the name decides between sets of the same second. */
export function byAge(a: V1ReplicaSet, b: V1ReplicaSet): number {
    const [ageA, ageB] = [a.metadata?.creationTimestamp ?? '', b.metadata?.creationTimestamp ?? ''];
    if (ageA !== ageB) return ageA < ageB ? -1 : 1;
    return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}

/**
 * The set that has the deployment's template. There can be several after a hash change of this program
 * or when sets were adopted: the oldest is meant.
 */
export function findNewReplicaSet(
    sets: readonly ReplicaSet[],
    template: V1PodTemplateSpec | undefined,
): ReplicaSet | undefined {
    return sets.toSorted(byAge).find((set) => sameTemplate(set.spec?.template, template));
}

/** Of all sets the only one that is to have replicas; the new or else the youngest one when none is. */
export function findActiveOrLatest(
    newSet: ReplicaSet | undefined,
    oldSets: readonly ReplicaSet[],
): ReplicaSet | undefined {
    const active = activeSets(newSet === undefined ? oldSets : [...oldSets, newSet]);
    if (active.length === 0) return newSet ?? oldSets.toSorted(byAge).at(-1);
    return active.length === 1 ? active[0] : undefined;
}
