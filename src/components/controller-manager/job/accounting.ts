import type { V1JobCondition, V1JobStatus, V1UncountedTerminatedPods } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { concluded, ensureCondition } from './job-conditions.ts';
import { IndexSet } from './index-set.ts';
import { isIndexed, limitsPerIndex, trueCondition, type Pod } from './job-spec.ts';
import { policyVerdict } from './pod-failure-policy.ts';
import { completionIndexOf, hasFailed, hasSucceeded, isTracked, validIndexOf } from './pod-state.ts';
import type { Round } from './round.ts';

/** Pods that wait to be counted in one status at most; the rest waits for the next round. */
const uncountedPodsMax = 500;

/*
 * How a pod is counted exactly once, whatever is interrupted in between (KEP-2307):
 *   1. its uid is written to status.uncountedTerminatedPods (an index to status.completedIndexes),
 *   2. its finalizer is removed,
 *   3. its uid leaves the list and the counter grows, in one write.
 * A pod with finalizer that is in the list is not listed again; one in the list without finalizer is
 * counted; one that is neither has been counted.
 */

/** Step 1, in the round's status: the pods that may lose their finalizer once the status is written. */
export function listUncounted(round: Round): { release: Pod[]; isComplete: boolean } {
    const { status } = round;
    const release: Pod[] = [];
    const uncounted = { succeeded: [] as string[], failed: [] as string[] };
    const newIndexes: number[] = [];
    const known = status.uncountedTerminatedPods ?? {};
    let isComplete = true;
    for (const pod of inOrder(round)) {
        if (!isTracked(pod) || round.released.has(pod.metadata.uid ?? '')) continue;
        if (!mayRelease(round, pod)) continue;
        release.push(pod);
        const entry = classify(round, pod);
        if (entry === 'index') newIndexes.push(completionIndexOf(pod) ?? 0);
        else if (entry !== undefined) uncounted[entry].push(pod.metadata.uid ?? '');
        const listed =
            newIndexes.length + listedCount(known) + uncounted.succeeded.length + uncounted.failed.length;
        if (listed >= uncountedPodsMax) {
            isComplete = false;
            break;
        }
    }
    status.uncountedTerminatedPods = withUids(known, uncounted);
    if (isIndexed(round.job)) writeIndexes(round, newIndexes);
    return { release, isComplete };
}

const listedCount = ({ succeeded = [], failed = [] }: V1UncountedTerminatedPods): number =>
    succeeded.length + failed.length;

function withUids(
    { succeeded = [], failed = [] }: V1UncountedTerminatedPods,
    more: { succeeded: readonly string[]; failed: readonly string[] },
): V1UncountedTerminatedPods {
    const all = { succeeded: [...succeeded, ...more.succeeded], failed: [...failed, ...more.failed] };
    return {
        ...(all.succeeded.length === 0 ? {} : { succeeded: all.succeeded }),
        ...(all.failed.length === 0 ? {} : { failed: all.failed }),
    };
}

/** Indexes are introduced in order, so that the text stays short when the round is cut off. */
function inOrder({ job, pods }: Round): readonly Pod[] {
    if (!isIndexed(job)) return pods;
    return pods.toSorted((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1));
}

function mayRelease({ job, finished, delayed }: Round, pod: Pod): boolean {
    if (job.metadata.deletionTimestamp !== undefined || finished !== undefined || hasSucceeded(pod)) {
        return true;
    }
    if (!hasFailed(pod, job)) return false;
    if (!limitsPerIndex(job)) return true;
    // It carries the failures of its index until a successor does.
    const index = completionIndexOf(pod);
    return index === undefined || delayed.get(index)?.metadata.uid !== pod.metadata.uid;
}

/** Where the pod is to be listed; undefined for those that are listed or do not count. */
function classify(round: Round, pod: Pod): 'index' | 'succeeded' | 'failed' | undefined {
    const { job, uncounted, finished } = round;
    const uid = pod.metadata.uid ?? '';
    const index = validIndexOf(pod, job);
    if (hasSucceeded(pod) && !uncounted.failed.has(uid)) {
        if (!isIndexed(job)) return uncounted.succeeded.has(uid) ? undefined : 'succeeded';
        return index === undefined || round.previousIndexes.has(index) ? undefined : 'index';
    }
    // When the job has failed, what still runs is stopped and counts as failed.
    const jobFailed = finished !== undefined && finished.type !== 'SuccessCriteriaMet';
    if (!hasFailed(pod, job) && !jobFailed) return undefined;
    if (uncounted.failed.has(uid) || (isIndexed(job) && index === undefined)) return undefined;
    return policyVerdict(job, pod).counts ? 'failed' : undefined;
}

function writeIndexes({ status, succeededIndexes, failedIndexes }: Round, newIndexes: number[]): void {
    const indexes = succeededIndexes.union(IndexSet.of(newIndexes));
    status.succeeded = indexes.size;
    status.completedIndexes = indexes.toString();
    if (failedIndexes === undefined) delete status.failedIndexes;
    else status.failedIndexes = failedIndexes.toString();
}

/** Step 3: listed pods that have no finalizer any more move to the counters. */
export function countReleased(status: V1JobStatus, withFinalizer: ReadonlySet<string>): void {
    const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
    const left = {
        succeeded: succeeded.filter((uid) => withFinalizer.has(uid)),
        failed: failed.filter((uid) => withFinalizer.has(uid)),
    };
    status.succeeded = (status.succeeded ?? 0) + succeeded.length - left.succeeded.length;
    status.failed = (status.failed ?? 0) + failed.length - left.failed.length;
    status.uncountedTerminatedPods = withUids({}, left);
}

/** Uids of the pods whose finalizer the cache shows and nobody has removed since. */
export const uidsWithFinalizer = ({ pods, released }: Round): Set<string> =>
    new Set(
        pods
            .filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid ?? ''))
            .map(({ metadata }) => metadata.uid ?? ''),
    );

/** The decision is noted before pods are let go; gives the condition that concludes it. */
export function noteDecision(round: Round): V1JobCondition | undefined {
    const { finished, status, job, nowMs } = round;
    if (finished === undefined) return undefined;
    const isInterim = finished.type === 'FailureTarget' || finished.type === 'SuccessCriteriaMet';
    if (!isInterim) return finished;
    if (trueCondition(job, finished.type) === undefined) {
        status.conditions = [...(status.conditions ?? []), finished];
    }
    return concluded(finished, finished.type === 'FailureTarget' ? 'Failed' : 'Complete', nowMs);
}

/** Puts the final condition when all pods are counted and gone; false when it is too early for that. */
export function conclude({ status, terminating, nowMs }: Round, condition: V1JobCondition): boolean {
    if (listedCount(status.uncountedTerminatedPods ?? {}) > 0 || terminating > 0) return false;
    status.conditions = ensureCondition(status.conditions, condition);
    if (condition.type === 'Complete') status.completionTime = rfc3339(nowMs);
    return true;
}
