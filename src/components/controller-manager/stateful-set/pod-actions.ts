import type { V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { ResourceClient } from '../../../client/client.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pod-control.ts';
import type { Claims } from './claims.ts';
import { missingIdentity, type SetPod, type StatefulSet } from './set-pod.ts';

export interface PodActionsParts {
    pods: ResourceClient<V1Pod>;
    claims: Claims;
    events: EventRecorder;
}

/** What is done to single pods of stateful sets, with upstream's events. */
export class PodActions {
    readonly claims: Claims;
    readonly #pods: ResourceClient<V1Pod>;
    readonly #events: EventRecorder;

    constructor({ pods, claims, events }: PodActionsParts) {
        this.#pods = pods;
        this.claims = claims;
        this.#events = events;
    }

    /** The pod's claims come first. */
    async create(set: StatefulSet, pod: V1Pod): Promise<void> {
        await this.claims.ensure(set, pod);
        const about = `create Pod ${pod.metadata?.name ?? ''} in StatefulSet ${set.metadata.name}`;
        try {
            await this.#pods.create(pod);
        } catch (error) {
            // The cache does not show our own pod yet, or the namespace goes: nothing to tell.
            if (!isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) {
                const message = `${about} failed error: ${messageOf(error)}`;
                this.#events.event(set, 'Warning', 'FailedCreate', message);
            }
            throw error;
        }
        this.#events.event(set, 'Normal', 'SuccessfulCreate', `${about} successful`);
    }

    /** Never another pod that has taken the name meanwhile. */
    async delete(set: StatefulSet, { metadata }: SetPod): Promise<void> {
        const { namespace, name, uid } = metadata;
        const about = `delete Pod ${name} in StatefulSet ${set.metadata.name}`;
        try {
            await this.#pods.delete({ namespace, name }, uid === undefined ? {} : { preconditions: { uid } });
        } catch (error) {
            if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
            const message = `${about} failed error: ${messageOf(error)}`;
            this.#events.event(set, 'Warning', 'FailedDelete', message);
            throw error;
        }
        this.#events.event(set, 'Normal', 'SuccessfulDelete', `${about} successful`);
    }

    /** A pod that is over has its name freed for the next one. */
    async recreate(set: StatefulSet, pod: SetPod): Promise<void> {
        const where = `StatefulSet ${set.metadata.namespace ?? ''}/${set.metadata.name} is recreating`;
        if (pod.status?.phase === 'Failed') {
            const message = `${where} failed Pod ${pod.metadata.name}`;
            this.#events.event(set, 'Warning', 'RecreatingFailedPod', message);
        } else {
            const message = `${where} terminated Pod ${pod.metadata.name}`;
            this.#events.event(set, 'Normal', 'RecreatingTerminatedPod', message);
        }
        await this.delete(set, pod);
    }

    /** Gives a pod the labels of its identity, and its claims the owner that the policy wants. */
    async correct(set: StatefulSet, pod: SetPod): Promise<void> {
        const labels = missingIdentity(pod);
        if (labels !== undefined) {
            const { namespace, name } = pod.metadata;
            await this.#pods.patch({ namespace, name }, { type: 'merge', body: { metadata: { labels } } });
        }
        await this.claims.applyRetention(set, pod);
    }
}
