import type { V1Job, V1Pod } from '../../../api/meta/object.ts';
import { getCondition } from '../../../api/meta/conditions.ts';
import {
    completionIndexKey,
    indexFailureCountKey,
    indexIgnoredFailureCountKey,
    trackingFinalizer,
} from './job-labels.ts';
import { completionsOf, onlyReplacesFailed } from './job-spec.ts';

/** True until the job has counted the pod and let it go. */
export const isTracked = (pod: V1Pod): boolean =>
    pod.metadata?.finalizers?.includes(trackingFinalizer) === true;

export const hasSucceeded = (pod: V1Pod): boolean => pod.status?.phase === 'Succeeded';

/** A deleted pod may never get to a final phase: it counts as failed, unless the job waits for that. */
export function hasFailed(pod: V1Pod, job: V1Job): boolean {
    if (pod.status?.phase === 'Failed') return true;
    if (onlyReplacesFailed(job)) return false;
    return pod.metadata?.deletionTimestamp !== undefined && !hasSucceeded(pod);
}

/** Undefined for pods without one. */
export function completionIndexOf(pod: V1Pod): number | undefined {
    const text = pod.metadata?.annotations?.[completionIndexKey] ?? '';
    return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The pod's index, if the job still has it: an elastic job may have shrunk. */
export function validIndexOf(pod: V1Pod, job: V1Job): number | undefined {
    const index = completionIndexOf(pod);
    return index !== undefined && index < (completionsOf(job) ?? 0) ? index : undefined;
}

/** Failures of its index before this pod: those that count, and those that were ignored. */
export function earlierFailures(pod: V1Pod): { counted: number; ignored: number } {
    const read = (key: string): number => {
        const text = pod.metadata?.annotations?.[key] ?? '';
        return /^\d+$/.test(text) ? Number(text) : 0;
    };
    return { counted: read(indexFailureCountKey), ignored: read(indexIgnoredFailureCountKey) };
}

/** When the pod was over, in ms: the last container's end, else the best guess there is. */
export function finishedAtMs(pod: V1Pod, nowMs: number): number {
    return containersEndMs(pod) ?? notReadySinceMs(pod) ?? deletionAskedMs(pod) ?? nowMs;
}

function containersEndMs({ status }: V1Pod): number | undefined {
    let latest: number | undefined;
    for (const { state } of status?.containerStatuses ?? []) {
        const finishedAt = state?.terminated?.finishedAt;
        if (finishedAt === undefined) return undefined;
        latest = Math.max(latest ?? 0, Date.parse(finishedAt));
    }
    return latest;
}

function notReadySinceMs({ status }: V1Pod): number | undefined {
    const ready = getCondition(status?.conditions, 'Ready');
    if (ready?.status !== 'False' || ready.lastTransitionTime === undefined) return undefined;
    return Date.parse(ready.lastTransitionTime);
}

/** `deletionTimestamp` lies in the future by the grace period. */
function deletionAskedMs({ metadata }: V1Pod): number | undefined {
    if (metadata?.deletionTimestamp === undefined) return undefined;
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
}
