import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1Job, V1JobStatus } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { isBlank, items, nonNegative } from '../validation/basic.ts';
import { countIndexes, overlappingIndex } from './job-indexes.ts';

type Job = Incomplete<V1Job>;
type Status = Incomplete<V1JobStatus>;

/** One write of a status: what it changes decides which rules hold, so that an old fault blocks no other change. */
interface Change {
    job: Job;
    status: Status;
    before: Status;
}

export function hasCondition(status: Status | undefined, wanted: string): boolean {
    return items(status?.conditions).some(({ type, status: is }) => type === wanted && is === 'True');
}

function isFinished(status: Status): boolean {
    return hasCondition(status, 'Complete') || hasCondition(status, 'Failed');
}

function conditionsError(detail: string): FieldError {
    return fieldErrors.invalidOmitted('status.conditions', detail);
}

/** Rules of a job's status, whoever manages the job (batch/validation ValidateJobUpdateStatus). */
export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
    const change: Change = { job, status: job.status ?? {}, before: old.status ?? {} };
    return [
        ...validateCounts(change.status),
        ...validateUncounted(change.status),
        ...validateConditionsTogether(change),
        ...validateCompletionTime(change),
        ...validateFinished(change),
        ...validateIndexes(change),
        ...validateSuccessCriteria(change),
        ...validateTransition(change),
    ];
}

const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

function validateCounts(status: Status): FieldError[] {
    return counts.flatMap((field) => nonNegative(status[field], `status.${field}`));
}

function validateUncounted({ uncountedTerminatedPods }: Status): FieldError[] {
    const seen = new Set<string>();
    return (['succeeded', 'failed'] as const).flatMap((field) =>
        items(uncountedTerminatedPods?.[field]).flatMap((uid, index) => {
            const path = `status.uncountedTerminatedPods.${field}[${index}]`;
            if (isBlank(uid)) return [fieldErrors.invalid(path, uid, 'must not be empty')];
            if (seen.has(uid)) return [fieldErrors.duplicate(path, uid)];
            seen.add(uid);
            return [];
        }),
    );
}

function changes({ status, before }: Change, ...conditions: string[]): boolean {
    return conditions.some((type) => hasCondition(status, type) !== hasCondition(before, type));
}

function validateConditionsTogether(change: Change): FieldError[] {
    const { status } = change;
    if (!hasCondition(status, 'Complete')) return [];
    const errors: FieldError[] = [];
    if (changes(change, 'Complete', 'Failed') && hasCondition(status, 'Failed')) {
        errors.push(conditionsError('cannot set Complete=True and Failed=true conditions'));
    }
    if (changes(change, 'Complete', 'FailureTarget') && hasCondition(status, 'FailureTarget')) {
        errors.push(conditionsError('cannot set Complete=True and FailureTarget=true conditions'));
    }
    return errors;
}

function validateCompletionTime(change: Change): FieldError[] {
    const { status, before } = change;
    const { completionTime, startTime } = status;
    const path = 'status.completionTime';
    const errors: FieldError[] = [];
    const hasNewTime = completionTime !== before.completionTime;
    if (hasNewTime || changes(change, 'Complete')) {
        const isComplete = hasCondition(status, 'Complete');
        if (completionTime !== undefined && !isComplete) {
            const detail = 'cannot set completionTime when there is no Complete=True condition';
            errors.push(fieldErrors.invalid(path, completionTime, detail));
        }
        if (completionTime === undefined && isComplete) {
            errors.push(fieldErrors.required(path, 'completionTime is required for Complete jobs'));
        }
    }
    if (!hasNewTime && startTime === before.startTime) return errors;
    if (startTime !== undefined && completionTime !== undefined && isBefore(completionTime, startTime)) {
        const detail = 'completionTime cannot be set before startTime';
        errors.push(fieldErrors.invalid(path, completionTime, detail));
    }
    return errors;
}

function isBefore(time: string, other: string): boolean {
    return Date.parse(time) < Date.parse(other);
}

function validateFinished(change: Change): FieldError[] {
    const { status, before } = change;
    const errors: FieldError[] = [];
    if (
        changes(change, 'Failed') &&
        hasCondition(status, 'Failed') &&
        !hasCondition(status, 'FailureTarget')
    ) {
        errors.push(
            conditionsError('cannot set Failed=True condition without the FailureTarget=true condition'),
        );
    }
    if (
        changes(change, 'Complete') &&
        hasCondition(status, 'Complete') &&
        !hasCondition(status, 'SuccessCriteriaMet')
    ) {
        errors.push(
            conditionsError(
                'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
            ),
        );
    }
    return isFinished(status)
        ? [...errors, ...validateAtRest(status, before)]
        : [...errors, ...validateReady(status, before)];
}

/** Nothing of a finished job runs any more. */
function validateAtRest(status: Status, before: Status): FieldError[] {
    const errors: FieldError[] = [];
    const finishes = !isFinished(before);
    const differs = (field: keyof Status) => finishes || !semanticEqual(status[field], before[field]);
    for (const field of ['active', 'terminating'] as const) {
        const count = status[field] ?? 0;
        if (count > 0 && differs(field)) {
            errors.push(
                fieldErrors.invalid(`status.${field}`, count, `${field}>0 is invalid for finished job`),
            );
        }
    }
    if (status.startTime === undefined && differs('startTime')) {
        errors.push(fieldErrors.required('status.startTime', 'startTime is required for finished job'));
    }
    const { succeeded, failed } = status.uncountedTerminatedPods ?? {};
    if (items(succeeded).length + items(failed).length > 0 && differs('uncountedTerminatedPods')) {
        errors.push(
            fieldErrors.invalid(
                'status.uncountedTerminatedPods',
                status.uncountedTerminatedPods,
                'uncountedTerminatedPods needs to be empty for finished job',
            ),
        );
    }
    return [...errors, ...validateReady(status, before)];
}

