import { getCondition } from '../../../api/meta/conditions.ts';
import type { V1DeploymentCondition, V1ReplicaSet } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';

/** Reasons of the condition Progressing, and of Available, as clients know them. */
export const reasons = {
    replicaSetUpdated: 'ReplicaSetUpdated',
    failedCreate: 'ReplicaSetCreateError',
    newReplicaSet: 'NewReplicaSetCreated',
    foundNewReplicaSet: 'FoundNewReplicaSet',
    newReplicaSetAvailable: 'NewReplicaSetAvailable',
    timedOut: 'ProgressDeadlineExceeded',
    paused: 'DeploymentPaused',
    resumed: 'DeploymentResumed',
    minimumAvailable: 'MinimumReplicasAvailable',
    minimumUnavailable: 'MinimumReplicasUnavailable',
} as const;

type Conditions = readonly V1DeploymentCondition[];

export interface NewCondition {
    type: 'Progressing' | 'Available' | 'ReplicaFailure';
    status: 'True' | 'False' | 'Unknown';
    reason: string;
    message: string;
}

/**
 * The list with this condition at its end. Nothing changes, not even the message, while status and
 * reason stay the same (upstream's SetDeploymentCondition).
 */
export function withCondition(
    conditions: Conditions | undefined,
    condition: NewCondition,
    nowMs: number,
): V1DeploymentCondition[] {
    const current = getCondition(conditions, condition.type);
    if (current?.status === condition.status && current.reason === condition.reason) {
        return [...(conditions ?? [])];
    }
    return withUpdatedCondition(conditions, condition, nowMs);
}

/** As withCondition, but always renews `lastUpdateTime`: the sign of progress that the deadline counts from. */
export function withUpdatedCondition(
    conditions: Conditions | undefined,
    condition: NewCondition,
    nowMs: number,
): V1DeploymentCondition[] {
    const current = getCondition(conditions, condition.type);
    const now = rfc3339(nowMs);
    const kept = current?.status === condition.status ? current.lastTransitionTime : undefined;
    return [
        ...(conditions ?? []).filter(({ type }) => type !== condition.type),
        { ...condition, lastUpdateTime: now, lastTransitionTime: kept ?? now },
    ];
}

/** A failure to create or delete pods, of the new set or else of any other, as a deployment's condition. */
export function replicaFailure(
    newSet: V1ReplicaSet | undefined,
    all: readonly V1ReplicaSet[],
): V1DeploymentCondition | undefined {
    for (const set of newSet === undefined ? all : [newSet, ...all]) {
        const failure = getCondition(set.status?.conditions, 'ReplicaFailure');
        if (failure === undefined) continue;
        const { type, status, reason, message, lastTransitionTime } = failure;
        return { type, status, reason, message, lastTransitionTime, lastUpdateTime: lastTransitionTime };
    }
    return undefined;
}
