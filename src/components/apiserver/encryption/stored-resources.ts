import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { GroupResource } from './configuration.ts';

const registryRoot = '/registry/';

/**
 * Tells of which resource a key of the store is: "/registry/secrets/default/a" is of secrets,
 * "/registry/services/specs/default/a" of services, "/registry/example.com/widgets/a" of widgets.example.com.
 */
export class StoredResources {
    readonly #byPrefix = new Map<string, GroupResource>();

    constructor(definitions: readonly Pick<ResourceDefinition, 'group' | 'plural' | 'storagePrefix'>[]) {
        for (const { group, plural, storagePrefix } of definitions) {
            // Events are objects of two groups and are configured as those of the core group, as upstream.
            if (group !== '' && this.#byPrefix.has(storagePrefix)) continue;
            this.#byPrefix.set(storagePrefix, { group, resource: plural });
        }
    }

    /** The part of the key that decides: "secrets", "services/specs"; undefined for what holds no objects. */
    prefixOf(key: string): string | undefined {
        if (!key.startsWith(registryRoot)) return undefined;
        const first = key.indexOf('/', registryRoot.length);
        if (first < 0) return undefined;
        const one = key.slice(registryRoot.length, first);
        if (this.#byPrefix.has(one)) return one;
        const second = key.indexOf('/', first + 1);
        if (second < 0) return undefined;
        const two = key.slice(registryRoot.length, second);
        return this.#byPrefix.has(two) || one.includes('.') ? two : undefined;
    }

    resourceOf(prefix: string): GroupResource {
        const known = this.#byPrefix.get(prefix);
        if (known !== undefined) return known;
        const slash = prefix.indexOf('/');
        return { group: prefix.slice(0, slash), resource: prefix.slice(slash + 1) };
    }
}
