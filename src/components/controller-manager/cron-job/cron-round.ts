import type { V1CronJobStatus, V1Job, V1ObjectReference } from '../../../api/meta/object.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { isControlledBy } from '../../../api/meta/owner-references.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import { parseCron } from './cron-expression.ts';
import { nextTime } from './cron-times.ts';
import { endOf, jobsToForget, type CronJob, type Job } from './finished-jobs.ts';
import { jobNameFor } from './job-name.ts';
import { jobFor } from './job-template.ts';
import { findDue, untilNextMs, type NextTime } from './missed-times.ts';

export interface CronRoundInput {
    cronJob: CronJob;
    /** Jobs that it manages, as the cache has them. */
    jobs: readonly Job[];
    jobClient: ResourceClient<V1Job>;
    events: EventRecorder;
    nowMs: number;
}

/** One look at a cron job: what has become of its jobs, and whether another one is due. */
export class CronRound {
    /** What is to be written. */
    readonly status: V1CronJobStatus;
    /** Look again after this time. */
    againMs: number | undefined;
    readonly #input: CronRoundInput;

    constructor(input: CronRoundInput) {
        this.#input = input;
        this.status = deepClone(input.cronJob.status ?? {});
    }

    async run(): Promise<void> {
        this.#noteJobs();
        await this.#dropMissing();
        if (this.#input.cronJob.metadata.deletionTimestamp !== undefined) return;
        const next = this.#schedule();
        if (next !== undefined) await this.#startIfDue(next);
        await this.#forgetOld();
    }

    #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
        this.#input.events.event(this.#input.cronJob, type, reason, message);
    }

