import { controlledBy } from '../shared/owner-index.ts';
import type { V1Pod } from '../../../api/meta/object.ts';
import type { Lister } from '../../../client/informer.ts';
import { ensureNewSet, syncRevision } from './new-replica-set.ts';
import { proportionalScaling } from './proportional-scaling.ts';
import { activeSets, actualSum, desired, findActiveOrLatest } from './replica-sets.ts';
import { desiredReplicasAnnotation, numberAnnotation } from './revision.ts';
import {
    isRolling,
    maxScaledDown,
    newSetReplicas,
    replicasOf,
    rollingScaleDown,
    unhealthyScaleDown,
    type Scaling,
} from './rolling-math.ts';
import type { Rollout } from './rollout.ts';

/** One step of a rolling update: scale the new set up, else old sets down. */
export async function rollingStep(rollout: Rollout): Promise<void> {
    const newSet = await ensureNewSet(rollout);
    const { deployment } = rollout;
    const replicas = replicasOf(deployment);
    const current = desired(newSet);
    if (current !== replicas) {
        const next = current > replicas ? replicas : newSetReplicas(deployment, rollout.sets, current);
        if (await rollout.scale(newSet, next)) return;
    }
    const old = activeSets(rollout.oldSets);
    const limit = old.length === 0 ? 0 : maxScaledDown(deployment, old, newSet);
    if (limit === 0) return;
    await scaleAll(rollout, unhealthyScaleDown(old, limit));
    const scaledNew = rollout.newSet ?? newSet;
    await scaleAll(rollout, rollingScaleDown(deployment, activeSets(rollout.oldSets), scaledNew));
}

/** One step of a replacement: old sets to 0, wait until their pods are gone, then the new set. */
export async function recreateStep(rollout: Rollout, pods: Lister<V1Pod>): Promise<void> {
    await syncRevision(rollout);
    const old = activeSets(rollout.oldSets);
    if (
        await scaleAll(
            rollout,
            old.map((set) => ({ set, replicas: 0 })),
        )
    )
        return;
    if (hasOldPods(rollout, pods)) return;
    const newSet = await ensureNewSet(rollout);
    if (desired(newSet) !== replicasOf(rollout.deployment)) {
        await rollout.scale(newSet, replicasOf(rollout.deployment));
    }
}

/** Terminating pods count too: Recreate promises that two versions never run side by side. */
function hasOldPods(rollout: Rollout, pods: Lister<V1Pod>): boolean {
    const { oldSets } = rollout;
    if (actualSum(oldSets) > 0) return true;
    return oldSets
        .flatMap((set) => controlledBy(pods, set))
        .some(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
}

/** True when `spec.replicas` has changed since the active sets were last scaled. */
export function isScalingEvent(rollout: Rollout): boolean {
    const replicas = replicasOf(rollout.deployment);
    return activeSets(rollout.sets).some((set) => {
        const noted = numberAnnotation(set, desiredReplicasAnnotation);
        return noted !== undefined && noted !== replicas;
    });
}

/** Brings the sizes in line with `spec.replicas` without moving the rollout forward. */
export async function scaleInPlace(rollout: Rollout): Promise<void> {
    const { deployment } = rollout;
    const newSet = await syncRevision(rollout);
    const replicas = replicasOf(deployment);
    const only = findActiveOrLatest(newSet, rollout.oldSets);
    if (only !== undefined) {
        if (desired(only) !== replicas) await rollout.scale(only, replicas);
        return;
    }
    if (newSet === undefined && rollout.oldSets.length === 0) return;
    const saturated =
        newSet !== undefined &&
        desired(newSet) === replicas &&
        numberAnnotation(newSet, desiredReplicasAnnotation) === replicas &&
        (newSet.status?.availableReplicas ?? 0) === replicas;
    if (saturated) {
        const old = activeSets(rollout.oldSets);
        await scaleAll(
            rollout,
            old.map((set) => ({ set, replicas: 0 })),
        );
        return;
    }
    if (isRolling(deployment)) {
        await scaleAll(rollout, proportionalScaling(deployment, activeSets(rollout.sets)));
    }
}

async function scaleAll(rollout: Rollout, steps: readonly Scaling[]): Promise<boolean> {
    let scaled = false;
    for (const { set, replicas } of steps) scaled = (await rollout.scale(set, replicas)) || scaled;
    return scaled;
}
