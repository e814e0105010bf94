import type { V1DaemonSetStatus, V1Node } from '../../../api/meta/object.ts';
import { availableInMs, isPodReady } from '../shared/pod-status.ts';
import { byAssignmentAndAge, isUpdated, type DaemonSet, type PodsByNode } from './daemon-pod.ts';
import { nodeEligibility } from './node-eligibility.ts';

/** The status of a daemon with these pods on these nodes. */
export function daemonStatus(
    set: DaemonSet,
    {
        nodes,
        podsByNode,
        hash,
        nowMs,
    }: {
        nodes: readonly V1Node[];
        podsByNode: PodsByNode;
        hash: string;
        nowMs: number;
    },
): V1DaemonSetStatus {
    let [desired, current, misscheduled, ready, available, updated] = [0, 0, 0, 0, 0, 0];
    for (const node of nodes) {
        const { shouldRun } = nodeEligibility(set, node);
        const oldest = podsByNode.get(node.metadata?.name ?? '')?.toSorted(byAssignmentAndAge)[0];
        if (!shouldRun) {
            if (oldest !== undefined) misscheduled++;
            continue;
        }
        desired++;
        if (oldest === undefined) continue;
        current++;
        if (isPodReady(oldest)) ready++;
        if (availableInMs(oldest, set.spec?.minReadySeconds ?? 0, nowMs) === 0) available++;
        if (isUpdated(oldest, hash)) updated++;
    }
    const unavailable = desired - available;
    const { collisionCount, conditions } = set.status ?? {};
    return {
        currentNumberScheduled: current,
        desiredNumberScheduled: desired,
        numberMisscheduled: misscheduled,
        numberReady: ready,
        // Absent when 0, as on the wire upstream.
        ...(available > 0 ? { numberAvailable: available } : {}),
        ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
        ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
        observedGeneration: set.metadata.generation ?? 0,
        ...(collisionCount === undefined ? {} : { collisionCount }),
        ...(conditions === undefined ? {} : { conditions }),
    };
}
