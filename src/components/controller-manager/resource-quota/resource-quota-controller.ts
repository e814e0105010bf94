import { deepEqual } from '../../../api/meta/deep.ts';
import { objectKey, type ApiObject, type Stored, type V1ResourceQuota } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { CountedResource } from '../../../api/quota/usage.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer, InformerHandler } from '../../../client/informer.ts';
import {
    configMaps,
    persistentVolumeClaims,
    pods,
    replicationControllers,
    resourceQuotas,
    secrets,
    services,
    type ResourceType,
} from '../../../client/resource-type.ts';
import { Lifecycle } from '../../../util/lifecycle.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { isTerminated } from '../pod-garbage-collector/pod-verdict.ts';
import { nameOf, NamedResources } from './named-resources.ts';
import { countedResources, quotaUsage, sameUsage } from './quota-usage.ts';

/** `--resource-quota-sync-period` */
const resyncMs = 5 * 60_000;
/** Objects that come together are counted together. */
const recountDelayMs = 1_000;

type AnyInformer = Informer<ApiObject>;

const plainTypes: readonly ResourceType<ApiObject>[] = [
    services,
    persistentVolumeClaims,
    configMaps,
    secrets,
    replicationControllers,
];

/**
 * Keeps the status of resource quotas: new ones get it, and what deleted objects used is given back.
 * Admission charges what is added.
 */
class ResourceQuotaController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #lifecycle = new Lifecycle();
    readonly #quotas: Informer<V1ResourceQuota>;
    /** By "plural.group"; synced before the controller starts. */
    readonly #watched = new Map<string, AnyInformer>();
    readonly #named: NamedResources;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#quotas = context.informers.informer(resourceQuotas);
        this.#controller = new Controller({
            name: 'resourcequota_primary',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (quota: Stored<V1ResourceQuota>): void => this.#controller.enqueue(objectKey(quota));
        this.#quotas.addHandler({
            added: enqueue,
            updated: (quota, old) => {
                // What admission charges is right as it is.
                const isNews = !deepEqual(quota.spec, old.spec) || !isComplete(quota);
                if (isNews) enqueue(quota);
            },
        });
        const { client, clock, logger } = context;
        const { signal } = this.#lifecycle;
        this.#named = new NamedResources({ client, clock, logger, signal, handler: this.#recount() });
        for (const type of plainTypes) this.#watch(type);
        this.#watch(pods, (pod, old) => isTerminated(pod) && !isTerminated(old));
        this.#watch(resourceQuotas);
    }

    start(): void {
        this.#controller.start();
        this.#lifecycle.every(
            resyncMs,
            async () => await this.#resync(),
            (error) => this.#context.logger.warn({ err: error }, 'quotas could not be resynced'),
        );
    }

    async stop(): Promise<void> {
        await this.#lifecycle.stop();
        await this.#controller.stop();
        await this.#named.stop();
    }

    #watch<T extends ApiObject>(
        type: ResourceType<T>,
        releases?: (object: Stored<T>, old: Stored<T>) => boolean,
    ): void {
        const informer = this.#context.informers.informer(type);
        informer.addHandler(this.#recount(releases));
        const { group, resource } = type;
        this.#watched.set(nameOf({ group, resource }), informer);
    }

    /** Tells the quotas of the namespace when there is something to count. */
    #recount<T extends ApiObject>(
        releases: (object: Stored<T>, old: Stored<T>) => boolean = () => false,
    ): InformerHandler<T> {
        const release = ({ metadata }: Stored<T>): void => {
            for (const quota of this.#quotas.lister.list(metadata.namespace)) {
                this.#controller.enqueue(objectKey(quota));
            }
        };
        return {
            // A count made between the charge and the object's appearance missed it.
            added: ({ metadata }) => {
                for (const quota of this.#quotas.lister.list(metadata.namespace)) {
                    this.#controller.enqueueAfter(objectKey(quota), recountDelayMs);
                }
            },
            deleted: release,
            updated: (object, old) => {
                if (releases(object, old)) release(object);
            },
        };
    }

    async #reconcile(key: string): Promise<Outcome> {
        const quota = this.#quotas.lister.get(key);
        if (quota === undefined) return done;
        const { namespace } = quota.metadata;
        const objects: { of: CountedResource; items: readonly ApiObject[] }[] = [];
        for (const of of countedResources(quota)) {
            objects.push({ of, items: await this.#objectsOf(of, namespace) });
        }
        const hard = { ...quota.spec?.hard };
        const used = quotaUsage(quota, objects);
        if (sameUsage(hard, quota.status?.hard) && sameUsage(used, quota.status?.used)) return done;
        try {
            await this.#context.client
                .resource(resourceQuotas)
                .updateStatus({ ...quota, status: { ...quota.status, hard, used } });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
        return done;
    }

    async #objectsOf(of: CountedResource, namespace: string | undefined): Promise<readonly ApiObject[]> {
        const informer = this.#watched.get(nameOf(of));
        if (informer === undefined) return await this.#named.objects(of, namespace);
        return informer.lister.list(namespace);
    }

    async #resync(): Promise<void> {
        const quotas = this.#quotas.lister.list();
        for (const quota of quotas) this.#controller.enqueue(objectKey(quota));
        await this.#named.retain(new Set(quotas.flatMap((quota) => countedResources(quota).map(nameOf))));
    }
}

/** The status says something about all that the spec limits. */
const isComplete = ({ spec, status }: V1ResourceQuota): boolean =>
    Object.keys(spec?.hard ?? {}).every((name) => status?.used?.[name] !== undefined);

export const resourceQuotaController: ControllerDefinition = {
    name: 'resourcequota-controller',
    serviceAccount: 'resourcequota-controller',
    create: (context) => new ResourceQuotaController(context),
};
