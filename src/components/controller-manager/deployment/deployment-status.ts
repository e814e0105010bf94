import { getCondition, removeCondition } from '../../../api/meta/conditions.ts';
import type { V1Deployment, V1DeploymentCondition, V1DeploymentStatus } from '../../../api/meta/object.ts';
import {
    reasons,
    replicaFailure,
    withCondition,
    withUpdatedCondition,
    type NewCondition,
} from './deployment-conditions.ts';
import {
    actualSum,
    availableSum,
    desiredSum,
    readySum,
    terminatingSum,
    type ReplicaSet,
} from './replica-sets.ts';
import { maxUnavailable, replicasOf } from './rolling-math.ts';

const int32Max = 2 ** 31 - 1;

/** The sets a status is computed from. */
export interface ObservedSets {
    all: readonly ReplicaSet[];
    newSet: ReplicaSet | undefined;
    nowMs: number;
}

/** The progress deadline in ms; undefined when there is none. */
export function progressDeadlineMs({ spec }: V1Deployment): number | undefined {
    const seconds = spec?.progressDeadlineSeconds;
    return seconds === undefined || seconds === int32Max ? undefined : seconds * 1000;
}

/** Counts and the condition Available; the other conditions are taken over. */
export function deploymentStatus(
    deployment: V1Deployment,
    { all, newSet, nowMs }: ObservedSets,
): V1DeploymentStatus {
    const available = availableSum(all);
    const { collisionCount, conditions } = deployment.status ?? {};
    const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
    return {
        observedGeneration: deployment.metadata?.generation ?? 0,
        replicas: actualSum(all),
        updatedReplicas: newSet === undefined ? 0 : actualSum([newSet]),
        readyReplicas: readySum(all),
        availableReplicas: available,
        unavailableReplicas: Math.max(0, desiredSum(all) - available),
        terminatingReplicas: terminatingSum(all),
        ...(collisionCount === undefined ? {} : { collisionCount }),
        conditions: withCondition(conditions, enough ? availableCondition : unavailableCondition, nowMs),
    };
}

const availableCondition: NewCondition = {
    type: 'Available',
    status: 'True',
    reason: reasons.minimumAvailable,
    message: 'Deployment has minimum availability.',
};
const unavailableCondition: NewCondition = {
    type: 'Available',
    status: 'False',
    reason: reasons.minimumUnavailable,
    message: 'Deployment does not have minimum availability.',
};

/** As deploymentStatus, with Progressing and ReplicaFailure: what a rollout step ends with. */
export function rolloutStatus(deployment: V1Deployment, observed: ObservedSets): V1DeploymentStatus {
    const status = deploymentStatus(deployment, observed);
    const failure = replicaFailure(observed.newSet, observed.all);
    const conditions = progressConditions(deployment, status, observed);
    return {
        ...status,
        conditions:
            failure === undefined
                ? removeCondition(conditions, 'ReplicaFailure')
                : withFailure(conditions, failure),
    };
}

function withFailure(
    conditions: readonly V1DeploymentCondition[],
    failure: V1DeploymentCondition,
): V1DeploymentCondition[] {
    const current = getCondition(conditions, failure.type);
    if (current?.status === failure.status && current.reason === failure.reason) return [...conditions];
    return [...conditions.filter(({ type }) => type !== failure.type), failure];
}

function progressConditions(
    deployment: V1Deployment,
    status: V1DeploymentStatus,
    { newSet, nowMs }: ObservedSets,
): V1DeploymentCondition[] {
    const conditions = status.conditions ?? [];
    if (progressDeadlineMs(deployment) === undefined) return removeCondition(conditions, 'Progressing');
    const current = getCondition(deployment.status?.conditions, 'Progressing');
    const wasComplete =
        status.replicas === status.updatedReplicas && current?.reason === reasons.newReplicaSetAvailable;
    // The end of a rollout is noted once; scaling and pods that come and go do not count as rollout.
    if (wasComplete) return conditions;
    const subject =
        newSet === undefined
            ? `Deployment "${deployment.metadata?.name ?? ''}"`
            : `ReplicaSet "${newSet.metadata.name}"`;
    const progressing = (state: 'True' | 'False', reason: string, rest: string): NewCondition => ({
        type: 'Progressing',
        status: state,
        reason,
        message: `${subject} ${rest}`,
    });
    if (isComplete(deployment, status)) {
        const condition = progressing('True', reasons.newReplicaSetAvailable, 'has successfully progressed.');
        return withCondition(conditions, condition, nowMs);
    }
    if (hasProgressed(deployment.status ?? {}, status)) {
        const condition = progressing('True', reasons.replicaSetUpdated, 'is progressing.');
        return withUpdatedCondition(conditions, condition, nowMs);
    }
    if (hasTimedOut(deployment, status, nowMs)) {
        const condition = progressing('False', reasons.timedOut, 'has timed out progressing.');
        return withCondition(conditions, condition, nowMs);
    }
    return conditions;
}

/** All replicas are of the new template, and available, and there are no others. */
export function isComplete(deployment: V1Deployment, status: V1DeploymentStatus | undefined): boolean {
    const replicas = replicasOf(deployment);
    return (
        (status?.updatedReplicas ?? 0) === replicas &&
        (status?.replicas ?? 0) === replicas &&
        (status?.availableReplicas ?? 0) === replicas &&
        (status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
    );
}

/** More new replicas, fewer old ones, more ready or more available ones than before. */
function hasProgressed(before: V1DeploymentStatus, after: V1DeploymentStatus): boolean {
    const old = ({ replicas = 0, updatedReplicas = 0 }: V1DeploymentStatus): number =>
        replicas - updatedReplicas;
    return (
        (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
        old(after) < old(before) ||
        (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
        (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
    );
}

function hasTimedOut(deployment: V1Deployment, status: V1DeploymentStatus, nowMs: number): boolean {
    const deadlineMs = progressDeadlineMs(deployment);
    const condition = getCondition(status.conditions, 'Progressing');
    if (deadlineMs === undefined || condition === undefined) return false;
    if (condition.reason === reasons.newReplicaSetAvailable) return false;
    if (condition.reason === reasons.timedOut) return true;
    return nowMs > Date.parse(condition.lastUpdateTime ?? '') + deadlineMs;
}

/** In how many ms the deadline is to be looked at again; undefined when nothing is to be waited for. */
export function deadlineCheckMs(
    deployment: V1Deployment,
    status: V1DeploymentStatus,
    nowMs: number,
): number | undefined {
    const deadlineMs = progressDeadlineMs(deployment);
    const condition = getCondition(status.conditions, 'Progressing');
    if (deadlineMs === undefined || condition === undefined) return undefined;
    if (isComplete(deployment, status) || condition.reason === reasons.timedOut) return undefined;
    if (condition.reason === reasons.newReplicaSetAvailable) return undefined;
    // One second more: times in conditions have no fractions.
    return Math.max(0, Date.parse(condition.lastUpdateTime ?? '') + deadlineMs - nowMs) + 1000;
}
