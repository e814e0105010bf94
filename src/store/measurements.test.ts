import { describe, expect, it } from '@jest/globals';
import { renderMetrics } from './etcd/server/http/metric.ts';
import { measurementMetrics } from './etcd/server/http/measurement-metrics.ts';
import { Measurements, roundTripEveryMs } from './measurements.ts';
import { StoreError } from './store.ts';

describe('Measurements', () => {
    it("are histograms with etcd's names and buckets", () => {
        const measurements = new Measurements();
        measurements.noteSync(1.5, true);
        measurements.noteSync(3, false);
        measurements.noteSync(60_000, false);
        const lines = renderMetrics(measurementMetrics(measurements)).split('\n');
        const sync = 'etcd_disk_wal_fsync_duration_seconds';
        expect(lines).toContain(`# TYPE ${sync} histogram`);
        expect(lines).toContain(`${sync}_bucket{le="0.001"} 0`);
        expect(lines).toContain(`${sync}_bucket{le="0.002"} 1`);
        expect(lines).toContain(`${sync}_bucket{le="0.004"} 2`);
        expect(lines).toContain(`${sync}_bucket{le="8.192"} 2`);
        expect(lines).toContain(`${sync}_bucket{le="+Inf"} 3`);
        expect(lines).toContain(`${sync}_count 3`);
        expect(lines).toContain('etcd_disk_backend_commit_duration_seconds_count 1');
    });

    it('have the round trips of each peer now and then, and forget peers that are gone', () => {
        const measurements = new Measurements();
        measurements.noteRoundTrip('a', 1, 0);
        measurements.noteRoundTrip('a', 1, roundTripEveryMs - 1);
        measurements.noteRoundTrip('a', 1, roundTripEveryMs);
        measurements.noteRoundTrip('b', 1, 0);
        const counts = (): [string, number][] =>
            measurements.roundTrips().map(([member, { count }]) => [member, count]);
        expect(counts()).toEqual([
            ['a', 2],
            ['b', 1],
        ]);
        measurements.keepRoundTrips((member) => member === 'a');
        expect(counts()).toEqual([['a', 2]]);
    });

    it('name peers as etcdctl does: without leading zeros', () => {
        const measurements = new Measurements();
        measurements.noteRoundTrip('00d34614716f3c50', 1, 0);
        const lines = renderMetrics(measurementMetrics(measurements)).split('\n');
        expect(lines).toContain('etcd_network_peer_round_trip_time_seconds_count{To="d34614716f3c50"} 1');
    });

    it('count proposals that failed, not those that the state machine refused', () => {
        const measurements = new Measurements();
        measurements.noteRefusal(new StoreError('compacted', 'too old'));
        measurements.noteRefusal(new StoreError('leaseNotFound', 'no such lease'));
        expect(measurements.proposalsFailed).toBe(0);
        measurements.noteRefusal(new StoreError('noSpace', 'disk full'));
        measurements.noteRefusal(new StoreError('timeout', 'too late'));
        expect(measurements.proposalsFailed).toBe(2);
    });
});
