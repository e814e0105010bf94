import type { Stored, V1CronJob, V1Job } from '../../../api/meta/object.ts';
import { isConditionTrue } from '../../../api/meta/conditions.ts';

export type CronJob = Stored<V1CronJob>;
export type Job = Stored<V1Job>;

/** "Complete" or "Failed"; undefined for a job that runs. */
export function endOf({ status }: V1Job): 'Complete' | 'Failed' | undefined {
    if (isConditionTrue(status?.conditions, 'Complete')) return 'Complete';
    return isConditionTrue(status?.conditions, 'Failed') ? 'Failed' : undefined;
}

/** The oldest finished jobs beyond the history limits. */
export function jobsToForget({ spec }: V1CronJob, jobs: readonly Job[]): Job[] {
    const beyond = (end: 'Complete' | 'Failed', limit: number | undefined): Job[] => {
        if (limit === undefined) return [];
        const finished = jobs.filter((job) => endOf(job) === end).sort(byStart);
        return finished.slice(0, Math.max(0, finished.length - limit));
    };
    return [
        ...beyond('Complete', spec.successfulJobsHistoryLimit),
        ...beyond('Failed', spec.failedJobsHistoryLimit),
    ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Oldest first; those that never started come last. */
function byStart(a: Job, b: Job): number {
    const [startA, startB] = [a.status?.startTime ?? '~', b.status?.startTime ?? '~'];
    if (startA !== startB) return startA < startB ? -1 : 1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
}
