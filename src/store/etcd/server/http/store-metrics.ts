import type { EtcdContext } from '../context.ts';
import { everything } from '../services/kv.ts';
import { methods } from '../../proto/methods.ts';
import { etcdClusterVersion, etcdVersion } from '../version.ts';
import type { GrpcMetrics } from './grpc-metrics.ts';
import { counter, gauge, type Metric } from './metric.ts';

/** What store and cluster tell, under etcd's names. */
export async function storeMetrics(context: EtcdContext, grpc: GrpcMetrics): Promise<Metric[]> {
    const { store, cluster } = context;
    const [status, { count }] = await Promise.all([
        cluster.status(),
        store.range({ ...everything, countOnly: true }),
    ]);
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
        counter(
            'etcd_server_leader_changes_seen_total',
            'The number of leader changes seen.',
            context.leaderChanges,
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
        labelled('etcd_server_id', 'Server or member ID in hexadecimal format. 1 for the label.', {
            server_id: cluster.memberId,
        }),
        labelled('etcd_server_version', 'Which version is running. 1 for the label with current version.', {
            server_version: etcdVersion,
        }),
        labelled(
            'etcd_cluster_version',
            'Which version is running. 1 for the label with current cluster version.',
            { cluster_version: etcdClusterVersion },
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
        gauge('etcd_debugging_mvcc_keys_total', 'Total number of keys.', count),
        gauge('etcd_debugging_mvcc_current_revision', 'The current revision of store.', store.revision),
        gauge(
            'etcd_debugging_mvcc_compact_revision',
            'The revision of the last compaction in store.',
            store.compactedRevision,
        ),
        gauge(
            'etcd_debugging_mvcc_watch_stream_total',
            'Total number of watch streams.',
            grpc.open(methods.watch.path),
        ),
    ];
}

function labelled(name: string, help: string, labels: Record<string, string>): Metric {
    return { name, help, type: 'gauge', samples: [{ labels, value: 1 }] };
}
