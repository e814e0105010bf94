import { semanticEqual } from '../../../api/meta/deep.ts';
import { objectKey, type V1CronJob, type V1Job } from '../../../api/meta/object.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { cronJobs, jobs } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { controlledBy, indexByController } from '../shared/owner-index.ts';
import { messageOf } from '../shared/pod-control.ts';
import { WrittenVersions } from '../shared/written-versions.ts';
import { CronRound } from './cron-round.ts';
import type { CronJob, Job } from './finished-jobs.ts';

/**
 * The schedule follows the wall clock, timers do not: a clock that is set (a board without battery, at its
 * first contact with a time server) is noticed after this time at the latest.
 */
const clockCheckMs = 5 * 60_000;

/** Creates jobs on a schedule. */
export const cronJobController: ControllerDefinition = {
    name: 'cronjob-controller',
    serviceAccount: 'cronjob-controller',
    create: (context) => new CronJobController(context),
};

const toError = (failure: unknown): Error =>
    failure instanceof Error ? failure : new Error(messageOf(failure));

class CronJobController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #cronJobs: Informer<V1CronJob>;
    readonly #jobs: Informer<V1Job>;
    readonly #client: ResourceClient<V1CronJob>;
    readonly #jobClient: ResourceClient<V1Job>;
    readonly #written = new WrittenVersions();
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        const { client, clock, informers, logger } = context;
        this.#context = context;
        this.#cronJobs = informers.informer(cronJobs);
        this.#jobs = informers.informer(jobs);
        this.#client = client.resource(cronJobs);
        this.#jobClient = client.resource(jobs);
        this.#controller = new Controller({
            name: 'cronjob',
            logger,
            clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByController(this.#jobs);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (cronJob: CronJob): void => this.#controller.enqueue(objectKey(cronJob));
        this.#cronJobs.addHandler({
            added: enqueue,
            updated: enqueue,
            deleted: (cronJob) => this.#written.forget(cronJob.metadata.uid ?? ''),
        });
        const enqueueOwner = (job: Job): void => {
            const owner = controllerOf(job);
            if (owner?.kind !== 'CronJob') return;
            this.#controller.enqueue(`${job.metadata.namespace ?? ''}/${owner.name}`);
        };
        this.#jobs.addHandler({
            added: enqueueOwner,
            updated: (job, old) => {
                enqueueOwner(job);
                if (controllerOf(job)?.uid !== controllerOf(old)?.uid) enqueueOwner(old);
            },
            deleted: enqueueOwner,
        });
    }

    async #reconcile(key: string): Promise<Outcome> {
        const cronJob = this.#cronJobs.lister.get(key);
        if (cronJob === undefined || this.#written.isBehind(cronJob)) return done;
        const { clock, events } = this.#context;
        const round = new CronRound({
            cronJob,
            jobs: controlledBy(this.#jobs.lister, cronJob),
            jobClient: this.#jobClient,
            events,
            nowMs: clock.nowMs(),
        });
        let failure: unknown;
        try {
            await round.run();
        } catch (error) {
            failure = error;
        }
        // What was started must be written down also when something failed afterwards.
        if (!semanticEqual(cronJob.status, round.status)) {
            this.#written.note(await this.#client.updateStatus({ ...cronJob, status: round.status }));
        }
        if (failure !== undefined) throw toError(failure);
        return round.againMs === undefined ? done : requeueAfter(Math.min(round.againMs, clockCheckMs));
    }
}
