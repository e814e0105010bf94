import { scaledValue } from '../../../api/meta/int-or-string.ts';
import type { V1Deployment, V1ReplicaSet } from '../../../api/meta/object.ts';
import { availableSum, byAge, desired, desiredSum, type ReplicaSet } from './replica-sets.ts';

/** How many replicas a set is to have from now on. */
export interface Scaling {
    set: ReplicaSet;
    replicas: number;
}

const defaultShare = '25%';

export const isRolling = ({ spec }: V1Deployment): boolean => spec?.strategy?.type !== 'Recreate';
export const replicasOf = ({ spec }: V1Deployment): number => spec?.replicas ?? 1;

/**
 * Both bounds of a rolling update as numbers of pods: the surge rounded up, the unavailable rounded
 * down, and one unavailable when both would be 0, because nothing could move then.
 */
function fenceposts(deployment: V1Deployment): { surge: number; unavailable: number } {
    const rolling = deployment.spec?.strategy?.rollingUpdate;
    const replicas = replicasOf(deployment);
    const surge = scaledValue(rolling?.maxSurge ?? defaultShare, replicas, true);
    const unavailable = scaledValue(rolling?.maxUnavailable ?? defaultShare, replicas, false);
    return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Pods that may exist above `replicas` during a rolling update. */
export function maxSurge(deployment: V1Deployment): number {
    return isRolling(deployment) ? fenceposts(deployment).surge : 0;
}

/** Pods that may be unavailable. */
export function maxUnavailable(deployment: V1Deployment): number {
    const replicas = replicasOf(deployment);
    if (!isRolling(deployment) || replicas === 0) return 0;
    return Math.min(fenceposts(deployment).unavailable, replicas);
}

/**
 * Replicas of the new set: as many as the surge leaves room for beside the old ones, all at once when
 * the strategy is Recreate. `newReplicas` is what it has (0 when it does not exist yet).
 */
export function newSetReplicas(
    deployment: V1Deployment,
    all: readonly V1ReplicaSet[],
    newReplicas: number,
): number {
    const replicas = replicasOf(deployment);
    if (!isRolling(deployment)) return replicas;
    const room = replicas + maxSurge(deployment) - desiredSum(all);
    if (room <= 0) return newReplicas;
    return newReplicas + Math.min(room, replicas - newReplicas);
}

/**
 * How far old sets may be scaled down before the new one's unavailable pods are counted: 0 means that
 * nothing may go.
 */
export function maxScaledDown(
    deployment: V1Deployment,
    oldSets: readonly ReplicaSet[],
    newSet: ReplicaSet,
): number {
    const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
    const newUnavailable = desired(newSet) - (newSet.status?.availableReplicas ?? 0);
    return Math.max(0, desiredSum([...oldSets, newSet]) - minAvailable - newUnavailable);
}

/** First step down: replicas of old sets that are not available cost nothing. Oldest sets first. */
export function unhealthyScaleDown(oldSets: readonly ReplicaSet[], limit: number): Scaling[] {
    const steps: Scaling[] = [];
    let left = limit;
    for (const set of oldSets.toSorted(byAge)) {
        const unhealthy = desired(set) - (set.status?.availableReplicas ?? 0);
        const count = Math.min(left, unhealthy);
        if (desired(set) === 0 || count <= 0) continue;
        steps.push({ set, replicas: desired(set) - count });
        left -= count;
    }
    return steps;
}

/** Second step down: healthy old replicas, as far as enough stay available. Oldest sets first. */
export function rollingScaleDown(
    deployment: V1Deployment,
    oldSets: readonly ReplicaSet[],
    newSet: ReplicaSet,
): Scaling[] {
    const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
    let left = availableSum([...oldSets, newSet]) - minAvailable;
    const steps: Scaling[] = [];
    for (const set of oldSets.toSorted(byAge)) {
        const count = Math.min(left, desired(set));
        if (count <= 0) continue;
        steps.push({ set, replicas: desired(set) - count });
        left -= count;
    }
    return steps;
}