function validateReady({ ready, active = 0 }: Status, before: Status): FieldError[] {
    if (ready === before.ready && active === (before.active ?? 0)) return [];
    if (ready === undefined || ready <= active) return [];
    return [fieldErrors.invalid('status.ready', ready, 'cannot set more ready pods than active')];
}

function validateIndexes({ job, status, before }: Change): FieldError[] {
    const { completions, completionMode, backoffLimitPerIndex } = job.spec ?? {};
    const { completedIndexes = '', failedIndexes } = status;
    const hasNewCompleted = completedIndexes !== (before.completedIndexes ?? '');
    const hasNewFailed = failedIndexes !== before.failedIndexes;
    const errors: FieldError[] = [];
    if (hasNewCompleted) {
        errors.push(...validateFormat('completedIndexes', completedIndexes, completions));
        if (completedIndexes !== '' && completionMode !== 'Indexed') {
            const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
            errors.push(fieldErrors.invalid('status.completedIndexes', completedIndexes, detail));
        }
    }
    if (failedIndexes === undefined) return errors;
    const path = 'status.failedIndexes';
    if (hasNewFailed && backoffLimitPerIndex !== undefined) {
        errors.push(...validateFormat('failedIndexes', failedIndexes, completions));
    } else if (hasNewFailed) {
        const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
        errors.push(fieldErrors.invalid(path, failedIndexes, detail));
    }
    if (completions === undefined || !(hasNewFailed || hasNewCompleted)) return errors;
    const shared = overlappingIndex(completedIndexes, failedIndexes, completions);
    if (shared === undefined) return errors;
    const detail = `failedIndexes and completedIndexes overlap at index: ${shared}`;
    return [...errors, fieldErrors.invalid(path, failedIndexes, detail)];
}

function validateFormat(field: string, indexes: string, completions: number | undefined): FieldError[] {
    if (completions === undefined) return [];
    const count = countIndexes(indexes, completions);
    return 'problem' in count
        ? [fieldErrors.invalid(`status.${field}`, indexes, `error parsing ${field}: ${count.problem}`)]
        : [];
}

function validateSuccessCriteria({ job, status }: Change): FieldError[] {
    const errors: FieldError[] = [];
    if (hasCondition(status, 'SuccessCriteriaMet')) {
        for (const other of ['Failed', 'FailureTarget']) {
            if (!hasCondition(status, other)) continue;
            errors.push(conditionsError(`cannot set SuccessCriteriaMet=True and ${other}=true conditions`));
        }
    } else if (job.spec?.successPolicy !== undefined && hasCondition(status, 'Complete')) {
        const detail = 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True';
        errors.push(conditionsError(detail));
    }
    return errors;
}

/** What a job has reached it keeps: its end, its counts, its times. */
function validateTransition({ job, status, before }: Change): FieldError[] {
    const errors = ['Failed', 'Complete', 'FailureTarget']
        .filter((type) => hasCondition(before, type) && !hasCondition(status, type))
        .map((type) => conditionsError(`cannot disable the terminal ${type}=True condition`));
    errors.push(...validateCountsKept(job, status, before), ...validateTimesKept(job, status, before));
    const metNow = hasCondition(status, 'SuccessCriteriaMet');
    const metBefore = hasCondition(before, 'SuccessCriteriaMet');
    if (metBefore && !metNow) {
        errors.push(conditionsError('cannot disable the SuccessCriteriaMet=True condition'));
    }
    if (metNow && !metBefore && hasCondition(before, 'Complete')) {
        const detail = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
        errors.push(conditionsError(detail));
    }
    return errors;
}

function validateCountsKept(job: Job, status: Status, before: Status): FieldError[] {
    const { completionMode, completions, parallelism } = job.spec ?? {};
    // An indexed job that was scaled down has fewer indexes that can have succeeded.
    const mayShrink = completionMode === 'Indexed' && completions === parallelism;
    const fields = mayShrink ? (['failed'] as const) : (['failed', 'succeeded'] as const);
    return fields.flatMap((field) => {
        const count = status[field] ?? 0;
        if (count >= (before[field] ?? 0)) return [];
        return [fieldErrors.invalid(`status.${field}`, count, `cannot decrease the ${field} counter`)];
    });
}

function validateTimesKept(job: Job, status: Status, before: Status): FieldError[] {
    const errors: FieldError[] = [];
    const { completionTime, startTime } = status;
    if (
        completionTime !== undefined &&
        before.completionTime !== undefined &&
        completionTime !== before.completionTime
    ) {
        const detail = 'completionTime cannot be mutated';
        errors.push(fieldErrors.invalid('status.completionTime', completionTime, detail));
    }
    // A job that is suspended, or still was when its status was written last, starts anew.
    const mayRestart = job.spec?.suspend === true || hasCondition(before, 'Suspended');
    if (before.startTime !== undefined && before.startTime !== startTime && !mayRestart) {
        const detail = 'startTime cannot be removed for unsuspended job';
        errors.push(fieldErrors.required('status.startTime', detail));
    }
    return errors;
}
