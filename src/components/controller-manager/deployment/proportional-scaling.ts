import type { V1Deployment } from '../../../api/meta/object.ts';
import { byAge, desired, desiredSum, type ReplicaSet } from './replica-sets.ts';
import { maxReplicasAnnotation, numberAnnotation } from './revision.ts';
import { maxSurge, replicasOf, type Scaling } from './rolling-math.ts';

/**
 * Spreads a change of `spec.replicas` in the middle of a rollout over the active sets in proportion to
 * their sizes; the largest takes what rounding leaves. Of sets of one size the younger is first when
 * scaling up, the older when scaling down. Every active set is returned, changed or not.
 */
export function proportionalScaling(deployment: V1Deployment, active: readonly ReplicaSet[]): Scaling[] {
    const replicas = replicasOf(deployment);
    const allowed = replicas > 0 ? replicas + maxSurge(deployment) : 0;
    const toAdd = allowed - desiredSum(active);
    let added = 0;
    const steps = active.toSorted(bySize(toAdd > 0 ? 'younger first' : 'older first')).map((set) => {
        const share = proportion(deployment, set, { toAdd, added });
        added += share;
        return { set, replicas: desired(set) + share };
    });
    const [first] = steps;
    if (first !== undefined && toAdd !== 0) {
        first.replicas = Math.max(0, first.replicas + toAdd - added);
    }
    return steps;
}

function bySize(ties: 'younger first' | 'older first'): (a: ReplicaSet, b: ReplicaSet) => number {
    return (a, b) => desired(b) - desired(a) || (ties === 'older first' ? byAge(a, b) : byAge(b, a));
}

function proportion(
    deployment: V1Deployment,
    set: ReplicaSet,
    { toAdd, added }: { toAdd: number; added: number },
): number {
    if (desired(set) === 0 || toAdd === 0 || toAdd === added) return 0;
    const share = fraction(deployment, set);
    return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}

/** How much the set would grow if it kept its share of the maximum that was noted when it was last scaled. */
function fraction(deployment: V1Deployment, set: ReplicaSet): number {
    const size = desired(set);
    const replicas = replicasOf(deployment);
    if (replicas === 0) return -size;
    const before = numberAnnotation(set, maxReplicasAnnotation) ?? 0;
    const maxBefore = before > 0 ? before : (deployment.status?.replicas ?? 0);
    if (maxBefore === 0) return 0;
    return Math.round((size * (replicas + maxSurge(deployment))) / maxBefore) - size;
}
