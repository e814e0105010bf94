import type { V1PodSpec, V1Toleration } from '../../../api/meta/object.ts';

const exists = (key: string, effect: string): V1Toleration => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect,
});

/** Daemons stay on, and start on, nodes that are in trouble: they may be what helps them out. */
const everyDaemon: readonly V1Toleration[] = [
    exists('not-ready', 'NoExecute'),
    exists('unreachable', 'NoExecute'),
    exists('disk-pressure', 'NoSchedule'),
    exists('memory-pressure', 'NoSchedule'),
    exists('pid-pressure', 'NoSchedule'),
    exists('unschedulable', 'NoSchedule'),
];
/** Who uses the node's network need not wait for the pod network; it may be what sets that up. */
const hostNetworkDaemon: readonly V1Toleration[] = [exists('network-unavailable', 'NoSchedule')];

/** The tolerations of a daemon pod: those of the template, and those that every daemon has. */
export function daemonTolerations({ tolerations = [], hostNetwork }: V1PodSpec): V1Toleration[] {
    const added = hostNetwork === true ? [...everyDaemon, ...hostNetworkDaemon] : everyDaemon;
    const isAdded = (t: V1Toleration): boolean =>
        added.some(({ key, effect }) => key === t.key && effect === t.effect && t.operator === 'Exists');
    return [...tolerations.filter((toleration) => !isAdded(toleration)), ...added];
}
