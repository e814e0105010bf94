import { objectKey, splitObjectKey, type Stored, type V1Job } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, requeueAfter, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { jobs } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { timeLeftMs } from './time-left.ts';

/** Deletes jobs some time after they have finished. */
export const ttlAfterFinishedController: ControllerDefinition = {
    name: 'ttl-after-finished-controller',
    serviceAccount: 'ttl-after-finished-controller',
    create: (context) => new TtlAfterFinishedController(context),
};

class TtlAfterFinishedController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #jobs: Informer<V1Job>;
    readonly #client: ResourceClient<V1Job>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#jobs = context.informers.informer(jobs);
        this.#client = context.client.resource(jobs);
        this.#controller = new Controller({
            name: 'ttl_jobs_to_delete',
            logger: context.logger,
            clock: context.clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (job: Stored<V1Job>): void => {
            if (this.#timeLeftMs(job) !== undefined) this.#controller.enqueue(objectKey(job));
        };
        this.#jobs.addHandler({ added: enqueue, updated: enqueue });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const cached = this.#jobs.lister.get(key);
        const leftMs = cached === undefined ? undefined : this.#timeLeftMs(cached);
        if (leftMs === undefined) return done;
        if (leftMs > 0) return requeueAfter(leftMs);
        return await this.#deleteExpired(key);
    }

    /** Looks at the job itself before: its time to live may have been extended a moment ago. */
    async #deleteExpired(key: string): Promise<Outcome> {
        const ref = splitObjectKey(key);
        try {
            const fresh = await this.#client.get(ref);
            const leftMs = this.#timeLeftMs(fresh);
            if (leftMs === undefined) return done;
            if (leftMs > 0) return requeueAfter(leftMs);
            const { uid } = fresh.metadata;
            await this.#client.delete(ref, {
                propagationPolicy: 'Foreground',
                ...(uid === undefined ? {} : { preconditions: { uid } }),
            });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
        return done;
    }

    #timeLeftMs(job: V1Job): number | undefined {
        return timeLeftMs(job, this.#context.clock.nowMs());
    }
}
