import { availableInMs, isPodReady } from '../shared/pod-status.ts';
import { allowsSurge, byAssignmentAndAge, isUpdated, type DaemonPod, type DaemonSet } from './daemon-pod.ts';
import type { Eligibility } from './node-eligibility.ts';

export interface NodePlan {
    create: boolean;
    delete: readonly DaemonPod[];
    /** Pods that are over and must be replaced; the failed ones after a while only. */
    failed: readonly DaemonPod[];
    succeeded: readonly DaemonPod[];
}

const nothing: NodePlan = { create: false, delete: [], failed: [], succeeded: [] };

/** What is to become of the pods that a daemon has on one node, apart from updates. */
export function planNode(
    set: DaemonSet,
    {
        eligibility,
        pods,
        hash,
        nowMs,
    }: {
        eligibility: Eligibility;
        pods: readonly DaemonPod[];
        hash: string;
        nowMs: number;
    },
): NodePlan {
    const { shouldRun, shouldContinue } = eligibility;
    if (shouldRun && pods.length === 0) return { ...nothing, create: true };
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (!shouldContinue) return { ...nothing, delete: alive };
    const failed = alive.filter(({ status }) => status?.phase === 'Failed');
    const succeeded = alive.filter(({ status }) => status?.phase === 'Succeeded');
    const running = alive
        .filter((pod) => !failed.includes(pod) && !succeeded.includes(pod))
        .sort(byAssignmentAndAge);
    if (!allowsSurge(set)) return { create: false, delete: running.slice(1), failed, succeeded };
    // With surge, the successor need not wait for the end of a pod that is being deleted.
    if (running.length <= 1) {
        return { create: running.length === 0 && shouldRun, delete: [], failed, succeeded };
    }
    return { create: false, delete: surplusWithSurge(set, running, { hash, nowMs }), failed, succeeded };
}

/** Of each version the oldest stays; the old version goes when it is not ready or the new one available. */
function surplusWithSurge(
    set: DaemonSet,
    running: readonly DaemonPod[],
    { hash, nowMs }: { hash: string; nowMs: number },
): DaemonPod[] {
    const newPod = running.find((pod) => isUpdated(pod, hash));
    const oldPod = running.find((pod) => !isUpdated(pod, hash));
    const surplus = running.filter((pod) => pod !== newPod && pod !== oldPod);
    if (newPod === undefined || oldPod === undefined) return surplus;
    const isAvailable = availableInMs(newPod, set.spec?.minReadySeconds ?? 0, nowMs) === 0;
    return !isPodReady(oldPod) || isAvailable ? [...surplus, oldPod] : surplus;
}
