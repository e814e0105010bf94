import { cleanupFinalizer } from '../../../api/groups/apiextensions/index.ts';
import { isConditionTrue, setCondition } from '../../../api/meta/conditions.ts';
import type {
    ApiObject,
    V1CustomResourceDefinition,
    V1CustomResourceDefinitionCondition,
} from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { dynamicResource } from '../../../client/resource-type.ts';
import { prefixEnd, type Store } from '../../../store/store.ts';

/** Instances that one round deletes at most. */
const roundMax = 500;
/** Deletions in flight at once; their writes share fsyncs. */
const concurrencyMax = 16;

type Condition = V1CustomResourceDefinitionCondition;

function terminating(status: 'True' | 'False', reason: string, message: string): Condition {
    return { type: 'Terminating', status, reason, message };
}

export type CleanupOutcome =
    /** The definition without its finalizer: writing it deletes it. */
    | { type: 'done'; definition: V1CustomResourceDefinition }
    /** Objects are left, which wait for finalizers of their own. */
    | { type: 'waits'; definition: V1CustomResourceDefinition };

/** True when a definition waits for its objects to be gone. */
export function needsCleanup({ metadata }: V1CustomResourceDefinition): boolean {
    return (
        metadata?.deletionTimestamp !== undefined && metadata.finalizers?.includes(cleanupFinalizer) === true
    );
}

/** Deletes the objects of a definition that is being deleted, as far as they go. */
export async function cleanUp(
    definition: V1CustomResourceDefinition,
    { client, store, now }: { client: Client; store: Store; now: string },
): Promise<CleanupOutcome> {
    if (!isConditionTrue(definition.status?.conditions, 'Established')) {
        const condition = terminating('False', 'NeverEstablished', 'resource was never established');
        return { type: 'done', definition: finished(definition, condition, now) };
    }
    let condition: Condition;
    try {
        if (await deleteInstances(definition, client, store)) {
            condition = terminating('False', 'InstanceDeletionCompleted', 'removed all instances');
            return { type: 'done', definition: finished(definition, condition, now) };
        }
        condition = terminating(
            'True',
            'InstanceDeletionInProgress',
            'CustomResource deletion is in progress',
        );
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        condition = terminating('True', 'InstanceDeletionFailed', `could not list instances: ${why}`);
    }
    return { type: 'waits', definition: withCondition(definition, condition, now) };
}

function withCondition(
    definition: V1CustomResourceDefinition,
    condition: Condition,
    now: string,
): V1CustomResourceDefinition {
    const conditions = setCondition(definition.status?.conditions, condition, now);
    if (conditions === definition.status?.conditions) return definition;
    return { ...definition, status: { ...definition.status, conditions } };
}

function finished(
    definition: V1CustomResourceDefinition,
    condition: Condition,
    now: string,
): V1CustomResourceDefinition {
    const finalizers = (definition.metadata?.finalizers ?? []).filter((name) => name !== cleanupFinalizer);
    return {
        ...withCondition(definition, condition, now),
        metadata: { ...definition.metadata, finalizers },
    };
}

/** True when none is left. */
async function deleteInstances(
    { spec, status }: V1CustomResourceDefinition,
    client: Client,
    store: Store,
): Promise<boolean> {
    const { group, versions, scope } = spec;
    const { plural, kind } = status?.acceptedNames ?? spec.names;
    const served = versions.find(({ served: isServed }) => isServed);
    const prefix = `/registry/${group}/${plural}/`;
    const left = async (): Promise<boolean> =>
        (await store.range({ key: prefix, end: prefixEnd(prefix), countOnly: true })).count > 0;
    await store.readIndex();
    if (!(await left())) return true;
    if (served === undefined) {
        // No version can be asked to delete: the objects go as they are.
        await store.txn({
            compares: [],
            success: [{ type: 'delete', key: prefix, end: prefixEnd(prefix), withoutPrevious: true }],
            failure: [],
        });
        return true;
    }
    const instances = client.resource(
        dynamicResource({
            group,
            version: served.name,
            resource: plural,
            kind,
            namespaced: scope === 'Namespaced',
        }),
    );
    const { items } = await instances.list({ limit: roundMax });
    const queue = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const work = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift())
            await deleteOne(instances, next);
    };
    await Promise.all(Array.from({ length: Math.min(concurrencyMax, queue.length) }, work));
    return !(await left());
}

async function deleteOne(
    instances: ReturnType<Client['resource']>,
    { metadata = {} }: ApiObject,
): Promise<void> {
    try {
        await instances.delete({ namespace: metadata.namespace, name: metadata.name ?? '' });
    } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
    }
}
