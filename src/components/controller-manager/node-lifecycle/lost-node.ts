import { getCondition } from '../../../api/meta/conditions.ts';
import type { V1Node, V1NodeCondition } from '../../../api/meta/object.ts';

const monitored = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The conditions of a node that is not heard of any more; undefined when they say so already. */
export function lostConditions(node: V1Node, now: string): V1NodeCondition[] | undefined {
    const conditions = [...(node.status?.conditions ?? [])];
    let changed = false;
    for (const type of monitored) {
        const current = getCondition(conditions, type);
        if (current?.status === 'Unknown') continue;
        changed = true;
        if (current === undefined) {
            conditions.push({
                type,
                status: 'Unknown',
                reason: 'NodeStatusNeverUpdated',
                message: 'Kubelet never posted node status.',
                ...(node.metadata?.creationTimestamp === undefined
                    ? {}
                    : { lastHeartbeatTime: node.metadata.creationTimestamp }),
                lastTransitionTime: now,
            });
            continue;
        }
        conditions[conditions.indexOf(current)] = {
            ...current,
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
            lastTransitionTime: now,
        };
    }
    return changed ? conditions : undefined;
}

const mirroredLabels = [
    ['kubernetes.io/os', 'beta.kubernetes.io/os'],
    ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
] as const;

/** Old names of labels that do not say what the new ones do. */
export function outdatedLabels({ metadata }: V1Node): Record<string, string> {
    const outdated: Record<string, string> = {};
    for (const [primary, secondary] of mirroredLabels) {
        const value = metadata?.labels?.[primary];
        if (value !== undefined && metadata?.labels?.[secondary] !== value) outdated[secondary] = value;
    }
    return outdated;
}
