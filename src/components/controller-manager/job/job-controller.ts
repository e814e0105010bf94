import { semanticEqual, deepClone } from '../../../api/meta/deep.ts';
import { objectKey, type V1Job, type V1JobCondition, type V1Pod } from '../../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import { Expectations } from '../../../client/expectations.ts';
import type { Informer } from '../../../client/informer.ts';
import { jobs, pods } from '../../../client/resource-type.ts';
import { rfc3339 } from '../../../util/clock.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { claim } from '../shared/claim.ts';
import { controlledBy, controlledOrOrphaned, indexByController } from '../shared/owner-index.ts';
import { PodControl } from '../shared/pod-control.ts';
import { podEvents } from '../shared/pod-events.ts';
import { WrittenVersions } from '../shared/written-versions.ts';
import { conclude, countReleased, listUncounted, noteDecision, uidsWithFinalizer } from './accounting.ts';
import { ensureCondition, jobCondition } from './job-conditions.ts';
import { isLeftBehind, leftBehindEvents } from './job-events.ts';
import { trackingFinalizer } from './job-labels.ts';
import { isFinished, isManagedElsewhere, isSuspended, type Job, type Pod } from './job-spec.ts';
import type { BackoffRecord } from './pod-backoff.ts';
import { PodManager } from './pod-manager.ts';
import { planPods } from './pod-plan.ts';
import { PodReleaser } from './pod-releaser.ts';
import { lookAgain, startRound, type Round } from './round.ts';
import { completionsReached, findVerdict } from './verdict.ts';

const ownerKind = { apiVersion: 'batch/v1', kind: 'Job' };
/** Changes of pods within this time are counted in one write. */
const podBatchMs = 50;

/** Runs pods until enough of them have succeeded. */
export const jobController: ControllerDefinition = {
    name: 'job-controller',
    serviceAccount: 'job-controller',
    create: (context) => new JobController(context),
};

