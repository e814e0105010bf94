import type { V1JobCondition, V1JobStatus } from '../../../api/meta/object.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { isPodActive, isPodReady, isPodTerminating } from '../shared/pod-status.ts';
import { failedIndexes, podsOfFailedIndexes, succeededIndexes } from './indexes.ts';
import { IndexSet } from './index-set.ts';
import { isIndexed, limitsPerIndex, type Job, type Pod } from './job-spec.ts';
import { policyVerdict } from './pod-failure-policy.ts';
import { nextBackoff, type BackoffRecord } from './pod-backoff.ts';
import { hasFailed, hasSucceeded, isTracked, validIndexOf } from './pod-state.ts';

/** What one reconcile of a job knows and works out. `status` is what will be written. */
export interface Round {
    job: Job;
    status: V1JobStatus;
    readonly nowMs: number;
    readonly pods: readonly Pod[];
    readonly activePods: readonly Pod[];
    active: number;
    ready: number;
    terminating: number;
    /** Pods that the status lists but has not added to its counters. */
    readonly uncounted: { readonly succeeded: ReadonlySet<string>; readonly failed: ReadonlySet<string> };
    /** Pods whose finalizer was removed, which the cache does not show yet. */
    readonly released: ReadonlySet<string>;
    succeeded: number;
    readonly failed: number;
    /** Indexes of the status, before this round. */
    readonly previousIndexes: IndexSet;
    succeededIndexes: IndexSet;
    /** Undefined unless failures are limited per index. */
    readonly failedIndexes: IndexSet | undefined;
    /** The last failed pod of each index that needs another one: it carries the index's failure count. */
    readonly delayed: ReadonlyMap<number, Pod>;
    readonly backoff: BackoffRecord;
    /** The end that this round has found, or that an earlier one had. */
    finished: V1JobCondition | undefined;
    /** Look again after this time, at the latest. */
    requeueMs: number | undefined;
}

export interface RoundInput {
    job: Job;
    pods: readonly Pod[];
    released: ReadonlySet<string>;
    backoff: BackoffRecord | undefined;
    nowMs: number;
}

/** Counts pods and indexes. */
export function startRound({ job, pods, released, backoff, nowMs }: RoundInput): Round {
    const status = deepClone(job.status ?? {});
    const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
    const uncounted = { succeeded: new Set(succeeded), failed: new Set(failed) };
    const uncountedPods = (known: ReadonlySet<string>): Pod[] =>
        pods.filter((pod) => {
            const uid = pod.metadata.uid ?? '';
            if (!isTracked(pod) || known.has(uid) || released.has(uid)) return false;
            return !isIndexed(job) || validIndexOf(pod, job) !== undefined;
        });
    const newSucceeded = uncountedPods(uncounted.succeeded).filter(hasSucceeded);
    const newFailed = uncountedPods(uncounted.failed).filter((pod) => hasFailed(pod, job));
    const countedFailures = newFailed.filter((pod) => policyVerdict(job, pod).counts).length;
    const activePods = pods.filter(isPodActive);
    const indexes = isIndexed(job) ? succeededIndexes(job, pods) : undefined;
    const failedSet = limitsPerIndex(job) ? failedIndexes(job, pods) : undefined;
    return {
        job,
        status,
        nowMs,
        pods,
        activePods,
        active: activePods.length,
        ready: activePods.filter(isPodReady).length,
        terminating: pods.filter(isPodTerminating).length,
        uncounted,
        released,
        succeeded:
            indexes?.current.size ??
            (job.status?.succeeded ?? 0) + newSucceeded.length + uncounted.succeeded.size,
        failed: (job.status?.failed ?? 0) + countedFailures + uncounted.failed.size,
        previousIndexes: indexes?.previous ?? IndexSet.empty,
        succeededIndexes: indexes?.current ?? IndexSet.empty,
        failedIndexes: failedSet,
        delayed:
            failedSet === undefined
                ? new Map<number, Pod>()
                : podsOfFailedIndexes(job, {
                      tracked: uncountedPods(new Set()),
                      activePods,
                      over: failedSet.union(indexes?.current ?? IndexSet.empty),
                      nowMs,
                  }),
        backoff: nextBackoff(backoff, { succeeded: newSucceeded, failed: newFailed, nowMs }),
        finished: undefined,
        requeueMs: undefined,
    };
}

/** The earliest of several wishes counts. */
export function lookAgain(round: Round, afterMs: number): void {
    round.requeueMs = Math.min(round.requeueMs ?? Number.POSITIVE_INFINITY, afterMs);
}
