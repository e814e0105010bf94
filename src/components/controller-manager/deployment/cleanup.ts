import { isReason } from '../../../api/meta/status-error.ts';
import { desired, type ReplicaSet } from './replica-sets.ts';
import { revisionOf } from './revision.ts';
import type { Rollout } from './rollout.ts';

const int32Max = 2 ** 31 - 1;

/** Deletes the oldest revisions beyond `spec.revisionHistoryLimit`; sets that still have pods stay. */
export async function cleanUpHistory(rollout: Rollout): Promise<void> {
    const limit = rollout.deployment.spec?.revisionHistoryLimit;
    if (limit === undefined || limit === int32Max) return;
    const old = rollout.oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const excess = old.length - limit;
    if (excess <= 0) return;
    const oldest = old.toSorted(byRevision).slice(0, excess);
    for (const set of oldest) {
        if (!isEmpty(set)) continue;
        const { namespace, name } = set.metadata;
        try {
            await rollout.replicaSets.delete({ namespace, name });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }
}

function isEmpty(set: ReplicaSet): boolean {
    const { generation = 0 } = set.metadata;
    return (
        (set.status?.replicas ?? 0) === 0 &&
        desired(set) === 0 &&
        generation <= (set.status?.observedGeneration ?? 0)
    );
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
    const [first, second] = [revisionOf(a), revisionOf(b)];
    if (first === second) return 0;
    return first < second ? -1 : 1;
}
