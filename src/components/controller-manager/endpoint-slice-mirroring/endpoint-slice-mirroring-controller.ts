import {
    objectKey,
    type ApiObject,
    type Stored,
    type V1EndpointSlice,
    type V1Endpoints,
    type V1Service,
} from '../../../api/meta/object.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { endpoints, endpointSlices, services } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { indexSlices, slicesOfOwner, watchSlices } from '../endpoint-slice/slice-events.ts';
import { planSlices } from '../endpoint-slice/slice-plan.ts';
import { SliceTracker } from '../endpoint-slice/slice-tracker.ts';
import { SliceWriter } from '../endpoint-slice/slice-writer.ts';
import { messageOf } from '../shared/pod-control.ts';
import { mirroredEndpoints, mirroredSliceMetadata } from './mirrored-endpoints.ts';

const managedBy = 'endpointslicemirroring-controller.k8s.io';
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const endpointsPerSliceMax = 1000;
const sliceChangeDelayMs = 1_000;
const staleRetryMs = 20;

/** Mirrors Endpoints that people write for Services without selector into EndpointSlices. */
class EndpointSliceMirroringController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #services: Informer<V1Service>;
    readonly #endpoints: Informer<V1Endpoints>;
    readonly #slices: Informer<V1EndpointSlice>;
    readonly #tracker = new SliceTracker();
    readonly #writer: SliceWriter;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#services = context.informers.informer(services);
        this.#endpoints = context.informers.informer(endpoints);
        this.#slices = context.informers.informer(endpointSlices);
        this.#writer = new SliceWriter(context.client, this.#tracker);
        this.#controller = new Controller({
            name: 'endpoint_slice_mirroring',
            logger: context.logger,
            clock: context.clock,
            reconcile: async (key) => await this.#reconcile(key),
        });
        indexSlices(this.#slices);
        const enqueue = (object: ApiObject): void => this.#controller.enqueue(objectKey(object));
        this.#endpoints.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
        this.#services.addHandler({
            added: enqueue,
            deleted: enqueue,
            updated: (service, old) => {
                if (hasSelector(service) !== hasSelector(old)) enqueue(service);
            },
        });
        watchSlices(this.#slices, {
            managedBy,
            tracker: this.#tracker,
            enqueue: (key) => this.#controller.enqueueAfter(key, sliceChangeDelayMs),
        });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const source = this.#endpoints.lister.get(key);
        const service = this.#services.lister.get(key);
        const existing = slicesOfOwner(this.#slices.lister, key, managedBy);
        if (source === undefined || service === undefined || !isMirrored(source) || hasSelector(service)) {
            for (const slice of existing) await this.#writer.delete(key, slice);
            if (source === undefined) this.#tracker.forget(key);
            return done;
        }
        if (this.#tracker.isStale(key, existing)) return { type: 'requeue', afterMs: staleRetryMs };
        try {
            await this.#mirror(key, source, existing);
        } catch (error) {
            this.#context.events.event(
                source,
                'Warning',
                'FailedToUpdateEndpointSlices',
                `Error updating EndpointSlices for Endpoints ${key}: ${messageOf(error)}`,
            );
            throw error;
        }
        return done;
    }

    async #mirror(
        key: string,
        source: Stored<V1Endpoints>,
        existing: readonly Stored<V1EndpointSlice>[],
    ): Promise<void> {
        for (const addressType of ['IPv4', 'IPv6'] as const) {
            const plan = planSlices({
                existing: existing.filter((slice) => slice.addressType === addressType),
                groups: mirroredEndpoints(source, addressType),
                endpointsMax: endpointsPerSliceMax,
                placeholder: false,
                ...mirroredSliceMetadata(source, addressType, managedBy),
            });
            await this.#writer.write(key, plan, undefined);
        }
    }
}

const hasSelector = ({ spec }: V1Service): boolean => spec?.selector !== undefined;

const isMirrored = ({ metadata }: Stored<V1Endpoints>): boolean =>
    metadata.labels?.[skipMirrorLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined;

export const endpointSliceMirroringController: ControllerDefinition = {
    name: 'endpointslice-mirroring-controller',
    serviceAccount: 'endpointslicemirroring-controller',
    create: (context) => new EndpointSliceMirroringController(context),
};
