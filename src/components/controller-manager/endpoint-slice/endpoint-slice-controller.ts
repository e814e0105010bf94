import {
    objectKey,
    type Stored,
    type V1EndpointSlice,
    type V1Node,
    type V1Pod,
    type V1Service,
} from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { endpointSlices, nodes, pods, services } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { messageOf } from '../shared/pod-control.ts';
import { indexByNode, podsOnNode } from '../shared/pods-by-node.ts';
import { podsOfService, selectsPods, servicesOfPodEvents } from '../shared/service-pods.ts';
import { TriggerTimeTracker } from '../shared/trigger-time.ts';
import { addressTypesOf, endpointsOfService, type ServiceEndpoints } from './service-endpoints.ts';
import { serviceSliceMetadata } from './slice-metadata.ts';
import { planSlices } from './slice-plan.ts';
import { indexSlices, slicesOfOwner, watchSlices } from './slice-events.ts';
import { SliceTracker } from './slice-tracker.ts';
import { SliceWriter } from './slice-writer.ts';

const managedBy = 'endpointslice-controller.k8s.io';
/** `--max-endpoints-per-slice` */
const endpointsPerSliceMax = 100;
/** After foreign changes of slices, so that two writers do not fight at full speed. */
const sliceChangeDelayMs = 1_000;
const staleRetryMs = 20;

/** Writes the EndpointSlices of Services that select pods. */
class EndpointSliceController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #services: Informer<V1Service>;
    readonly #pods: Informer<V1Pod>;
    readonly #nodes: Informer<V1Node>;
    readonly #slices: Informer<V1EndpointSlice>;
    readonly #tracker = new SliceTracker();
    readonly #triggerTimes = new TriggerTimeTracker();
    readonly #writer: SliceWriter;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#services = context.informers.informer(services);
        this.#pods = context.informers.informer(pods);
        this.#nodes = context.informers.informer(nodes);
        this.#slices = context.informers.informer(endpointSlices);
        this.#writer = new SliceWriter(context.client, this.#tracker);
        this.#controller = new Controller({
            name: 'endpoint_slice',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexByNode(this.#pods);
        indexSlices(this.#slices);
        this.#watch();
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    #watch(): void {
        const enqueue = (key: string): void => this.#controller.enqueue(key);
        const enqueueService = (service: Stored<V1Service>): void => enqueue(objectKey(service));
        this.#services.addHandler({
            added: enqueueService,
            updated: enqueueService,
            deleted: enqueueService,
        });
        const podEvents = servicesOfPodEvents(this.#services.lister, enqueue);
        this.#pods.addHandler(podEvents);
        const nodeChanged = ({ metadata }: Stored<V1Node>): void => {
            for (const pod of podsOnNode(this.#pods.lister, metadata.name)) podEvents.added?.(pod);
        };
        this.#nodes.addHandler({
            added: nodeChanged,
            updated: (node, old) => {
                if (zoneOf(node) !== zoneOf(old)) nodeChanged(node);
            },
        });
        watchSlices(this.#slices, {
            managedBy,
            tracker: this.#tracker,
            enqueue: (key) => this.#controller.enqueueAfter(key, sliceChangeDelayMs),
        });
    }

    async #reconcile(key: string): Promise<Outcome> {
        const service = this.#services.lister.get(key);
        if (service === undefined) {
            // The garbage collector takes the slices.
            this.#tracker.forget(key);
            this.#triggerTimes.forget(key);
            return done;
        }
        if (!selectsPods(service)) return done;
        const existing = slicesOfOwner(this.#slices.lister, key, managedBy);
        // Without what was just written, endpoints would be added twice.
        if (this.#tracker.isStale(key, existing)) return { type: 'requeue', afterMs: staleRetryMs };
        const chosen = podsOfService(service, this.#pods.lister);
        const triggerTime = this.#triggerTimes.next(key, service, chosen);
        try {
            const withoutNode = await this.#write(service, { key, chosen, existing, triggerTime });
            for (const { pod, node } of withoutNode) {
                // The node's own event brings the Service back.
                this.#context.logger.debug({ service: key, pod, node }, 'endpoint left out: node not found');
            }
        } catch (error) {
            if (isReason(error, 'Conflict')) throw error;
            this.#context.events.event(
                service,
                'Warning',
                'FailedToUpdateEndpointSlices',
                `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`,
            );
            throw error;
        }
        return done;
    }

    async #write(
        service: Stored<V1Service>,
        input: {
            key: string;
            chosen: readonly Stored<V1Pod>[];
            existing: readonly Stored<V1EndpointSlice>[];
            triggerTime: string | undefined;
        },
    ): Promise<ServiceEndpoints['withoutNode']> {
        const { key, chosen, existing, triggerTime } = input;
        const types = addressTypesOf(service);
        const withoutNode: ServiceEndpoints['withoutNode'] = [];
        for (const addressType of types) {
            const wanted = endpointsOfService(service, chosen, { addressType, nodes: this.#nodes.lister });
            const plan = planSlices({
                existing: existing.filter((slice) => slice.addressType === addressType),
                groups: wanted.groups,
                endpointsMax: endpointsPerSliceMax,
                placeholder: true,
                ...serviceSliceMetadata(service, addressType, managedBy),
            });
            await this.#writer.write(key, plan, triggerTime);
            withoutNode.push(...wanted.withoutNode);
        }
        for (const slice of existing) {
            if (!types.some((type) => type === slice.addressType)) await this.#writer.delete(key, slice);
        }
        return withoutNode;
    }
}

const zoneOf = ({ metadata }: V1Node): string | undefined =>
    metadata?.labels?.['topology.kubernetes.io/zone'];

export const endpointSliceController: ControllerDefinition = {
    name: 'endpointslice-controller',
    serviceAccount: 'endpointslice-controller',
    create: (context) => new EndpointSliceController(context),
};
