import { scaledValue } from '../../../api/meta/int-or-string.ts';
import { replicasOf } from './ordinals.ts';
import { isAvailable, isTerminating, revisionOf, type SetPod, type StatefulSet } from './set-pod.ts';

export interface UpdatePlanInput {
    /** By ordinal from the first one on; undefined where a pod is yet to come. */
    replicas: readonly (SetPod | undefined)[];
    /** Name of the revision that all are to have. */
    revision: string;
    nowMs: number;
}

/**
 * Pods to delete so that they come back with the set's template: from the highest ordinal down to the
 * partition, as many at a time as may be unavailable.
 */
export function podsToUpdate(set: StatefulSet, { replicas, revision, nowMs }: UpdatePlanInput): SetPod[] {
    const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
    if (type === 'OnDelete') return [];
    const chosen: SetPod[] = [];
    let allowed = maxUnavailable(set);
    for (const pod of replicas.slice(rollingUpdate?.partition ?? 0).reverse()) {
        if (allowed <= 0) break;
        const isGoing = pod === undefined || isTerminating(pod);
        const isOutdated = !isGoing && revisionOf(pod) !== revision;
        if (isOutdated) chosen.push(pod);
        if (isGoing || isOutdated || !isAvailable(pod, set, nowMs)) allowed--;
    }
    return chosen;
}

/** At least 1, or no update would ever happen. */
export function maxUnavailable(set: StatefulSet): number {
    const value = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
    return value === undefined ? 1 : Math.max(1, scaledValue(value, replicasOf(set), false));
}
