import type { ApiObject, CoreV1Event, V1ObjectReference } from '../api/meta/object.ts';
import { StatusError } from '../api/meta/status-error.ts';
import { rfc3339, systemClock, type Clock } from '../util/clock.ts';
import type { Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import type { Client, ResourceClient } from './client.ts';
import { EventCorrelator, type CorrelatedEvent } from './event-correlator.ts';
import { sleep } from './sleep.ts';
import { events } from './resource-type.ts';

export interface EventRecorderOptions {
    client: Client;
    /** Whose events they are: "deployment-controller", "kubelet". */
    component: string;
    logger: Logger;
    /** The node, for components that run on every node. */
    host?: string;
    clock?: Clock;
}

export interface EventOptions {
    /** A part of the object: "spec.containers{nginx}". */
    fieldPath?: string;
    annotations?: Record<string, string>;
}

/** Events that wait to be written; newer ones are dropped and counted when the API server is away. */
const queuedEventsMax = 1000;
/** As client-go: an event is tried 12 times when the server cannot be reached, then given up. */
const attemptsMax = 12;
const retryDelayMs = 10_000;
const messageCharsMax = 1024;

/**
 * Writes core/v1 Events about objects, in the background and in order. Repeats are patched into the
 * event that is there; an object that causes too many is rate-limited. Never throws.
 */
export class EventRecorder implements Stoppable {
    readonly #options: EventRecorderOptions;
    readonly #clock: Clock;
    readonly #correlator: EventCorrelator;
    readonly #resource: ResourceClient<CoreV1Event>;
    readonly #abort = new AbortController();
    #queue: CorrelatedEvent[] = [];
    #dropped = 0;
    #draining: Promise<void> | undefined;
    #lastNameNs = 0n;

    constructor(options: EventRecorderOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#correlator = new EventCorrelator(this.#clock);
        this.#resource = options.client.resource(events);
    }

    /** `about` needs kind, apiVersion and metadata; objects from a client of this package have them. */
    event(
        about: ApiObject,
        type: 'Normal' | 'Warning',
        reason: string,
        message: string,
        options: EventOptions = {},
    ): void {
        if (this.#abort.signal.aborted) return;
        const correlated = this.#correlator.correlate(
            this.#make({ about, type, reason, message: message.slice(0, messageCharsMax), options }),
        );
        if (correlated === undefined) return;
        if (this.#queue.length >= queuedEventsMax) {
            this.#dropped++;
            return;
        }
        this.#queue.push(correlated);
        this.#draining ??= this.#drain();
    }

    /** What is still queued is dropped: a stopping process must not wait for a server that is away. */
    async stop(): Promise<void> {
        this.#abort.abort();
        this.#queue = [];
        await this.#draining;
    }

    #make(what: {
        about: ApiObject;
        type: 'Normal' | 'Warning';
        reason: string;
        message: string;
        options: EventOptions;
    }): CoreV1Event {
        const { about, type, reason, message, options } = what;
        const { component, host } = this.#options;
        const now = rfc3339(this.#clock.nowMs());
        const namespace = about.metadata?.namespace ?? 'default';
        return {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: {
                name: `${about.metadata?.name ?? ''}.${this.#uniqueSuffix()}`,
                namespace,
                ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
            },
            involvedObject: referenceTo(about, options.fieldPath),
            type,
            reason,
            message,
            firstTimestamp: now,
            lastTimestamp: now,
            count: 1,
            source: { component, ...(host === undefined ? {} : { host }) },
            reportingComponent: component,
            reportingInstance: host ?? '',
        };
    }

    /** Nanoseconds since 1970 in hex, as upstream names events; made unique within the process. */
    #uniqueSuffix(): string {
        const now = BigInt(Math.floor(this.#clock.nowMs())) * 1_000_000n;
        this.#lastNameNs = now > this.#lastNameNs ? now : this.#lastNameNs + 1n;
        return this.#lastNameNs.toString(16);
    }

    async #drain(): Promise<void> {
        for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
            await this.#write(next);
        }
        if (this.#dropped > 0) {
            this.#options.logger.warn({ dropped: this.#dropped }, 'events were dropped');
            this.#dropped = 0;
        }
        this.#draining = undefined;
    }

    async #write(correlated: CorrelatedEvent): Promise<void> {
        for (let attempt = 1; attempt <= attemptsMax; attempt++) {
            try {
                const stored = await this.#send(correlated);
                this.#correlator.stored(correlated, stored.metadata);
                return;
            } catch (error) {
                if (error instanceof StatusError && error.code !== 429 && error.code < 500) {
                    // A terminating namespace, a missing permission: repeating would not help.
                    this.#options.logger.debug({ err: error }, 'event was refused');
                    return;
                }
                this.#options.logger.debug({ err: error, attempt }, 'event could not be written');
            }
            await sleep(this.#clock, retryDelayMs, this.#abort.signal);
            if (this.#abort.signal.aborted) return;
        }
        this.#dropped++;
    }

    async #send({ event, patchOf }: CorrelatedEvent): Promise<CoreV1Event> {
        if (patchOf === undefined) return await this.#resource.create(event);
        const { count, lastTimestamp, message } = event;
        try {
            return await this.#resource.patch(
                { namespace: event.metadata.namespace, name: patchOf },
                { type: 'merge', body: { count, lastTimestamp, message } },
            );
        } catch (error) {
            if (!(error instanceof StatusError) || error.code !== 404) throw error;
            // It has expired in the meantime.
            return await this.#resource.create(event);
        }
    }
}

function referenceTo(object: ApiObject, fieldPath: string | undefined): V1ObjectReference {
    const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
    return {
        kind: object.kind,
        apiVersion: object.apiVersion,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(fieldPath === undefined ? {} : { fieldPath }),
    };
}
