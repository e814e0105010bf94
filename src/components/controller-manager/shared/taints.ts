import type { V1Taint, V1Toleration } from '../../../api/meta/object.ts';

/** Well-known taints that follow from a node's state. */
export const nodeTaints = {
    notReady: 'node.kubernetes.io/not-ready',
    unreachable: 'node.kubernetes.io/unreachable',
    unschedulable: 'node.kubernetes.io/unschedulable',
    memoryPressure: 'node.kubernetes.io/memory-pressure',
    diskPressure: 'node.kubernetes.io/disk-pressure',
    pidPressure: 'node.kubernetes.io/pid-pressure',
    networkUnavailable: 'node.kubernetes.io/network-unavailable',
    outOfService: 'node.kubernetes.io/out-of-service',
} as const;

/** True when the toleration covers the taint: an empty key with Exists covers all, an empty effect each. */
export function tolerates({ effect, key, operator, value }: V1Toleration, taint: V1Taint): boolean {
    if (effect && effect !== taint.effect) return false;
    if (key && key !== taint.key) return false;
    switch (operator ?? '') {
        case '':
        case 'Equal':
            return Boolean(key) && (value ?? '') === (taint.value ?? '');
        case 'Exists':
            return true;
        default:
            return false;
    }
}

/** The first taint that none of the tolerations covers. */
export function untolerated(
    taints: readonly V1Taint[],
    tolerations: readonly V1Toleration[],
): V1Taint | undefined {
    return taints.find((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
}

/** Taints are the same when key and effect are: a node has no two such. */
export const sameTaint = (a: V1Taint, b: V1Taint): boolean => a.key === b.key && a.effect === b.effect;
