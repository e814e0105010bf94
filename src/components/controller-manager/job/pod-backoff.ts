import type { V1Pod } from '../../../api/meta/object.ts';
import { earlierFailures, finishedAtMs } from './pod-state.ts';

/** Failures since the last success of a job's pods. */
export interface BackoffRecord {
    failures: number;
    lastFailureMs: number | undefined;
}

export const podBackoffBaseMs = 10_000;
export const podBackoffMaxMs = 10 * 60_000;

const none: BackoffRecord = { failures: 0, lastFailureMs: undefined };

/** The record after these pods, none of which it knows yet. A success starts it over. */
export function nextBackoff(
    old: BackoffRecord | undefined,
    pods: { succeeded: readonly V1Pod[]; failed: readonly V1Pod[]; nowMs: number },
): BackoffRecord {
    const { succeeded, failed, nowMs } = pods;
    const record = old ?? none;
    const failureTimes = failed.map((pod) => finishedAtMs(pod, nowMs));
    if (succeeded.length === 0) {
        if (failed.length === 0) return record;
        return { failures: record.failures + failed.length, lastFailureMs: Math.max(...failureTimes) };
    }
    const lastSuccessMs = Math.max(...succeeded.map((pod) => finishedAtMs(pod, nowMs)));
    const since = failureTimes.filter((ms) => ms >= lastSuccessMs);
    return since.length === 0 ? none : { failures: since.length, lastFailureMs: Math.max(...since) };
}

/** Milliseconds until the next pod may be created: 10 s after the first failure, doubling to 10 min. */
export function remainingBackoffMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
    if (failures === 0 || lastFailureMs === undefined) return 0;
    const delayMs = Math.min(podBackoffBaseMs * 2 ** Math.min(failures - 1, 30), podBackoffMaxMs);
    return Math.max(0, lastFailureMs + delayMs - nowMs);
}

/** The same for one index, from the pod that failed last. */
export function remainingIndexBackoffMs(lastFailed: V1Pod | undefined, nowMs: number): number {
    if (lastFailed === undefined) return 0;
    const { counted, ignored } = earlierFailures(lastFailed);
    return remainingBackoffMs(
        { failures: counted + ignored + 1, lastFailureMs: finishedAtMs(lastFailed, nowMs) },
        nowMs,
    );
}
