import type { V1Pod } from '../../../api/meta/object.ts';
import { isPodReady, readySinceMs } from './pod-status.ts';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** A pod with the number of related active pods on its node. */
export interface RankedPod {
    pod: V1Pod;
    rank: number;
}

/**
 * Orders pods by how soon they are to be deleted (upstream's ActivePodsWithRanks), first to go first:
 * unassigned; pending before unknown before running; not ready; lower deletion cost; more neighbours on
 * the node; ready for less time; more restarts; younger. Ages are compared by order of magnitude, and
 * within one the uid decides, so that not always the same pods are hit.
 */
export function compareForDeletion(a: RankedPod, b: RankedPod, nowMs: number): number {
    return (
        Number(Boolean(a.pod.spec?.nodeName)) - Number(Boolean(b.pod.spec?.nodeName)) ||
        (phaseOrder[a.pod.status?.phase ?? ''] ?? 0) - (phaseOrder[b.pod.status?.phase ?? ''] ?? 0) ||
        Number(isPodReady(a.pod)) - Number(isPodReady(b.pod)) ||
        deletionCost(a.pod) - deletionCost(b.pod) ||
        b.rank - a.rank ||
        compareAges(a.pod, b.pod, { ofA: readySinceMs(a.pod), ofB: readySinceMs(b.pod), nowMs }) ||
        compareRestarts(a.pod, b.pod) ||
        compareAges(a.pod, b.pod, { ofA: createdMs(a.pod), ofB: createdMs(b.pod), nowMs })
    );
}

/** The `count` pods to delete of `pods`. `related` are all pods that count as neighbours, `pods` included. */
export function podsToDelete<P extends V1Pod>(
    pods: readonly P[],
    options: { count: number; related: readonly V1Pod[]; nowMs: number },
): P[] {
    const { count, related, nowMs } = options;
    if (count >= pods.length) return [...pods];
    const onNode = new Map<string, number>();
    for (const pod of related) {
        const node = pod.spec?.nodeName ?? '';
        onNode.set(node, (onNode.get(node) ?? 0) + 1);
    }
    return pods
        .map((pod) => ({ pod, rank: onNode.get(pod.spec?.nodeName ?? '') ?? 0 }))
        .sort((a, b) => compareForDeletion(a, b, nowMs))
        .slice(0, Math.max(0, count))
        .map(({ pod }) => pod);
}

/** What is not an integer of 32 bits counts as 0. */
function deletionCost(pod: V1Pod): number {
    const text = pod.metadata?.annotations?.[deletionCostAnnotation] ?? '';
    if (!/^(0|-?[1-9]\d*)$/.test(text)) return 0;
    const cost = Number(text);
    return cost < int32.min || cost > int32.max ? 0 : cost;
}

/** Negative when `a` is younger. A time that is not known counts as younger than any. */
function compareAges(
    a: V1Pod,
    b: V1Pod,
    times: { ofA: number | undefined; ofB: number | undefined; nowMs: number },
): number {
    const { ofA, ofB, nowMs } = times;
    if (ofA === ofB) return 0;
    if (ofA === undefined) return -1;
    if (ofB === undefined) return 1;
    const magnitude = (ms: number): number => (ms > 0 ? Math.floor(Math.log2(ms * 1e6)) : -1);
    const difference = magnitude(nowMs - ofA) - magnitude(nowMs - ofB);
    if (difference !== 0) return difference;
    return (a.metadata?.uid ?? '') < (b.metadata?.uid ?? '') ? -1 : 1;
}

function createdMs(pod: V1Pod): number | undefined {
    const text = pod.metadata?.creationTimestamp;
    return text === undefined ? undefined : Date.parse(text);
}

function compareRestarts(a: V1Pod, b: V1Pod): number {
    const [restartsA, restartsB] = [restarts(a), restarts(b)];
    return restartsB.containers - restartsA.containers || restartsB.sidecars - restartsA.sidecars;
}

/** The largest number of restarts of one container, and of one restartable init container. */
function restarts(pod: V1Pod): { containers: number; sidecars: number } {
    const sidecarNames = new Set(
        (pod.spec?.initContainers ?? [])
            .filter(({ restartPolicy }) => restartPolicy === 'Always')
            .map(({ name }) => name),
    );
    const containers = (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
    const sidecars = (pod.status?.initContainerStatuses ?? [])
        .filter(({ name }) => sidecarNames.has(name))
        .map(({ restartCount }) => restartCount);
    return { containers: Math.max(0, ...containers), sidecars: Math.max(0, ...sidecars) };
}
