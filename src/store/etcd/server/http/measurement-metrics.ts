import type { Measurements } from '../../../measurements.ts';
import { counter, gauge, histogramSamples, shownMemberId, type Metric } from './metric.ts';

/** What a member measures of its disk, its log and its peers, under etcd's names. */
export function measurementMetrics(measurements: Measurements): Metric[] {
    return [
        {
            name: 'etcd_disk_wal_fsync_duration_seconds',
            help: 'The latency distributions of fsync called by WAL.',
            type: 'histogram',
            samples: histogramSamples(measurements.syncs),
        },
        {
            name: 'etcd_disk_backend_commit_duration_seconds',
            help: 'The latency distributions of commit called by backend.',
            type: 'histogram',
            samples: histogramSamples(measurements.commits),
        },
        {
            name: 'etcd_network_peer_round_trip_time_seconds',
            help: 'Round-Trip-Time histogram between peers.',
            type: 'histogram',
            samples: measurements
                .roundTrips()
                .flatMap(([member, histogram]) => histogramSamples(histogram, { To: shownMemberId(member) })),
        },
        gauge(
            'etcd_server_proposals_pending',
            'The current number of pending proposals to commit.',
            measurements.proposalsPending,
        ),
        counter(
            'etcd_server_proposals_failed_total',
            'The total number of failed proposals seen.',
            measurements.proposalsFailed,
        ),
    ];
}
