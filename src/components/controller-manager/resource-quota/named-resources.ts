import type { ApiObject } from '../../../api/meta/object.ts';
import type { CountedResource } from '../../../api/quota/usage.ts';
import type { Client } from '../../../client/client.ts';
import type { InformerHandler } from '../../../client/informer.ts';
import { dynamicResource } from '../../../client/resource-type.ts';
import { SharedInformer } from '../../../client/shared-informer.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { discover, type DiscoveredResource } from '../shared/discovery.ts';

export interface NamedResourcesOptions {
    client: Client;
    clock: Clock;
    logger: Logger;
    handler: InformerHandler<ApiObject>;
    /** Ends what is asked of the API server. */
    signal: AbortSignal;
}

export const nameOf = ({ group, resource }: CountedResource): string => `${resource}.${group}`;

/** Resources that only "count/…" of a quota names: watched from the moment one does, until none does any more. */
export class NamedResources {
    readonly #options: NamedResourcesOptions;
    /** By "plural.group". */
    readonly #informers = new Map<string, SharedInformer<ApiObject>>();

    constructor(options: NamedResourcesOptions) {
        this.#options = options;
    }

    /** From the cache; a resource that nobody has asked about is listed while its watch begins. */
    async objects(of: CountedResource, namespace: string | undefined): Promise<readonly ApiObject[]> {
        const informer = this.#informers.get(nameOf(of));
        if (informer?.synced === true) return informer.lister.list(namespace);
        const { client } = this.#options;
        const found = (await this.#served()).get(nameOf(of));
        if (found === undefined) return [];
        if (found.verbs.includes('watch')) this.#watch(found);
        return (await client.resource(dynamicResource(found)).list({ namespace })).items;
    }

    /** Ends the watches of what is not named any more, or not served any more. */
    async retain(named: ReadonlySet<string>): Promise<void> {
        if (this.#informers.size === 0) return;
        const served = await this.#served();
        for (const [name, informer] of [...this.#informers]) {
            if (named.has(name) && served.has(name)) continue;
            this.#informers.delete(name);
            await informer.stop();
        }
    }

    async stop(): Promise<void> {
        await Promise.all([...this.#informers.values()].map(async (informer) => await informer.stop()));
        this.#informers.clear();
    }

    async #served(): Promise<Map<string, DiscoveredResource>> {
        const { preferred } = await discover(this.#options.client, this.#options.signal);
        return new Map(preferred.filter(({ namespaced }) => namespaced).map((one) => [nameOf(one), one]));
    }

    #watch(resource: DiscoveredResource): void {
        const name = nameOf(resource);
        if (this.#informers.has(name)) return;
        const { client, clock, logger, handler } = this.#options;
        const informer = new SharedInformer<ApiObject>({
            resource: client.resource(dynamicResource(resource)),
            selection: {},
            logger: logger.child({ resource: resource.resource }),
            clock,
        });
        this.#informers.set(name, informer);
        informer.addHandler(handler);
        informer.start();
    }
}