class JobController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #jobs: Informer<V1Job>;
    readonly #pods: Informer<V1Pod>;
    readonly #client: ResourceClient<V1Job>;
    readonly #expectations: Expectations;
    readonly #releaser: PodReleaser;
    readonly #podManager: PodManager;
    readonly #written = new WrittenVersions();
    /** By uid of the job. */
    readonly #backoffs = new Map<string, BackoffRecord>();
    readonly #controller: Controller;
    /** Takes the finalizer off pods that no job counts any more. */
    readonly #leftBehind: Controller;

    constructor(context: ControllerContext) {
        const { client, clock, events, logger, informers } = context;
        this.#context = context;
        this.#jobs = informers.informer(jobs);
        this.#pods = informers.informer(pods);
        this.#client = client.resource(jobs);
        this.#expectations = new Expectations(clock);
        this.#releaser = new PodReleaser(client.resource(pods));
        this.#podManager = new PodManager({
            podControl: new PodControl(client, events),
            expectations: this.#expectations,
            releaser: this.#releaser,
        });
        this.#controller = new Controller({
            name: 'job',
            logger,
            clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        this.#leftBehind = new Controller({
            name: 'job_orphan_pod',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#releaseLeftBehind(key),
        });
        indexByController(this.#pods);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
        this.#leftBehind.start();
    }

    async stop(): Promise<void> {
        await Promise.all([this.#controller.stop(), this.#leftBehind.stop()]);
    }

    #watch(): void {
        const enqueue = (job: Job): void => this.#controller.enqueue(objectKey(job));
        this.#jobs.addHandler({
            added: enqueue,
            updated: (job, old) => {
                enqueue(job);
                if (isFinished(job) && !isFinished(old)) this.#enqueuePods(job);
            },
            deleted: (job) => {
                const { uid = '' } = job.metadata;
                this.#backoffs.delete(uid);
                this.#written.forget(uid);
                this.#expectations.forget(objectKey(job));
                this.#enqueuePods(job);
            },
        });
        this.#pods.addHandler(this.#releaser.handler());
        this.#pods.addHandler(
            podEvents({
                kind: { type: jobs, selector: ({ spec }) => labelSelectorMatcher(spec?.selector) },
                owners: this.#jobs.lister,
                expectations: this.#expectations,
                enqueue: (key) => this.#controller.enqueueAfter(key, podBatchMs),
            }),
        );
        this.#pods.addHandler(leftBehindEvents(this.#jobs.lister, (key) => this.#leftBehind.enqueue(key)));
    }

    #enqueuePods(job: Job): void {
        for (const pod of controlledBy(this.#pods.lister, job)) this.#leftBehind.enqueue(objectKey(pod));
    }

    async #releaseLeftBehind(key: string): Promise<Outcome> {
        const pod = this.#pods.lister.get(key);
        if (pod !== undefined && isLeftBehind(pod, this.#jobs.lister)) await this.#releaser.release(pod);
        return done;
    }

    async #reconcile(key: string): Promise<Outcome> {
        const job = this.#jobs.lister.get(key);
        if (job === undefined || isManagedElsewhere(job)) return done;
        // Counters that are older than what was written would count, and create, twice.
        if (this.#written.isBehind(job)) return done;
        if (isFinished(job)) {
            this.#backoffs.delete(job.metadata.uid ?? '');
            return done;
        }
        // Asked before the pods are read: what is expected later is not in them.
        const mayManage = this.#expectations.satisfied(key);
        const round = startRound({
            job,
            pods: await this.#claimPods(job),
            released: new Set(this.#releaser.released),
            backoff: this.#backoffs.get(job.metadata.uid ?? ''),
            nowMs: this.#context.clock.nowMs(),
        });
        if (round.status.startTime === undefined && !isSuspended(job)) {
            round.status.startTime = rfc3339(round.nowMs);
        }
        const failure = await this.#act(round, mayManage);
        await this.#account(round);
        if (failure !== undefined)
            throw failure instanceof Error ? failure : new Error('reconciling failed', { cause: failure });
        return round.requeueMs === undefined ? done : requeueAfter(round.requeueMs);
    }

    async #claimPods(job: Job): Promise<Pod[]> {
        const { namespace, name } = job.metadata;
        return await claim(controlledOrOrphaned(this.#pods.lister, job), {
            owner: job,
            ownerKind,
            matcher: labelSelectorMatcher(job.spec?.selector),
            resource: this.#context.client.resource(pods),
            freshOwner: async () => await this.#client.get({ namespace, name }),
            finalizer: trackingFinalizer,
        });
    }

    /** Creates and deletes pods as the job's state demands; resolves with the error that was met. */
    async #act(round: Round, mayManage: boolean): Promise<unknown> {
        round.finished = findVerdict(round);
        if (round.finished !== undefined) {
            const failure = await this.#podManager.deleteActive(round);
            // There may be pods that the cache does not show yet: not over before they are counted.
            if (round.active > 0 || !mayManage) round.finished = undefined;
            return failure;
        }
        let failure: unknown;
        const manages = mayManage && round.job.metadata.deletionTimestamp === undefined;
        if (manages) {
            const plan = planPods(round);
            failure = await this.#podManager.carryOut(round, plan);
            if ('againMs' in plan) lookAgain(round, plan.againMs);
        }
        round.finished = completionsReached(round);
        if (round.finished === undefined && manages) this.#noteSuspension(round);
        return failure;
    }

    #noteSuspension(round: Round): void {
        const { job, status, nowMs } = round;
        const suspended = isSuspended(job);
        const [reason, message] = suspended
            ? ['JobSuspended', 'Job suspended']
            : ['JobResumed', 'Job resumed'];
        const before = status.conditions ?? [];
        const conditions = ensureCondition(
            before,
            jobCondition('Suspended', { status: suspended ? 'True' : 'False', reason, message }, nowMs),
        );
        if (conditions === before) return;
        status.conditions = conditions;
        // The deadline starts over when the job is resumed.
        if (suspended) delete status.startTime;
        else status.startTime = rfc3339(nowMs);
        this.#context.events.event(job, 'Normal', suspended ? 'Suspended' : 'Resumed', message);
    }

    /** Counts finished pods, lets them go, and writes the status: see accounting.ts. */
    async #account(round: Round): Promise<void> {
        const { status } = round;
        status.active = round.active;
        status.ready = round.ready;
        status.terminating = round.terminating;
        const withFinalizer = uidsWithFinalizer(round);
        countReleased(status, withFinalizer);
        const { release, isComplete } = listUncounted(round);
        const conclusion = noteDecision(round);
        await this.#write(round);
        this.#backoffs.set(round.job.metadata.uid ?? '', round.backoff);
        const failure = await this.#release(release, withFinalizer);
        countReleased(round.status, withFinalizer);
        const concluded =
            failure === undefined && isComplete && conclusion !== undefined && conclude(round, conclusion);
        await this.#write(round);
        if (concluded) this.#reportEnd(round, conclusion);
        if (failure !== undefined) throw failure;
    }

    async #release(release: readonly Pod[], withFinalizer: Set<string>): Promise<Error | undefined> {
        const results = await Promise.allSettled(
            release.map(async (pod) => {
                await this.#releaser.release(pod);
                withFinalizer.delete(pod.metadata.uid ?? '');
            }),
        );
        const failed = results.find((result) => result.status === 'rejected');
        return failed === undefined
            ? undefined
            : new Error('pods could not be let go', { cause: failed.reason });
    }

    /** Writes nothing when nothing changed. */
    async #write(round: Round): Promise<void> {
        const { active, succeeded, failed, ...status } = round.status;
        const next = {
            ...status,
            // Counters of 0 are absent on the wire.
            ...(active ? { active } : {}),
            ...(succeeded ? { succeeded } : {}),
            ...(failed ? { failed } : {}),
        };
        if (semanticEqual(round.job.status, next)) return;
        round.job = await this.#client.updateStatus({ ...round.job, status: next });
        round.status = deepClone(round.job.status ?? {});
        this.#written.note(round.job);
    }

    #reportEnd({ job }: Round, { type, reason = '', message = '' }: V1JobCondition): void {
        const { events } = this.#context;
        if (type === 'Complete') events.event(job, 'Normal', 'Completed', 'Job completed');
        else events.event(job, 'Warning', reason, message);
    }
}
