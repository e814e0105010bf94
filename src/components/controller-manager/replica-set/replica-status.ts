import { getCondition, removeCondition } from '../../../api/meta/conditions.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1Pod } from '../../../api/meta/object.ts';
import { setMatcher } from '../../../api/meta/selectors.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { availableInMs, isPodReady } from '../shared/pod-status.ts';
import { messageOf } from '../shared/pod-control.ts';
import type { ReplicaOwner, ReplicaStatus } from './replica-owner.ts';

export interface ObservedReplicas {
    active: readonly V1Pod[];
    /** Undefined when the kind does not count them. */
    terminating: readonly V1Pod[] | undefined;
    /** What creating or deleting pods ended with, if it failed. */
    failure: unknown;
    nowMs: number;
}

/** The status of a replica owner with these pods. */
export function replicaStatus(owner: ReplicaOwner, observed: ObservedReplicas): ReplicaStatus {
    const { active, terminating, nowMs } = observed;
    const templateLabels = setMatcher(owner.spec?.template?.metadata?.labels ?? {});
    const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
    return {
        replicas: active.length,
        fullyLabeledReplicas: active.filter((pod) => templateLabels.matches(pod.metadata?.labels)).length,
        readyReplicas: active.filter(isPodReady).length,
        availableReplicas: active.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0).length,
        ...(terminating === undefined ? {} : { terminatingReplicas: terminating.length }),
        observedGeneration: owner.metadata?.generation ?? 0,
        conditions: failureConditions(owner, observed),
    };
}

function failureConditions(
    { spec, status }: ReplicaOwner,
    { active, failure, nowMs }: ObservedReplicas,
): NonNullable<ReplicaStatus['conditions']> {
    const conditions = status?.conditions ?? [];
    if (failure === undefined) return removeCondition(conditions, 'ReplicaFailure');
    if (getCondition(conditions, 'ReplicaFailure') !== undefined) return conditions;
    return [
        ...conditions,
        {
            type: 'ReplicaFailure',
            status: 'True',
            reason: active.length < (spec?.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete',
            message: messageOf(failure),
            lastTransitionTime: rfc3339(nowMs),
        },
    ];
}

export function sameStatus(a: ReplicaStatus | undefined, b: ReplicaStatus): boolean {
    const { conditions: oldConditions = [], ...oldRest } = a ?? { replicas: -1 };
    const { conditions = [], ...rest } = b;
    // An absent counter and 0 are the same on the wire.
    const counters = (status: Omit<ReplicaStatus, 'conditions'>): number[] => [
        status.replicas,
        status.fullyLabeledReplicas ?? 0,
        status.readyReplicas ?? 0,
        status.availableReplicas ?? 0,
        status.terminatingReplicas ?? 0,
        status.observedGeneration ?? 0,
    ];
    const next = counters(rest);
    return (
        counters(oldRest).every((value, i) => value === next[i]) && semanticEqual(oldConditions, conditions)
    );
}

/**
 * Milliseconds until the next pod becomes available by time alone; undefined when only an event can
 * change anything.
 */
export function nextAvailabilityMs(
    pods: readonly V1Pod[],
    minReadySeconds: number,
    nowMs: number,
): number | undefined {
    if (minReadySeconds === 0) return undefined;
    let next: number | undefined;
    for (const pod of pods) {
        const inMs = availableInMs(pod, minReadySeconds, nowMs);
        if (inMs !== undefined && inMs > 0 && (next === undefined || inMs < next)) next = inMs;
    }
    return next;
}
