import type { Cluster } from '../../../cluster.ts';
import type { Store } from '../../../store.ts';
import { gauge, type Metric } from './metric.ts';

/** What a member and its store tell of themselves, under etcd's names: on the etcd port and on the API server's. */
export async function memberMetrics(cluster: Cluster, store: Store): Promise<Metric[]> {
    const status = await cluster.status();
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
        gauge(
            'etcd_server_is_learner',
            'Whether or not this member is a learner. 1 if is, 0 otherwise.',
            status.isLearner ? 1 : 0,
        ),
        gauge(
            'etcd_server_proposals_committed_total',
            'The total number of consensus proposals committed.',
            status.commitIndex,
        ),
        gauge(
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
    ];
}
