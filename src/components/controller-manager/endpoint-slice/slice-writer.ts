import type { Stored, V1EndpointSlice } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client, ResourceClient } from '../../../client/client.ts';
import { endpointSlices } from '../../../client/resource-type.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { withTriggerTime } from '../shared/trigger-time.ts';
import type { SlicePlan } from './slice-plan.ts';
import type { SliceTracker } from './slice-tracker.ts';

/** Carries plans out and takes note of what was written. */
export class SliceWriter {
    readonly #slices: ResourceClient<V1EndpointSlice>;
    readonly #tracker: SliceTracker;

    constructor(client: Client, tracker: SliceTracker) {
        this.#slices = client.resource(endpointSlices);
        this.#tracker = tracker;
    }

    /** Stops at the first failure; the next reconcile plans what is left. */
    async write(owner: string, plan: SlicePlan, triggerTime: string | undefined): Promise<void> {
        for (const slice of plan.create) await this.#create(owner, stamped(slice, triggerTime));
        for (const slice of plan.update) {
            this.#tracker.written(owner, await this.#slices.update(stamped(slice, triggerTime)));
        }
        for (const slice of plan.delete) await this.delete(owner, slice);
    }

    async delete(owner: string, slice: Stored<V1EndpointSlice>): Promise<void> {
        const { namespace, name } = slice.metadata;
        this.#tracker.expectDeletion(owner, slice);
        try {
            await this.#slices.delete({ namespace, name });
        } catch (error) {
            this.#tracker.deleted(owner, slice);
            if (!isReason(error, 'NotFound')) throw error;
        }
    }

    async #create(owner: string, slice: V1EndpointSlice): Promise<void> {
        try {
            this.#tracker.written(owner, await this.#slices.create(slice));
        } catch (error) {
            if (!isNamespaceTerminating(error)) throw error;
        }
    }
}

function stamped<T extends V1EndpointSlice>(slice: T, triggerTime: string | undefined): T {
    const annotations = withTriggerTime(slice.metadata?.annotations, triggerTime);
    return { ...slice, metadata: { ...slice.metadata, annotations } };
}
