import { semanticEqual } from '../../../api/meta/deep.ts';
import {
    objectKey,
    splitObjectKey,
    type Stored,
    type V1Endpoints,
    type V1Pod,
    type V1Service,
} from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { endpoints, pods, services } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import { isHeadless, podsOfService, selectsPods, servicesOfPodEvents } from '../shared/service-pods.ts';
import { TriggerTimeTracker, withTriggerTime } from '../shared/trigger-time.ts';
import { subsetsOf, truncateSubsets } from './subsets.ts';

const headlessLabel = 'service.kubernetes.io/headless';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const retriesMax = 15;

/** Writes the legacy Endpoints objects of Services that select pods. */
class EndpointsController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #services: Informer<V1Service>;
    readonly #pods: Informer<V1Pod>;
    readonly #endpoints: Informer<V1Endpoints>;
    readonly #triggerTimes = new TriggerTimeTracker();
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#services = context.informers.informer(services);
        this.#pods = context.informers.informer(pods);
        this.#endpoints = context.informers.informer(endpoints);
        this.#controller = new Controller({
            name: 'endpoint',
            logger: context.logger,
            clock: context.clock,
            retriesMax,
            reconcile: async (key) => await this.#reconcile(key),
        });
        const enqueue = (key: string): void => this.#controller.enqueue(key);
        const enqueueService = (service: Stored<V1Service>): void => enqueue(objectKey(service));
        this.#services.addHandler({
            added: enqueueService,
            updated: enqueueService,
            deleted: enqueueService,
        });
        this.#pods.addHandler(servicesOfPodEvents(this.#services.lister, enqueue));
        this.#endpoints.addHandler({ deleted: (object) => enqueue(objectKey(object)) });
    }

    /** Endpoints whose Service went while nobody looked are found once, now. */
    start(): void {
        for (const object of this.#endpoints.lister.list()) {
            if (object.metadata.labels?.[managedByLabel] === managedBy)
                this.#controller.enqueue(objectKey(object));
        }
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const service = this.#services.lister.get(key);
        if (service === undefined) {
            this.#triggerTimes.forget(key);
            await this.#deleteEndpoints(key);
            return done;
        }
        if (!selectsPods(service)) return done;
        const chosen = podsOfService(service, this.#pods.lister);
        const triggerTime = this.#triggerTimes.next(key, service, chosen);
        const current = this.#endpoints.lister.get(key);
        const wanted = wantedEndpoints(service, chosen, current);
        if (current !== undefined && isUpToDate(current, wanted)) return done;
        const annotations = withTriggerTime(wanted.metadata?.annotations, triggerTime);
        await this.#write(service, current, { ...wanted, metadata: { ...wanted.metadata, annotations } });
        return done;
    }

    async #write(
        service: Stored<V1Service>,
        current: Stored<V1Endpoints> | undefined,
        wanted: V1Endpoints,
    ): Promise<void> {
        const resource = this.#context.client.resource(endpoints);
        try {
            if (current === undefined) await resource.create(wanted);
            else await resource.update(wanted);
        } catch (error) {
            if (isNamespaceTerminating(error)) return;
            // The cache was a moment behind: the next attempt sees it.
            if (isReason(error, 'AlreadyExists') || isReason(error, 'Conflict')) throw error;
            const [reason, verb] =
                current === undefined
                    ? (['FailedToCreateEndpoint', 'create'] as const)
                    : (['FailedToUpdateEndpoint', 'update'] as const);
            const message = `Failed to ${verb} endpoint ${objectKey(service)}: ${messageOf(error)}`;
            this.#context.events.event(current ?? service, 'Warning', reason, message);
            throw error;
        }
    }

    async #deleteEndpoints(key: string): Promise<void> {
        const current = this.#endpoints.lister.get(key);
        // Those of Services without selector are not ours: whoever made them deletes them.
        if (current === undefined) return;
        try {
            await this.#context.client.resource(endpoints).delete(splitObjectKey(key));
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }
}

/** The Endpoints object that a Service should have, made from what it has. */
function wantedEndpoints(
    service: Stored<V1Service>,
    chosen: readonly Stored<V1Pod>[],
    current: Stored<V1Endpoints> | undefined,
): V1Endpoints {
    const { name, namespace } = service.metadata;
    const all = subsetsOf(service, chosen);
    const subsets = truncateSubsets(all);
    const { [headlessLabel]: _headless, ...own } = service.metadata.labels ?? {};
    const { [overCapacityAnnotation]: _capacity, ...others } = current?.metadata.annotations ?? {};
    return {
        ...current,
        metadata: {
            ...current?.metadata,
            name,
            namespace,
            labels: {
                ...own,
                ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
                [managedByLabel]: managedBy,
            },
            annotations: { ...others, ...(subsets === all ? {} : { [overCapacityAnnotation]: 'truncated' }) },
        },
        subsets,
    };
}

function isUpToDate(current: Stored<V1Endpoints>, wanted: V1Endpoints): boolean {
    const comparable = ({ metadata, subsets }: V1Endpoints): unknown => [
        metadata?.labels,
        metadata?.annotations?.[overCapacityAnnotation] ?? '',
        (subsets ?? []).map(({ addresses, notReadyAddresses, ports }) => ({
            addresses,
            notReadyAddresses,
            ports,
        })),
    ];
    return semanticEqual(comparable(current), comparable(wanted));
}

export const endpointsController: ControllerDefinition = {
    name: 'endpoints-controller',
    serviceAccount: 'endpoint-controller',
    create: (context) => new EndpointsController(context),
};
