import type { V1Pod } from '../../../api/meta/object.ts';
import { getCondition } from '../../../api/meta/conditions.ts';

const isOver = (pod: V1Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Neither over nor being deleted: the pods that count as replicas. */
export const isPodActive = (pod: V1Pod): boolean =>
    !isOver(pod) && pod.metadata?.deletionTimestamp === undefined;

/** Being deleted and not over yet. */
export const isPodTerminating = (pod: V1Pod): boolean =>
    !isOver(pod) && pod.metadata?.deletionTimestamp !== undefined;

export const isPodReady = (pod: V1Pod): boolean =>
    getCondition(pod.status?.conditions, 'Ready')?.status === 'True';

/** Since when the pod is ready, in ms since 1970; undefined when it is not or the time is not known. */
export function readySinceMs(pod: V1Pod): number | undefined {
    const condition = getCondition(pod.status?.conditions, 'Ready');
    if (condition?.status !== 'True' || condition.lastTransitionTime === undefined) return undefined;
    return Date.parse(condition.lastTransitionTime);
}

/** Milliseconds until a ready pod counts as available; 0 when it does, undefined when it is not ready. */
export function availableInMs(pod: V1Pod, minReadySeconds: number, nowMs: number): number | undefined {
    if (!isPodReady(pod)) return undefined;
    if (minReadySeconds === 0) return 0;
    const since = readySinceMs(pod);
    return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - nowMs);
}
