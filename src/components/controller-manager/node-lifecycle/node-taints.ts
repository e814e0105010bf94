import { getCondition } from '../../../api/meta/conditions.ts';
import type { V1Node, V1Taint } from '../../../api/meta/object.ts';
import { nodeTaints, sameTaint } from '../shared/taints.ts';

/** Which taint stands for which status of which condition. */
const taintsOfConditions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    Ready: { False: nodeTaints.notReady, Unknown: nodeTaints.unreachable },
    MemoryPressure: { True: nodeTaints.memoryPressure },
    DiskPressure: { True: nodeTaints.diskPressure },
    NetworkUnavailable: { True: nodeTaints.networkUnavailable },
    PIDPressure: { True: nodeTaints.pidPressure },
};
const noScheduleKeys = new Set<string>([
    ...Object.values(taintsOfConditions).flatMap((byStatus) => Object.values(byStatus)),
    nodeTaints.unschedulable,
]);

/** `hold`: those it has stay, but none is added. */
export type NoExecutePolicy = 'apply' | 'hold' | 'remove';

/**
 * The taints a node should have by its conditions, `spec.unschedulable` and the policy for NoExecute.
 * Taints of others are kept; the same array when nothing changes.
 */
export function wantedTaints(node: V1Node, noExecute: NoExecutePolicy, now: string): V1Taint[] {
    const current = node.spec?.taints ?? [];
    const wanted = [...noScheduleTaints(node), ...noExecuteTaints(node, noExecute)];
    const isOurs = ({ key, effect }: V1Taint): boolean =>
        effect === 'NoSchedule'
            ? noScheduleKeys.has(key)
            : effect === 'NoExecute' && (key === nodeTaints.notReady || key === nodeTaints.unreachable);
    const kept = current.filter((taint) => !isOurs(taint) || wanted.some((w) => sameTaint(w, taint)));
    const added = wanted.filter((taint) => !current.some((c) => sameTaint(c, taint)));
    if (added.length === 0 && kept.length === current.length) return current;
    return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: now }))];
}

function noScheduleTaints(node: V1Node): V1Taint[] {
    const taints: V1Taint[] = [];
    for (const { type, status } of node.status?.conditions ?? []) {
        const key = taintsOfConditions[type]?.[status];
        if (key !== undefined) taints.push({ key, effect: 'NoSchedule' });
    }
    // The taint a node is born with stays until the node has said anything.
    if (getCondition(node.status?.conditions, 'Ready') === undefined) {
        const born = { key: nodeTaints.notReady, effect: 'NoSchedule' };
        if (node.spec?.taints?.some((taint) => sameTaint(taint, born)) === true) taints.push(born);
    }
    if (node.spec?.unschedulable === true)
        taints.push({ key: nodeTaints.unschedulable, effect: 'NoSchedule' });
    return taints;
}

/** The NoExecute taint that a node's Ready condition calls for. */
export function evictingTaint(node: V1Node): V1Taint | undefined {
    const ready = getCondition(node.status?.conditions, 'Ready');
    const key = ready === undefined ? undefined : taintsOfConditions['Ready']?.[ready.status];
    return key === undefined ? undefined : { key, effect: 'NoExecute' };
}

function noExecuteTaints(node: V1Node, policy: NoExecutePolicy): V1Taint[] {
    const wanted = evictingTaint(node);
    if (wanted === undefined || policy === 'remove') return [];
    // Between not-ready and unreachable a node changes without waiting: it is being evicted from already.
    if (policy === 'apply' || hasEvictingTaint(node)) return [wanted];
    return [];
}

export const hasEvictingTaint = (node: V1Node): boolean =>
    (node.spec?.taints ?? []).some(
        ({ key, effect }) =>
            effect === 'NoExecute' && (key === nodeTaints.notReady || key === nodeTaints.unreachable),
    );
