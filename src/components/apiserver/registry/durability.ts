import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { deepEqual } from '../../../api/meta/deep.ts';
import type { ApiObject, V1Lease, V1Node } from '../../../api/meta/object.ts';
import type { TxnRequest } from '../../../store/store.ts';

/**
 * Events and renew-only updates may ride along with the next durable write: a renewed Lease whose holder
 * stays, a Node whose heartbeat times alone changed. Everything else is fsynced before it is acknowledged.
 */
export function durabilityOf(
    definition: ResourceDefinition,
    object: ApiObject,
    old: ApiObject | undefined,
): NonNullable<TxnRequest['durability']> {
    if (definition.kind === 'Event') return 'relaxed';
    if (old === undefined) return 'fsync';
    if (definition.kind === 'Lease' && definition.group === 'coordination.k8s.io') {
        return isRenewal(object, old) ? 'renewal' : 'fsync';
    }
    if (definition.kind === 'Node' && definition.group === '') {
        return isHeartbeat(object, old) ? 'renewal' : 'fsync';
    }
    return 'fsync';
}

function isRenewal(object: V1Lease, old: V1Lease): boolean {
    return (
        deepEqual(stableMetadata(object), stableMetadata(old)) &&
        deepEqual({ ...object.spec, renewTime: '' }, { ...old.spec, renewTime: '' })
    );
}

function isHeartbeat(object: V1Node, old: V1Node): boolean {
    return (
        deepEqual(stableMetadata(object), stableMetadata(old)) &&
        deepEqual(object.spec, old.spec) &&
        deepEqual(withoutHeartbeats(object), withoutHeartbeats(old))
    );
}

/** Who wrote last says when, which is no change either. */
function stableMetadata({ metadata }: ApiObject): object {
    const managedFields = metadata?.managedFields?.map((entry) => ({ ...entry, time: '' }));
    return { ...metadata, managedFields, resourceVersion: '' };
}

function withoutHeartbeats({ status }: V1Node): object {
    const conditions = status?.conditions?.map((condition) => ({ ...condition, lastHeartbeatTime: '' }));
    return { ...status, conditions };
}
