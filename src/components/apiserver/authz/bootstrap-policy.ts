import type {
    ApiObject,
    RbacV1Subject,
    Stored,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1ObjectMeta,
    V1Role,
    V1RoleBinding,
} from '../../../api/meta/object.ts';
import { objectKey } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client, ResourceClient } from '../../../client/client.ts';
import {
    clusterRoleBindings,
    clusterRoles,
    namespaces,
    roleBindings,
    roles,
} from '../../../client/resource-type.ts';
import { aggregateClusterRoles } from './aggregation.ts';
import { againstRivals, find } from '../bootstrap/rivals.ts';
import { autoUpdateAnnotation, bootstrapPolicy } from './policy/index.ts';
import { compactRules, missingPermissions } from './rule.ts';

/** Writes that are under way at a time: the store makes one fsync of those that wait together. */
const writesMax = 16;

/**
 * Creates the roles and bindings that every cluster has, and gives back to existing ones what they lack.
 * Never takes anything away, leaves alone what is annotated with autoupdate "false", and writes nothing
 * when nothing is missing.
 */
export async function reconcileBootstrapPolicy(client: Client): Promise<void> {
    const policy = bootstrapPolicy();
    await reconcileAll(client.resource(clusterRoles), policy.clusterRoles, repairRole);
    await reconcileAll(client.resource(clusterRoleBindings), policy.clusterRoleBindings, repairBinding);
    await ensureNamespaces(client, ['kube-system', 'kube-public']);
    await reconcileAll(client.resource(roles), policy.roles, repairRole);
    await reconcileAll(client.resource(roleBindings), policy.roleBindings, repairBinding);
    await aggregateClusterRoles(client);
}

/** What has to be done about an existing object. */
type Repair<T> = { type: 'none' } | { type: 'update'; object: T } | { type: 'recreate' };
type RepairOf<T extends ApiObject> = (existing: Stored<T>, wanted: T) => Repair<T>;

async function reconcileAll<T extends ApiObject>(
    resource: ResourceClient<T>,
    wanted: readonly T[],
    repair: RepairOf<T>,
): Promise<void> {
    const { items } = await resource.list();
    const existing = new Map(items.map((item) => [objectKey(item), item]));
    await inBatches(wanted, async (object) => {
        const present = existing.get(objectKey(object));
        await againstRivals(
            async () => {
                await reconcileOne(resource, { wanted: object, present, repair });
            },
            async () => {
                await reconcileOne(resource, {
                    wanted: object,
                    present: await find(resource, object),
                    repair,
                });
            },
        );
    });
}

async function reconcileOne<T extends ApiObject>(
    resource: ResourceClient<T>,
    { wanted, present, repair }: { wanted: T; present: Stored<T> | undefined; repair: RepairOf<T> },
): Promise<void> {
    if (present === undefined) {
        await resource.create(wanted);
        return;
    }
    if (present.metadata.annotations?.[autoUpdateAnnotation] === 'false') return;
    const action = repair(present, wanted);
    if (action.type === 'update') await resource.update(action.object);
    if (action.type === 'recreate') {
        const { namespace, name, uid } = present.metadata;
        // Not one that another member has made anew meanwhile.
        const preconditions = uid === undefined ? {} : { preconditions: { uid } };
        await resource.delete({ namespace, name }, preconditions);
        await resource.create(wanted);
    }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    for (let start = 0; start < items.length; start += writesMax) {
        await Promise.all(items.slice(start, start + writesMax).map(work));
    }
}

async function ensureNamespaces(client: Client, names: readonly string[]): Promise<void> {
    const resource = client.resource(namespaces);
    const present = new Set((await resource.list()).items.map(({ metadata }) => metadata.name));
    const missing = names.filter((name) => !present.has(name));
    await inBatches(missing, async (name) => {
        try {
            await resource.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
        } catch (error) {
            // Another member was quicker.
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
    });
}

function repairRole<T extends V1ClusterRole | V1Role>(existing: Stored<T>, wanted: T): Repair<T> {
    const aggregation = 'aggregationRule' in wanted ? wanted.aggregationRule : undefined;
    const hasAggregation = 'aggregationRule' in existing && existing.aggregationRule !== undefined;
    const missing =
        aggregation === undefined ? missingPermissions(existing.rules ?? [], wanted.rules ?? []) : [];
    const metadata = mergedMetadata(existing.metadata, wanted.metadata);
    const addAggregation = aggregation !== undefined && !hasAggregation;
    if (metadata === undefined && missing.length === 0 && !addAggregation) return { type: 'none' };
    const object: T = {
        ...existing,
        metadata: metadata ?? existing.metadata,
        ...(missing.length === 0 ? {} : { rules: [...(existing.rules ?? []), ...compactRules(missing)] }),
        ...(addAggregation ? { aggregationRule: aggregation } : {}),
    };
    return { type: 'update', object };
}

/** A binding's role cannot be changed: one to another role is made anew. */
function repairBinding<T extends V1ClusterRoleBinding | V1RoleBinding>(
    existing: Stored<T>,
    wanted: T,
): Repair<T> {
    const { kind, name } = existing.roleRef;
    if (kind !== wanted.roleRef.kind || name !== wanted.roleRef.name) return { type: 'recreate' };
    const subjects = existing.subjects ?? [];
    const present = new Set(subjects.map(subjectKey));
    const missing = (wanted.subjects ?? []).filter((subject) => !present.has(subjectKey(subject)));
    const metadata = mergedMetadata(existing.metadata, wanted.metadata);
    if (metadata === undefined && missing.length === 0) return { type: 'none' };
    const object: T = {
        ...existing,
        metadata: metadata ?? existing.metadata,
        subjects: [...subjects, ...missing],
    };
    return { type: 'update', object };
}

function subjectKey({ kind, namespace, name }: RbacV1Subject): string {
    return `${kind}/${namespace ?? ''}/${name}`;
}

/** Undefined when all wanted labels and annotations are there already. */
function mergedMetadata<M extends V1ObjectMeta>(
    existing: M,
    wanted: V1ObjectMeta | undefined,
): M | undefined {
    const lacks = (have: Record<string, string> = {}, want: Record<string, string> = {}) =>
        Object.entries(want).some(([key, value]) => have[key] !== value);
    if (!lacks(existing.labels, wanted?.labels) && !lacks(existing.annotations, wanted?.annotations)) {
        return undefined;
    }
    return {
        ...existing,
        labels: { ...existing.labels, ...wanted?.labels },
        annotations: { ...existing.annotations, ...wanted?.annotations },
    };
}
