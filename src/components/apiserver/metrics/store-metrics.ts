import type { Cluster } from '../../../store/cluster.ts';
import { measurementMetrics } from '../../../store/etcd/server/http/measurement-metrics.ts';
import { memberMetrics } from '../../../store/etcd/server/http/member-metrics.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import type { WatchCaches } from '../watch-caches.ts';

/** How many objects there are of each resource, and how large the store is. */
export async function storageMetrics(caches: WatchCaches): Promise<Metric[]> {
    const counted = new Map<string, { group: string; resource: string; value: number }>();
    for (const definition of caches.definitions()) {
        const { group, plural } = definition;
        // Questions in the shape of objects (reviews, bindings) are not stored.
        if (!definition.verbs.includes('list')) continue;
        // Custom resources are counted from the first request for them on.
        if (!caches.isOpen(definition)) continue;
        const value = caches.cacheOf(definition).objects.size;
        counted.set(group === '' ? plural : `${plural}.${group}`, { group, resource: plural, value });
    }
    return [
        await storageSize(caches),
        {
            name: 'apiserver_storage_objects',
            help: 'Number of stored objects at the time of last check split by kind.',
            type: 'gauge',
            samples: [...counted].map(([resource, { value }]) => ({ labels: { resource }, value })),
        },
        {
            name: 'apiserver_resource_objects',
            help: 'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
            type: 'gauge',
            samples: [...counted.values()].map(({ group, resource, value }) => ({
                labels: { group, resource },
                value,
            })),
        },
    ];
}

/** Without a value while the store gives no answer: that keeps no other figure back. */
async function storageSize({ store }: WatchCaches): Promise<Metric> {
    const value = await store.sizeBytes().catch(() => undefined);
    return {
        name: 'apiserver_storage_size_bytes',
        help: 'Size of the storage database file physically allocated in bytes.',
        type: 'gauge',
        samples: value === undefined ? [] : [{ labels: { storage_cluster_id: 'etcd-0' }, value }],
    };
}

/** What the embedded store tells of itself, under etcd's names: as on the etcd port. */
export async function embeddedStoreMetrics(cluster: Cluster, caches: WatchCaches): Promise<Metric[]> {
    const { measurements } = cluster;
    return [
        ...(await memberMetrics(cluster, caches.store)),
        ...(measurements === undefined ? [] : measurementMetrics(measurements)),
    ];
}