    get #active(): readonly V1ObjectReference[] {
        return this.status.active ?? [];
    }

    #setActive(active: V1ObjectReference[]): void {
        if (active.length === 0) delete this.status.active;
        else this.status.active = active;
    }

    #dropActive(uid: string | undefined): void {
        this.#setActive(this.#active.filter((reference) => reference.uid !== uid));
    }

    #noteJobs(): void {
        for (const job of this.#input.jobs) {
            const isActive = this.#active.some(({ uid }) => uid === job.metadata.uid);
            const end = endOf(job);
            if (!isActive && end === undefined) {
                const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
                this.#event('Warning', 'UnexpectedJob', message);
            } else if (isActive && end !== undefined) {
                this.#dropActive(job.metadata.uid);
                const message = `Saw completed job: ${job.metadata.name}, condition: ${end}`;
                this.#event('Normal', 'SawCompletedJob', message);
            }
            if (end === 'Complete') this.#noteSuccess(job.status?.completionTime);
        }
    }

    #noteSuccess(completionTime: string | undefined): void {
        const { lastSuccessfulTime } = this.status;
        if (completionTime === undefined) return;
        if (lastSuccessfulTime === undefined || Date.parse(completionTime) > Date.parse(lastSuccessfulTime)) {
            this.status.lastSuccessfulTime = completionTime;
        }
    }

    /** The cache may be behind: the server is asked before a job is called missing. */
    async #dropMissing(): Promise<void> {
        const { jobs, jobClient, cronJob } = this.#input;
        for (const { name = '', uid } of this.#active) {
            if (jobs.some(({ metadata }) => metadata.uid === uid)) continue;
            try {
                await jobClient.get({ namespace: cronJob.metadata.namespace, name });
            } catch (error) {
                if (!isReason(error, 'NotFound')) throw error;
                this.#event('Normal', 'MissingJob', `Active job went missing: ${name}`);
                this.#dropActive(uid);
            }
        }
    }

    /** Undefined while nothing is to be started. */
    #schedule(): NextTime | undefined {
        const { schedule, timeZone, suspend } = this.#input.cronJob.spec;
        try {
            new Intl.DateTimeFormat('en', { timeZone });
        } catch (error) {
            const message = `invalid timeZone: ${JSON.stringify(timeZone)}: ${messageOf(error)}`;
            this.#event('Warning', 'UnknownTimeZone', message);
            return undefined;
        }
        if (suspend === true) return undefined;
        try {
            const expression = parseCron(schedule);
            return (afterMs) => nextTime(expression, timeZone, afterMs);
        } catch (error) {
            const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${messageOf(error)}`;
            this.#event('Warning', 'UnparseableSchedule', message);
            return undefined;
        }
    }

    async #startIfDue(next: NextTime): Promise<void> {
        const { cronJob, nowMs } = this.#input;
        const { dueMs, tooMany } = findDue(cronJob, next, { nowMs, withDeadline: true });
        if (tooMany) {
            const advice = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew';
            this.#event('Warning', 'TooManyMissedTimes', `too many missed start times. ${advice}`);
        }
        if (dueMs !== undefined && this.#mayStart(dueMs)) await this.#start(dueMs);
        // From what is known now: the run that was just started is in the status.
        this.againMs = untilNextMs({ ...cronJob, status: this.status }, next, nowMs);
    }

    #mayStart(dueMs: number): boolean {
        const { cronJob, nowMs } = this.#input;
        const deadlineSeconds = cronJob.spec.startingDeadlineSeconds;
        if (deadlineSeconds !== undefined && dueMs + deadlineSeconds * 1000 < nowMs) {
            const when = new Date(dueMs).toUTCString().replace('GMT', '+0000');
            this.#event('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${when}`);
            return false;
        }
        const name = jobNameFor(cronJob.metadata.name, dueMs);
        const isStarted = this.#active.some((reference) => reference.name === name);
        if (isStarted || Date.parse(this.status.lastScheduleTime ?? '') === dueMs) return false;
        if (cronJob.spec.concurrencyPolicy === 'Forbid' && this.#active.length > 0) {
            const why = 'prior execution is running and concurrency policy is Forbid';
            this.#event('Normal', 'JobAlreadyActive', `Not starting job because ${why}`);
            return false;
        }
        return true;
    }

    async #start(dueMs: number): Promise<void> {
        const { cronJob } = this.#input;
        if (cronJob.spec.concurrencyPolicy === 'Replace') await this.#stopActive();
        const job = await this.#create(dueMs);
        if (job === undefined) return;
        this.status.lastScheduleTime = rfc3339(dueMs);
        const isKnown = this.#active.some(({ uid }) => uid === job.metadata.uid);
        if (isKnown || endOf(job) !== undefined) return;
        const { name, namespace, uid, resourceVersion } = job.metadata;
        const reference = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion };
        this.#setActive([...this.#active, reference]);
    }

    async #stopActive(): Promise<void> {
        for (const { name = '', uid } of this.#active) {
            await this.#delete(name);
            this.#dropActive(uid);
        }
    }

    /** Undefined when there is no job of ours for this time. */
    async #create(dueMs: number): Promise<Job | undefined> {
        const { cronJob, jobClient } = this.#input;
        const wanted = jobFor(cronJob, dueMs);
        try {
            const job = await jobClient.create(wanted);
            this.#event('Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
            return job;
        } catch (error) {
            if (isNamespaceTerminating(error)) return undefined;
            if (!isReason(error, 'AlreadyExists')) {
                this.#event('Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
                throw error;
            }
        }
        const found = await jobClient.get({
            namespace: cronJob.metadata.namespace,
            name: wanted.metadata?.name ?? '',
        });
        // Started earlier, without being written down.
        return isControlledBy(found, cronJob) ? found : undefined;
    }

    async #forgetOld(): Promise<void> {
        const { cronJob, jobs } = this.#input;
        for (const { metadata } of jobsToForget(cronJob, jobs)) {
            await this.#delete(metadata.name);
            this.#dropActive(metadata.uid);
        }
    }

    async #delete(name: string): Promise<void> {
        const { cronJob, jobClient } = this.#input;
        const { namespace } = cronJob.metadata;
        try {
            await jobClient.delete({ namespace, name }, { propagationPolicy: 'Background' });
        } catch (error) {
            if (isReason(error, 'NotFound')) return;
            this.#event('Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
            throw error;
        }
        this.#event('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    }
}
