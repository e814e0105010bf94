import type { ApiObject } from '../../../api/meta/object.ts';
import type { Client } from '../../../client/client.ts';
import type { InformerFactory } from '../../../client/informer-factory.ts';
import type { InformerHandler } from '../../../client/informer.ts';
import * as builtInTypes from '../../../client/resource-type.ts';
import { SharedInformer } from '../../../client/shared-informer.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { DiscoveredResource } from '../shared/discovery.ts';

/** Come in great numbers, own nothing and expire by themselves. */
const ignored = new Set(['|events', 'events.k8s.io|events']);

/** Resources that other controllers watch as well: one watch and one cache serve all. */
const shared = new Set(
    Object.values(builtInTypes).flatMap((type) =>
        typeof type === 'object' ? [`${type.group}|${type.version}|${type.resource}`] : [],
    ),
);

interface Monitor {
    /** Undefined for informers of the factory. */
    whenSynced?: (signal: AbortSignal) => Promise<void>;
    stop(): Promise<void>;
}

export interface MonitorsOptions {
    client: Client;
    informers: InformerFactory;
    handler: InformerHandler<ApiObject>;
    logger: Logger;
    clock: Clock;
}

/** One watch per resource whose objects can be deleted. */
export class Monitors {
    readonly #options: MonitorsOptions;
    readonly #byResource = new Map<string, Monitor>();

    constructor(options: MonitorsOptions) {
        this.#options = options;
    }

    /**
     * Watches exactly these resources from now on; true when that is a change. A resource whose group
     * version could not be discovered stays watched: `isUnknown` tells.
     */
    async sync(
        resources: readonly DiscoveredResource[],
        isUnknown: (groupVersion: string) => boolean,
    ): Promise<boolean> {
        const wanted = new Map(resources.filter(isMonitored).map((resource) => [keyOf(resource), resource]));
        let changed = false;
        for (const [key, monitor] of [...this.#byResource]) {
            const [group = '', version = ''] = key.split('|');
            if (wanted.has(key) || isUnknown(group === '' ? version : `${group}/${version}`)) continue;
            this.#byResource.delete(key);
            await monitor.stop();
            changed = true;
        }
        for (const [key, resource] of wanted) {
            if (this.#byResource.has(key)) continue;
            this.#byResource.set(key, this.#watch(resource));
            changed = true;
        }
        return changed;
    }

    /** Resolves when every monitor has shown what there is; rejects when aborted. */
    async whenSynced(signal: AbortSignal): Promise<void> {
        await this.#options.informers.waitForSync(signal);
        for (const monitor of this.#byResource.values()) await monitor.whenSynced?.(signal);
    }

    async stop(): Promise<void> {
        await Promise.all([...this.#byResource.values()].map(async (monitor) => await monitor.stop()));
        this.#byResource.clear();
    }

    #watch(resource: DiscoveredResource): Monitor {
        const { client, informers, handler, logger, clock } = this.#options;
        const type = builtInTypes.dynamicResource(resource);
        if (shared.has(keyOf(resource))) {
            const informer = informers.informer(type);
            const remove = informer.addHandler(handler);
            return {
                stop: async () => {
                    remove();
                    await Promise.resolve();
                },
            };
        }
        const informer = new SharedInformer<ApiObject>({
            resource: client.resource(type),
            selection: {},
            logger: logger.child({ resource: resource.resource }),
            clock,
        });
        informer.addHandler(handler);
        informer.start();
        return {
            whenSynced: async (signal) => await informer.whenSynced(signal),
            stop: async () => await informer.stop(),
        };
    }
}

const keyOf = ({ group, version, resource }: DiscoveredResource): string => `${group}|${version}|${resource}`;

const isMonitored = ({ group, resource, verbs }: DiscoveredResource): boolean =>
    ['delete', 'list', 'watch'].every((verb) => verbs.includes(verb)) && !ignored.has(`${group}|${resource}`);
