import { deepEqual } from '../../../api/meta/deep.ts';
import { objectKey, type ApiObject, type Stored, type V1ResourceQuota } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { CountedResource } from '../../../api/quota/usage.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer, InformerHandler } from '../../../client/informer.ts';
import {
    configMaps,
    dynamicResource,
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
import { discover } from '../shared/discovery.ts';
import { isTerminated } from '../pod-garbage-collector/pod-verdict.ts';
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
 * Admission charges what is added. Resources that only "count/…" names are watched from the moment a
 * quota names them.
 */
class ResourceQuotaController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #lifecycle = new Lifecycle();
    readonly #quotas: Informer<V1ResourceQuota>;
    /** By "plural.group". */
    readonly #counted = new Map<string, AnyInformer>();
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
        for (const type of plainTypes) this.#watch(type);
        this.#watch(pods, (pod, old) => isTerminated(pod) && !isTerminated(old));
        this.#watch(resourceQuotas);
    }

    start(): void {
        this.#controller.start();
        this.#lifecycle.every(
            resyncMs,
            () => {
                for (const quota of this.#quotas.lister.list()) this.#controller.enqueue(objectKey(quota));
            },
            (error) => this.#context.logger.warn({ err: error }, 'quotas could not be resynced'),
        );
    }

    async stop(): Promise<void> {
        await this.#lifecycle.stop();
        await this.#controller.stop();
    }

    #watch<T extends ApiObject>(
        type: ResourceType<T>,
        releases: (object: Stored<T>, old: Stored<T>) => boolean = () => false,
    ): AnyInformer {
        const informer = this.#context.informers.informer(type);
        const release = ({ metadata }: Stored<T>): void => {
            for (const quota of this.#quotas.lister.list(metadata.namespace)) {
                this.#controller.enqueue(objectKey(quota));
            }
        };
        const handler: InformerHandler<T> = {
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
        informer.addHandler(handler);
        const any = informer as unknown as AnyInformer;
        this.#counted.set(nameOf({ group: type.group, resource: type.resource }), any);
        return any;
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

    /** From the cache; a resource that nobody has asked about is listed while its watch begins. */
    async #objectsOf(of: CountedResource, namespace: string | undefined): Promise<readonly ApiObject[]> {
        const informer = this.#counted.get(nameOf(of));
        if (informer?.synced === true) return informer.lister.list(namespace);
        const { preferred } = await discover(this.#context.client, this.#lifecycle.signal);
        const found = preferred.find(
            ({ group, resource, namespaced }) => namespaced && group === of.group && resource === of.resource,
        );
        if (found === undefined) return [];
        const type = dynamicResource(found);
        if (informer === undefined && found.verbs.includes('watch')) this.#watch(type);
        return (await this.#context.client.resource(type).list({ namespace })).items;
    }
}

const nameOf = ({ group, resource }: CountedResource): string => `${resource}.${group}`;

/** The status says something about all that the spec limits. */
const isComplete = ({ spec, status }: V1ResourceQuota): boolean =>
    Object.keys(spec?.hard ?? {}).every((name) => status?.used?.[name] !== undefined);

export const resourceQuotaController: ControllerDefinition = {
    name: 'resourcequota-controller',
    serviceAccount: 'resourcequota-controller',
    create: (context) => new ResourceQuotaController(context),
};
