import type { V1JobCondition } from '../../../api/meta/object.ts';
import { concluded, jobCondition } from './job-conditions.ts';
import { completionsOf, isIndexed, isSuspended, trueCondition, type Job, type Pod } from './job-spec.ts';
import { failJobMessage } from './pod-failure-policy.ts';
import { lookAgain, type Round } from './round.ts';
import { successMessage } from './success-policy.ts';

/**
 * Whether the job has come to its end, in upstream's order: what an earlier round decided, the pod
 * failure policy, the back-off limit, the deadline, the limits per index, the success policy.
 */
export function findVerdict(round: Round): V1JobCondition | undefined {
    const { job, nowMs } = round;
    const succeeded = trueCondition(job, 'SuccessCriteriaMet');
    if (succeeded !== undefined) return succeeded;
    const failing = trueCondition(job, 'FailureTarget');
    if (failing !== undefined) return concluded(failing, 'Failed', nowMs);
    const message = failJobMessage(job, round.pods);
    if (message !== undefined) {
        return jobCondition('FailureTarget', { reason: 'PodFailurePolicy', message }, nowMs);
    }
    return limitVerdict(round) ?? indexVerdict(round);
}

function limitVerdict(round: Round): V1JobCondition | undefined {
    const { job, nowMs } = round;
    if (round.failed > (job.spec?.backoffLimit ?? 6) || isPastRestartLimit(job, round.pods)) {
        const message = 'Job has reached the specified backoff limit';
        return jobCondition('FailureTarget', { reason: 'BackoffLimitExceeded', message }, nowMs);
    }
    const deadlineMs = timeToDeadlineMs(round);
    if (deadlineMs === undefined) return undefined;
    if (deadlineMs <= 0) {
        const message = 'Job was active longer than specified deadline';
        return jobCondition('FailureTarget', { reason: 'DeadlineExceeded', message }, nowMs);
    }
    lookAgain(round, deadlineMs);
    return undefined;
}

/** Pods that restart their containers themselves never fail: their restarts count instead. */
export function isPastRestartLimit({ spec }: Job, pods: readonly Pod[]): boolean {
    if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
    let restarts = 0;
    for (const { status } of pods) {
        if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
        for (const container of [
            ...(status.initContainerStatuses ?? []),
            ...(status.containerStatuses ?? []),
        ]) {
            restarts += container.restartCount;
        }
    }
    const limit = spec.backoffLimit ?? 6;
    return limit === 0 ? restarts > 0 : restarts >= limit;
}

function timeToDeadlineMs({ job, status, nowMs }: Round): number | undefined {
    const seconds = job.spec?.activeDeadlineSeconds;
    if (seconds === undefined || status.startTime === undefined || isSuspended(job)) return undefined;
    return Date.parse(status.startTime) + seconds * 1000 - nowMs;
}

function indexVerdict({ job, succeededIndexes, failedIndexes, nowMs }: Round): V1JobCondition | undefined {
    if (!isIndexed(job)) return undefined;
    const failed = failedIndexes?.size ?? 0;
    const most = job.spec?.maxFailedIndexes;
    if (most !== undefined && failed > most) {
        const message = 'Job has exceeded the specified maximal number of failed indexes';
        return jobCondition('FailureTarget', { reason: 'MaxFailedIndexesExceeded', message }, nowMs);
    }
    if (failed > 0 && failed + succeededIndexes.size >= (completionsOf(job) ?? 0)) {
        const message = 'Job has failed indexes';
        return jobCondition('FailureTarget', { reason: 'FailedIndexes', message }, nowMs);
    }
    const message = successMessage(job, succeededIndexes);
    if (message === undefined) return undefined;
    return jobCondition('SuccessCriteriaMet', { reason: 'SuccessPolicy', message }, nowMs);
}

/** Success by the number of pods that succeeded, when `active` more are running. */
export function completionsReached({ job, succeeded, active, nowMs }: Round): V1JobCondition | undefined {
    const completions = completionsOf(job);
    const reached = completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions;
    if (!reached) return undefined;
    const message = 'Reached expected number of succeeded pods';
    return jobCondition('SuccessCriteriaMet', { reason: 'CompletionsReached', message }, nowMs);
}
