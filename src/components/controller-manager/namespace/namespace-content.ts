import type { ApiObject, Stored, V1Pod } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { dynamicResource } from '../../../client/resource-type.ts';
import { discover, type DiscoveredResource, type Discovery } from '../shared/discovery.ts';
import { messageOf } from '../shared/pod-control.ts';
import type { DeletionReport } from './namespace-conditions.ts';

/** How long finalizers are given before the namespace is looked at again. */
const finalizerEstimateSeconds = 15;

export interface ContentOutcome {
    report: DeletionReport;
    /** Seconds until what remains should be gone; 0 when nothing does. */
    estimateSeconds: number;
}

interface Remaining {
    resource: DiscoveredResource;
    items: readonly Stored<ApiObject>[];
    estimateSeconds: number;
}

/**
 * Deletes everything in a namespace. Pods go first, and nothing else is touched while there are any:
 * a pod should not outlive the policies and the secrets it runs with.
 */
export async function deleteContent(
    client: Client,
    namespace: string,
    { deletedAtMs, nowMs }: { deletedAtMs: number; nowMs: number },
): Promise<ContentOutcome> {
    const discoveryErrors: unknown[] = [];
    const contentErrors: unknown[] = [];
    const remaining: Remaining[] = [];
    const resources = await readResources(client, discoveryErrors);
    const isPods = ({ group, resource }: DiscoveredResource): boolean => group === '' && resource === 'pods';
    const groups = [resources.filter(isPods), resources.filter((resource) => !isPods(resource))];
    for (const group of groups) {
        for (const resource of group) {
            try {
                const left = await deleteAll(client, namespace, { resource, deletedAtMs, nowMs });
                if (left !== undefined) remaining.push(left);
            } catch (error) {
                contentErrors.push(error);
            }
        }
        if (remaining.length > 0) break;
    }
    return {
        report: {
            discoveryErrors,
            contentErrors,
            remaining: remaining.map(({ resource, items }) => ({ resource, count: items.length })),
            finalizers: countFinalizers(remaining),
        },
        estimateSeconds: Math.max(0, ...remaining.map(({ estimateSeconds }) => estimateSeconds)),
    };
}

async function readResources(client: Client, errors: unknown[]): Promise<DiscoveredResource[]> {
    let discovery: Discovery;
    try {
        discovery = await discover(client);
    } catch (error) {
        errors.push(error);
        return [];
    }
    for (const [groupVersion, error] of discovery.failures) {
        errors.push(
            new Error(
                `unable to retrieve the complete list of server APIs: ${groupVersion}: ${messageOf(error)}`,
                { cause: error },
            ),
        );
    }
    return discovery.preferred.filter(
        ({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'),
    );
}

/** Undefined when nothing of the resource is left. */
async function deleteAll(
    client: Client,
    namespace: string,
    options: { resource: DiscoveredResource; deletedAtMs: number; nowMs: number },
): Promise<Remaining | undefined> {
    const { resource, deletedAtMs, nowMs } = options;
    const typed = client.resource(dynamicResource(resource));
    const list = async (): Promise<Stored<ApiObject>[]> => {
        try {
            return (await typed.list({ namespace })).items;
        } catch (error) {
            // It is not served any more.
            if (isReason(error, 'NotFound') || isReason(error, 'MethodNotAllowed')) return [];
            throw error;
        }
    };
    const before = await list();
    if (before.length === 0) return undefined;
    const graceSeconds = resource.kind === 'Pod' ? terminationSeconds(before) : 0;
    if (resource.verbs.includes('deletecollection')) {
        await typed.deleteCollection({ namespace }, { propagationPolicy: 'Background' });
    } else {
        for (const { metadata } of before) await deleteOne(typed, namespace, metadata.name);
    }
    const items = await list();
    if (items.length === 0) return undefined;
    const isOverdue = nowMs - deletedAtMs > graceSeconds * 1000;
    if (graceSeconds > 0 && !isOverdue) return { resource, items, estimateSeconds: graceSeconds };
    const haveFinalizers = items.some(({ metadata }) => (metadata.finalizers ?? []).length > 0);
    if (haveFinalizers || graceSeconds > 0) {
        return { resource, items, estimateSeconds: finalizerEstimateSeconds };
    }
    throw new Error(
        `unexpected items still remain in namespace: ${namespace} for gvr: ${resource.group}/${resource.version}, Resource=${resource.resource}`,
    );
}

async function deleteOne(
    typed: ReturnType<Client['resource']>,
    namespace: string,
    name: string,
): Promise<void> {
    try {
        await typed.delete({ namespace, name }, { propagationPolicy: 'Background' });
    } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
    }
}

/** The longest time that one of the pods may take to end. */
function terminationSeconds(objects: readonly Stored<ApiObject>[]): number {
    const seconds = (objects as readonly Stored<V1Pod>[])
        .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
        .map(
            ({ spec, metadata }) =>
                metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 0,
        );
    return Math.max(0, ...seconds);
}

function countFinalizers(remaining: readonly Remaining[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { metadata } of remaining.flatMap(({ items }) => items)) {
        for (const name of metadata.finalizers ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
}
