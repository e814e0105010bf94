import type { EtcdContext } from '../context.ts';
import { everything } from '../services/kv.ts';
import { methods } from '../../proto/methods.ts';
import { etcdClusterVersion, etcdVersion } from '../version.ts';
import type { GrpcMetrics } from './grpc-metrics.ts';
import { memberMetrics } from './member-metrics.ts';
import { counter, gauge, shownMemberId, type Metric } from './metric.ts';

/** What store and cluster tell, under etcd's names. */
export async function storeMetrics(context: EtcdContext, grpc: GrpcMetrics): Promise<Metric[]> {
    const { store, cluster } = context;
    const [member, { count }] = await Promise.all([
        memberMetrics(cluster, store),
        store.range({ ...everything, countOnly: true }),
    ]);
    return [
        ...member,
        counter(
            'etcd_server_leader_changes_seen_total',
            'The number of leader changes seen.',
            context.leaderChanges,
        ),
        labelled('etcd_server_id', 'Server or member ID in hexadecimal format. 1 for the label.', {
            server_id: shownMemberId(cluster.memberId),
        }),
        labelled('etcd_server_version', 'Which version is running. 1 for the label with current version.', {
            server_version: etcdVersion,
        }),
        labelled(
            'etcd_cluster_version',
            'Which version is running. 1 for the label with current cluster version.',
            { cluster_version: etcdClusterVersion },
        ),
        gauge('etcd_debugging_mvcc_keys_total', 'Total number of keys.', count),
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
