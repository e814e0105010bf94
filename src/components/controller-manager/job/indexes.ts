import { IndexSet } from './index-set.ts';
import { completionsOf, type Job, type Pod } from './job-spec.ts';
import { policyVerdict } from './pod-failure-policy.ts';
import {
    completionIndexOf,
    earlierFailures,
    finishedAtMs,
    hasFailed,
    hasSucceeded,
    isTracked,
    validIndexOf,
} from './pod-state.ts';

/** Indexes that the status says are done, and those with the pods that have succeeded since. */
export function succeededIndexes(job: Job, pods: readonly Pod[]): { previous: IndexSet; current: IndexSet } {
    const previous = IndexSet.parse(job.status?.completedIndexes, completionsOf(job) ?? 0);
    const fresh = pods.filter((pod) => hasSucceeded(pod) && isTracked(pod));
    return { previous, current: previous.union(indexesOf(fresh, job)) };
}

/** Indexes with too many failures, or that the pod failure policy gives up. */
export function failedIndexes(job: Job, pods: readonly Pod[]): IndexSet {
    const known = IndexSet.parse(job.status?.failedIndexes, completionsOf(job) ?? 0);
    return known.union(
        indexesOf(
            pods.filter((pod) => failsItsIndex(pod, job)),
            job,
        ),
    );
}

function failsItsIndex(pod: Pod, job: Job): boolean {
    if (!hasFailed(pod, job)) return false;
    const { counts, failsIndex } = policyVerdict(job, pod);
    const limit = job.spec?.backoffLimitPerIndex ?? 0;
    return failsIndex || (counts && earlierFailures(pod).counted >= limit);
}

export interface FailedPodsInput {
    /** Pods that still have the finalizer. */
    tracked: readonly Pod[];
    activePods: readonly Pod[];
    /** Indexes that need no pod any more. */
    over: IndexSet;
    nowMs: number;
}

/** The last failed pod of each index that has no active pod and needs one. */
export function podsOfFailedIndexes(job: Job, input: FailedPodsInput): Map<number, Pod> {
    const { tracked, activePods, over, nowMs } = input;
    const active = new Set(activePods.map(completionIndexOf));
    const last = new Map<number, Pod>();
    for (const pod of tracked) {
        const index = completionIndexOf(pod);
        if (index === undefined || active.has(index) || over.has(index) || !hasFailed(pod, job)) continue;
        const known = last.get(index);
        if (known === undefined || isLater(pod, known, nowMs)) last.set(index, pod);
    }
    return last;
}

function isLater(pod: Pod, known: Pod, nowMs: number): boolean {
    const failures = (p: Pod): number => earlierFailures(p).counted + earlierFailures(p).ignored;
    return failures(known) <= failures(pod) && finishedAtMs(pod, nowMs) >= finishedAtMs(known, nowMs);
}

const indexesOf = (pods: readonly Pod[], job: Job): IndexSet =>
    IndexSet.of(pods.map((pod) => validIndexOf(pod, job)).filter((index) => index !== undefined));
