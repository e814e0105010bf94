import { randomUUID } from 'node:crypto';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { toStorage } from '../conversion/versions.ts';
import type { Companion, ReservationGuard } from '../extensions.ts';
import { StoredObject } from '../stored-object.ts';
import { trackWrite } from './managed-fields.ts';
import { hooksOf, keyOf, type Registry, targetOf } from './registry.ts';

/** The server itself, as field management knows it. */
const manager = 'kube-apiserver';

/**
 * What hooks want written together with `object`, of which `old` is the state before: see
 * `RegistryHook.companions`.
 */
export async function companionGuards(
    registry: Registry,
    definition: ResourceDefinition,
    { object, old }: { object: ApiObject | undefined; old: ApiObject | undefined },
): Promise<ReservationGuard[]> {
    const companions = hooksOf(registry, definition).flatMap((hook) => hook.companions?.(object, old) ?? []);
    return await Promise.all(companions.map(async (companion) => await guardOf(registry, companion)));
}

async function guardOf(registry: Registry, companion: Companion): Promise<ReservationGuard> {
    const { resource, object, type } = companion;
    const definition = registry.caches.definitionOf(resource);
    if (definition === undefined) throw new Error(`${resource.resource} is not served`);
    const name = object.metadata?.name ?? '';
    const target = targetOf(registry, definition, { namespace: '', name, subresource: '' });
    const key = keyOf(target);
    if (type === 'delete') {
        const revision = Number(object.metadata.resourceVersion);
        return {
            compare: { key, target: 'modRevision', result: 'equal', value: revision },
            write: { type: 'delete', key, withoutPrevious: true },
        };
    }
    const { strategy } = definition;
    const metadata = {
        ...object.metadata,
        uid: randomUUID(),
        creationTimestamp: rfc3339(registry.clock.nowMs()),
        ...(strategy.hasGeneration === true ? { generation: 1 } : {}),
    };
    const next = { ...object, metadata };
    trackWrite(registry, target, { manager, live: undefined, next });
    const stored = StoredObject.encode(key, await toStorage(next, definition));
    return {
        compare: { key, target: 'modRevision', result: 'equal', value: 0 },
        write: { type: 'put', key, value: stored.bytes, decoded: stored },
    };
}
