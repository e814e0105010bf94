import type { Cluster } from '../../../store/cluster.ts';
import { measurementMetrics } from '../../../store/etcd/server/http/measurement-metrics.ts';
import { counter, gauge, type Metric } from '../../../store/etcd/server/http/metric.ts';
import type { WatchCaches } from '../watch-caches.ts';

/** How many objects there are of each resource. */
export function storageMetrics(caches: WatchCaches): Metric[] {
    const counted = new Map<string, number>();
    for (const definition of caches.definitions()) {
        const { group, plural } = definition;
        // Questions in the shape of objects (reviews, bindings) are not stored.
        if (!definition.verbs.includes('list')) continue;
        counted.set(group === '' ? plural : `${plural}.${group}`, caches.cacheOf(definition).objects.size);
    }
    return [
        {
            name: 'apiserver_storage_objects',
            help: 'Number of stored objects at the time of last check split by kind.',
            type: 'gauge',
            samples: [...counted].map(([resource, value]) => ({ labels: { resource }, value })),
        },
    ];
}

/** What the embedded store tells of itself, under etcd's names: as on the etcd port. */
export async function embeddedStoreMetrics(cluster: Cluster, caches: WatchCaches): Promise<Metric[]> {
    const { store } = caches;
    const status = await cluster.status();
    const { measurements } = cluster;
    return [
        gauge(
            'etcd_server_has_leader',
            'Whether or not a leader exists. 1 is existence, 0 is not.',
            status.leader === '' ? 0 : 1,
        ),
        gauge(
            'etcd_server_is_leader',
            'Whether or not this member is a leader. 1 if is, 0 otherwise.',
            status.leader === cluster.memberId ? 1 : 0,
        ),
        counter(
            'etcd_server_proposals_committed_total',
            'The total number of consensus proposals committed.',
            status.commitIndex,
        ),
        counter(
            'etcd_server_proposals_applied_total',
            'The total number of consensus proposals applied.',
            status.appliedIndex,
        ),
        gauge(
            'etcd_mvcc_db_total_size_in_bytes',
            'Total size of the underlying database physically allocated in bytes.',
            status.sizeBytes,
        ),
        gauge(
            'etcd_mvcc_db_total_size_in_use_in_bytes',
            'Total size of the underlying database logically in use in bytes.',
            status.sizeInUseBytes,
        ),
        gauge('etcd_debugging_mvcc_current_revision', 'The current revision of store.', store.revision),
        gauge(
            'etcd_debugging_mvcc_compact_revision',
            'The revision of the last compaction in store.',
            store.compactedRevision,
        ),
        ...(measurements === undefined ? [] : measurementMetrics(measurements)),
    ];
}
