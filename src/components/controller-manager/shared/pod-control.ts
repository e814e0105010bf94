import type {
    ApiObject,
    Stored,
    V1OwnerReference,
    V1Pod,
    V1PodTemplateSpec,
} from '../../../api/meta/object.ts';
import { isReason, StatusError } from '../../../api/meta/status-error.ts';
import type { Client, ResourceClient } from '../../../client/client.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import { pods } from '../../../client/resource-type.ts';

export interface CreatePodOptions {
    template: V1PodTemplateSpec;
    /** Events are about it. */
    owner: Stored<ApiObject>;
    ownerReference: V1OwnerReference;
    /** Default: `generateName`. */
    name?: string;
    /** Default: "<owner>-". */
    generateName?: string;
}

/** Creates and deletes pods for controllers, with upstream's events (RealPodControl). */
export class PodControl {
    readonly #pods: ResourceClient<V1Pod>;
    readonly #events: EventRecorder;

    constructor(client: Client, events: EventRecorder) {
        this.#pods = client.resource(pods);
        this.#events = events;
    }

    /** Throws what the server answered, after an event FailedCreate. */
    async create(options: CreatePodOptions): Promise<Stored<V1Pod>> {
        const { owner } = options;
        try {
            const pod = await this.#pods.create(podFromTemplate(options));
            this.#events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
            return pod;
        } catch (error) {
            if (!isNamespaceTerminating(error)) {
                this.#events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
            }
            throw error;
        }
    }

    /** A pod that is already gone is no error, but gives no event either. */
    async delete(pod: Stored<V1Pod>, owner: Stored<ApiObject>): Promise<'deleted' | 'gone'> {
        const { namespace, name } = pod.metadata;
        try {
            await this.#pods.delete({ namespace, name });
        } catch (error) {
            if (isReason(error, 'NotFound')) return 'gone';
            this.#events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
            throw error;
        }
        this.#events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
        return 'deleted';
    }
}

/** The pod that a template stands for. It shares the spec with the template: only for sending. */
export function podFromTemplate(options: CreatePodOptions): V1Pod {
    const { template, owner, ownerReference, name, generateName = `${owner.metadata.name}-` } = options;
    const { labels, annotations, finalizers } = template.metadata ?? {};
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
            ...(name === undefined ? { generateName } : { name }),
            namespace: owner.metadata.namespace,
            labels: { ...labels },
            annotations: { ...annotations },
            ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
            ownerReferences: [ownerReference],
        },
        ...(template.spec === undefined ? {} : { spec: template.spec }),
    };
}

/** Creating in a namespace that is being deleted fails for good: neither reported nor repeated. */
export function isNamespaceTerminating(error: unknown): boolean {
    return (
        error instanceof StatusError &&
        error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true
    );
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
