import { objectKey, type Stored, type V1IPAddress, type V1ServiceCIDR } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import { Controller, done, type Outcome, requeueAfter } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { ipAddresses, serviceCidrs } from '../../../client/resource-type.ts';
import { type Clock, rfc3339 } from '../../../util/clock.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { addFinalizer, removeFinalizer } from '../volume-protection/finalizer.ts';
import { containsAddress, graceLeftMs, isDispensable, overlaps } from './networks.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';

/** Says of ServiceCIDRs that they are ready, and lets deleted ones go once no address depends on them. */
class ServiceCidrController implements RunnableController {
    readonly #ranges: Informer<V1ServiceCIDR>;
    readonly #addresses: Informer<V1IPAddress>;
    readonly #client: ResourceClient<V1ServiceCIDR>;
    readonly #controller: Controller;
    readonly #clock: Clock;

    constructor({ client, informers, logger, clock }: ControllerContext) {
        this.#ranges = informers.informer(serviceCidrs);
        this.#addresses = informers.informer(ipAddresses);
        this.#client = client.resource(serviceCidrs);
        this.#clock = clock;
        this.#controller = new Controller({
            name: 'servicecidrs',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
        this.#ranges.addHandler({
            added: (range) => {
                this.#controller.enqueue(objectKey(range));
                this.#enqueueOverlapping(range);
            },
            updated: (range) => {
                this.#controller.enqueue(objectKey(range));
                this.#enqueueOverlapping(range);
            },
            deleted: (range) => {
                this.#enqueueOverlapping(range);
            },
        });
        const enqueueHolders = (address: Stored<V1IPAddress>): void => {
            for (const range of this.#leaving()) {
                if (containsAddress(range, address.metadata.name)) this.#controller.enqueue(objectKey(range));
            }
        };
        this.#addresses.addHandler({ added: enqueueHolders, deleted: enqueueHolders });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    /** Those that wait to be deleted: the others do not depend on addresses and other ranges. */
    #leaving(): Stored<V1ServiceCIDR>[] {
        return this.#ranges.lister.list().filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    }

    #enqueueOverlapping(range: V1ServiceCIDR): void {
        for (const other of this.#leaving())
            if (overlaps(other, range)) this.#controller.enqueue(objectKey(other));
    }

    async #reconcile(key: string): Promise<Outcome> {
        const range = this.#ranges.lister.get(key);
        if (range === undefined) return done;
        if (range.metadata.deletionTimestamp !== undefined) return await this.#release(range);
        if (range.metadata.finalizers?.includes(finalizer) !== true) {
            await addFinalizer(this.#client, range, finalizer);
            // The write comes back as a change.
            return done;
        }
        await this.#setReady(range, {
            status: 'True',
            reason: '',
            message: 'Kubernetes Service CIDR is ready',
        });
        return done;
    }

    async #release(range: Stored<V1ServiceCIDR>): Promise<Outcome> {
        if (range.metadata.finalizers?.includes(finalizer) !== true) return done;
        if (!isDispensable(range, this.#ranges.lister.list(), this.#addresses.lister.list())) {
            await this.#setReady(range, {
                status: 'False',
                reason: 'Terminating',
                message:
                    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
            });
            return done;
        }
        const leftMs = graceLeftMs(range, this.#clock.nowMs());
        if (leftMs > 0) return requeueAfter(leftMs);
        await removeFinalizer(this.#client, range, finalizer);
        return done;
    }

    /** Writes nothing when that is what the condition says already. */
    async #setReady(
        range: Stored<V1ServiceCIDR>,
        { status, reason, message }: { status: 'True' | 'False'; reason: string; message: string },
    ): Promise<void> {
        const conditions = range.status?.conditions ?? [];
        const before = conditions.find(({ type }) => type === 'Ready');
        if (before?.status === status && before.reason === reason && before.message === message) return;
        const lastTransitionTime =
            before?.status === status ? before.lastTransitionTime : rfc3339(this.#clock.nowMs());
        const ready = { type: 'Ready', status, reason, message, lastTransitionTime };
        const others = conditions.filter(({ type }) => type !== 'Ready');
        try {
            await this.#client.updateStatus({
                ...range,
                status: { ...range.status, conditions: [...others, ready] },
            });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }
}

export const serviceCidrController: ControllerDefinition = {
    name: 'service-cidr-controller',
    serviceAccount: 'service-cidrs-controller',
    create: (context) => new ServiceCidrController(context),
};
