import type { V1CronJob } from '../../../api/meta/object.ts';

/** The first time after one that a schedule names. */
export type NextTime = (afterMs: number) => number | undefined;

export interface Due {
    /** The latest time that has passed without a run; undefined when there is none. */
    dueMs: number | undefined;
    /** More than 100 were missed: a long stop, or a clock that jumped. */
    tooMany: boolean;
    /** From when on times were looked at. */
    earliestMs: number;
}

const manyMissed = 100;

/**
 * The most recent time that should have started a job (upstream's mostRecentScheduleTime). Looks back to
 * the last run, or the creation; with `withDeadline` not farther than startingDeadlineSeconds. Between far
 * times it jumps by the distance of the first two, so that years of missed minutes cost nothing.
 */
export function findDue(
    { metadata, spec, status }: V1CronJob,
    next: NextTime,
    { nowMs, withDeadline }: { nowMs: number; withDeadline: boolean },
): Due {
    let earliestMs = Date.parse(status?.lastScheduleTime ?? metadata?.creationTimestamp ?? '') || 0;
    const deadlineSeconds = spec.startingDeadlineSeconds;
    if (withDeadline && deadlineSeconds !== undefined) {
        earliestMs = Math.max(earliestMs, nowMs - deadlineSeconds * 1000);
    }
    const first = next(earliestMs);
    if (first === undefined || nowMs < first) return { dueMs: undefined, tooMany: false, earliestMs };
    const second = next(first);
    if (second === undefined || nowMs < second) return { dueMs: first, tooMany: false, earliestMs };
    const missed = Math.floor((nowMs - first) / (second - first)) + 1;
    // Schedules are not regular (weekdays, DST): the jump stops short, and farther if that was too far.
    let dueMs: number | undefined;
    for (let back = 2; dueMs === undefined; back *= 2) {
        const jumpMs = first + Math.max(0, missed - back) * (second - first);
        dueMs = lastUntil(next, jumpMs, nowMs);
    }
    return { dueMs, tooMany: missed > manyMissed, earliestMs };
}

/** The last time after `fromMs` that is not after `nowMs`. From `first` on there is always `second`. */
function lastUntil(next: NextTime, fromMs: number, nowMs: number): number | undefined {
    let last: number | undefined;
    for (let ms = next(fromMs); ms !== undefined && ms <= nowMs; ms = next(ms)) last = ms;
    return last;
}

/** Timers fire a little after the minute, so that a clock that is a little off does not wake too early. */
const wakeDelayMs = 100;

/** Milliseconds until the schedule is to be looked at again; undefined when it never is. */
export function untilNextMs(cronJob: V1CronJob, next: NextTime, nowMs: number): number | undefined {
    const { dueMs, earliestMs } = findDue(cronJob, next, { nowMs, withDeadline: false });
    const upcoming = next(dueMs === undefined ? earliestMs : Math.max(dueMs, earliestMs));
    const future = upcoming !== undefined && upcoming <= nowMs ? next(nowMs) : upcoming;
    return future === undefined ? undefined : future + wakeDelayMs - nowMs;
}
