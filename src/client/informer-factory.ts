import type { ApiObject } from '../api/meta/object.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Client } from './client.ts';
import type { Informer } from './informer.ts';
import type { ResourceType } from './resource-type.ts';
import { SharedInformer } from './shared-informer.ts';

/** Narrows an informer to a part of its resource. */
export interface InformerSelection {
    fieldSelector?: string;
    namespace?: string;
    labelSelector?: string;
}

/**
 * Gives out one shared informer per resource and selection. Informers asked for after `start` start at
 * once.
 */
export class InformerFactory {
    readonly #client: Client;
    readonly #logger: Logger;
    readonly #clock: Clock;
    readonly #informers = new Map<string, SharedInformer<ApiObject>>();
    #state: 'created' | 'started' | 'stopped' = 'created';

    constructor(client: Client, logger: Logger, clock: Clock = systemClock) {
        this.#client = client;
        this.#logger = logger;
        this.#clock = clock;
    }

    informer<T extends ApiObject>(type: ResourceType<T>, options: InformerSelection = {}): Informer<T> {
        const key = [
            type.group,
            type.version,
            type.resource,
            options.namespace ?? '',
            options.labelSelector ?? '',
            options.fieldSelector ?? '',
        ].join('|');
        const known = this.#informers.get(key);
        // The key names the resource, and a resource has one object type.
        if (known !== undefined) return known as unknown as SharedInformer<T>;
        const informer = new SharedInformer<T>({
            resource: this.#client.resource(type),
            selection: options,
            logger: this.#logger.child({ resource: type.resource }),
            clock: this.#clock,
        });
        this.#informers.set(key, informer as unknown as SharedInformer<ApiObject>);
        if (this.#state === 'started') informer.start();
        return informer;
    }

    start(): void {
        if (this.#state !== 'created') return;
        this.#state = 'started';
        for (const informer of this.#informers.values()) informer.start();
    }

    /** Resolves when every informer there is has delivered its first list; rejects when aborted. */
    async waitForSync(signal?: AbortSignal): Promise<void> {
        // They fill at the same time anyway: waiting for one after the other keeps one listener on the signal.
        for (const informer of this.#informers.values()) await informer.whenSynced(signal);
    }

    async stop(): Promise<void> {
        this.#state = 'stopped';
        await Promise.all([...this.#informers.values()].map(async (informer) => await informer.stop()));
    }
}
