import type { V1StatefulSetStatus } from '../../../api/meta/object.ts';
import { replicasOf } from './ordinals.ts';
import {
    isAvailable,
    isRunningAndReady,
    isTerminating,
    revisionOf,
    type SetPod,
    type StatefulSet,
} from './set-pod.ts';

export interface SetStatusInput {
    pods: readonly SetPod[];
    /** Names of revisions. */
    current: string;
    update: string;
    nowMs: number;
}

/** The status of a set with these pods. */
export function setStatus(set: StatefulSet, input: SetStatusInput): V1StatefulSetStatus {
    const { pods, nowMs } = input;
    const count = (test: (pod: SetPod) => boolean): number => pods.filter(test).length;
    const alive = pods.filter((pod) => !isTerminating(pod));
    const replicas = pods.length;
    const ready = count(isRunningAndReady);
    const updated = alive.filter((pod) => revisionOf(pod) === input.update).length;
    const isComplete =
        set.spec?.updateStrategy?.type === 'RollingUpdate' &&
        updated === replicas &&
        ready === replicas &&
        replicas === replicasOf(set);
    const current = isComplete ? input.update : input.current;
    const currentReplicas = alive.filter((pod) => revisionOf(pod) === current).length;
    const { collisionCount = 0, conditions } = set.status ?? {};
    return {
        replicas,
        availableReplicas: count((pod) => isAvailable(pod, set, nowMs)),
        // Absent when 0, as on the wire upstream.
        ...(ready > 0 ? { readyReplicas: ready } : {}),
        ...(currentReplicas > 0 ? { currentReplicas } : {}),
        ...(updated > 0 ? { updatedReplicas: updated } : {}),
        currentRevision: current,
        updateRevision: input.update,
        observedGeneration: set.metadata.generation ?? 0,
        collisionCount,
        ...(conditions === undefined ? {} : { conditions }),
    };
}
