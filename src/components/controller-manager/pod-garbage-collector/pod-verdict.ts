import { getCondition } from '../../../api/meta/conditions.ts';
import type { Stored, V1Node, V1Pod } from '../../../api/meta/object.ts';
import { nodeTaints } from '../shared/taints.ts';

/** Why a pod is collected. `orphaned` is only a suspicion until the node is known to be gone for good. */
export type PodVerdict = 'keep' | 'orphaned' | 'unscheduled' | 'out-of-service';

export const isTerminated = ({ status }: V1Pod): boolean =>
    !['', 'Pending', 'Running', 'Unknown'].includes(status?.phase ?? '');

/** What becomes of a pod, given its node as far as that is known. */
export function podVerdict(pod: Stored<V1Pod>, node: V1Node | undefined): PodVerdict {
    const isDeleted = pod.metadata.deletionTimestamp !== undefined;
    if (!pod.spec?.nodeName) return isDeleted ? 'unscheduled' : 'keep';
    if (node === undefined) return 'orphaned';
    return isDeleted && isOutOfService(node) ? 'out-of-service' : 'keep';
}

/** Not ready, and an administrator has said that it is shut down. */
export function isOutOfService({ spec, status }: V1Node): boolean {
    return (
        getCondition(status?.conditions, 'Ready')?.status !== 'True' &&
        (spec?.taints ?? []).some(({ key }) => key === nodeTaints.outOfService)
    );
}

/** The terminated pods above the threshold: evicted ones first, then the oldest. */
export function surplusTerminated(pods: readonly Stored<V1Pod>[], threshold: number): Stored<V1Pod>[] {
    const isEvicted = ({ status }: V1Pod): boolean => status?.reason === 'Evicted';
    const age = ({ metadata }: Stored<V1Pod>): number => Date.parse(metadata.creationTimestamp ?? '') || 0;
    return [...pods]
        .filter(isTerminated)
        .sort((a, b) => Number(isEvicted(b)) - Number(isEvicted(a)) || age(a) - age(b))
        .slice(0, Math.max(0, pods.filter(isTerminated).length - threshold));
}
