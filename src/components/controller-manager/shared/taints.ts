import type { V1Taint } from '../../../api/meta/object.ts';

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

/** Taints are the same when key and effect are: a node has no two such. */
export const sameTaint = (a: V1Taint, b: V1Taint): boolean => a.key === b.key && a.effect === b.effect;
