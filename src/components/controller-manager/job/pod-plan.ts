import { podsToDelete } from '../shared/pod-ranking.ts';
import { isPodTerminating } from '../shared/pod-status.ts';
import { IndexSet } from './index-set.ts';
import {
    completionsOf,
    isIndexed,
    isSuspended,
    limitsPerIndex,
    onlyReplacesFailed,
    parallelismOf,
    type Job,
    type Pod,
} from './job-spec.ts';
import { remainingBackoffMs, remainingIndexBackoffMs } from './pod-backoff.ts';
import { validIndexOf } from './pod-state.ts';
import type { Round } from './round.ts';

/** Pods created or deleted in one reconcile at most. */
export const podsPerSyncMax = 500;

/** What to do with a job's pods: never both at once. */
export type PodPlan =
    | { type: 'nothing'; againMs?: number }
    | { type: 'delete'; pods: readonly Pod[] }
    | { type: 'create'; count: number; indexes: readonly number[] | undefined; againMs?: number };

export function planPods(round: Round): PodPlan {
    const { job, activePods, active } = round;
    if (isSuspended(job)) {
        return activePods.length === 0 ? { type: 'nothing' } : { type: 'delete', pods: activePods };
    }
    const wanted = wantedPods(round);
    const surplus = podsToRemove(job, activePods, { atLeast: Math.max(0, active - wanted), round });
    if (surplus.length > 0) return { type: 'delete', pods: surplus.slice(0, podsPerSyncMax) };
    const occupied = active + (onlyReplacesFailed(job) ? round.terminating : 0);
    const missing = Math.min(wanted - occupied, podsPerSyncMax);
    return missing > 0 ? planCreation(round, missing) : { type: 'nothing' };
}

function wantedPods({ job, succeeded, active }: Round): number {
    const completions = completionsOf(job);
    // Without a number of completions, the first success means that no more are started.
    if (completions === undefined) return succeeded > 0 ? active : parallelismOf(job);
    return Math.max(0, Math.min(completions - succeeded, parallelismOf(job)));
}

function planCreation(round: Round, missing: number): PodPlan {
    const { job, backoff, nowMs } = round;
    if (!limitsPerIndex(job)) {
        const waitMs = remainingBackoffMs(backoff, nowMs);
        if (waitMs > 0) return { type: 'nothing', againMs: waitMs };
    }
    if (!isIndexed(job)) return { type: 'create', count: missing, indexes: undefined };
    const pending = pendingIndexes(round, missing);
    if (!limitsPerIndex(job)) return { type: 'create', count: pending.length, indexes: pending };
    const waits = pending.map((index) => remainingIndexBackoffMs(round.delayed.get(index), nowMs));
    const indexes = pending.filter((_, i) => waits[i] === 0);
    const waiting = waits.filter((ms) => ms > 0);
    const again = waiting.length === 0 ? {} : { againMs: Math.min(...waiting) };
    if (indexes.length === 0) return { type: 'nothing', ...again };
    return { type: 'create', count: indexes.length, indexes, ...again };
}

function pendingIndexes({ job, pods, activePods, succeededIndexes, failedIndexes }: Round, count: number) {
    const occupying = onlyReplacesFailed(job)
        ? [...activePods, ...pods.filter(isPodTerminating)]
        : activePods;
    const taken = IndexSet.of(
        occupying.map((pod) => validIndexOf(pod, job)).filter((index) => index !== undefined),
    );
    return succeededIndexes
        .union(taken)
        .union(failedIndexes ?? IndexSet.empty)
        .firstMissing(count, completionsOf(job) ?? 0);
}

/** Pods with no index, or one that another pod has, go first; then the least valuable ones. */
function podsToRemove(
    job: Job,
    pods: readonly Pod[],
    { atLeast, round }: { atLeast: number; round: Round },
): Pod[] {
    const { remove, left } = isIndexed(job)
        ? splitDuplicates(job, pods, round.nowMs)
        : { remove: [], left: pods };
    const more = atLeast - remove.length;
    if (more <= 0) return remove;
    return [...remove, ...podsToDelete(left, { count: more, related: [], nowMs: round.nowMs })];
}

function splitDuplicates(job: Job, pods: readonly Pod[], nowMs: number): { remove: Pod[]; left: Pod[] } {
    const byIndex = new Map<number | undefined, Pod[]>();
    for (const pod of pods) {
        const index = validIndexOf(pod, job);
        byIndex.set(index, [...(byIndex.get(index) ?? []), pod]);
    }
    const remove: Pod[] = [];
    const left: Pod[] = [];
    for (const [index, same] of byIndex) {
        const count = index === undefined ? same.length : same.length - 1;
        const gone = podsToDelete(same, { count, related: [], nowMs });
        remove.push(...gone);
        left.push(...same.filter((pod) => !gone.includes(pod)));
    }
    return { remove, left };
}
