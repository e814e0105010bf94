import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { type ErrorSubject, statusErrors } from '../../../api/meta/status-error.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { inVersion, prepareViews } from '../conversion/versions.ts';
import type { RegistryHook } from '../extensions.ts';
import type { ChainMetrics } from '../metrics/chain-metrics.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import type { StoredObject } from '../stored-object.ts';
import type { WatchCaches } from '../watch-caches.ts';
import type { EventLeases } from './event-leases.ts';

/** What the verbs work with. */
export interface Registry {
    caches: WatchCaches;
    admission: readonly AdmissionPlugin[];
    hooks: readonly RegistryHook[];
    eventLeases: EventLeases;
    clock: Clock;
    logger: Logger;
    metrics?: ChainMetrics | undefined;
}

/** One object or collection of one resource, as a request names it. */
export interface Target {
    definition: ResourceDefinition;
    cache: WatchCache;
    /** Empty for cluster-scoped resources and for all namespaces. */
    namespace: string;
    /** Empty for collections. */
    name: string;
    subresource: string;
}

export function targetOf(
    registry: Registry,
    definition: ResourceDefinition,
    { namespace, name, subresource }: Pick<ResourceRequestInfo, 'namespace' | 'name' | 'subresource'>,
): Target {
    const cache = registry.caches.cacheOf(definition);
    return { definition, cache, namespace: definition.namespaced ? namespace : '', name, subresource };
}

export function keyOf({ cache, namespace, name }: Target): string {
    return cache.keyOf(namespace, name);
}

export function subjectOf({ definition, name }: Target): ErrorSubject {
    return { group: definition.group, resource: definition.plural, name };
}

/** The target's current state in the target's version, as this member's cache has it; 404 when absent. */
export async function cached(target: Target): Promise<StoredObject> {
    const key = keyOf(target);
    const stored = target.cache.objects.get(key);
    if (stored === undefined) {
        const unreadable = target.cache.unreadable.get(key);
        throw unreadable === undefined
            ? statusErrors.notFound(subjectOf(target))
            : statusErrors.internal(unreadable);
    }
    await prepareViews([stored], target.definition);
    return versionFor(target, stored);
}

export function versionFor({ definition }: Target, stored: StoredObject): StoredObject {
    return inVersion(stored, definition);
}

export function hooksOf(registry: Registry, { group, plural }: ResourceDefinition): readonly RegistryHook[] {
    return registry.hooks.filter((hook) => hook.group === group && hook.resource === plural);
}
