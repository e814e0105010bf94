import { describe, expect, it } from '@jest/globals';
import { resourceDefinitions } from '../../../api/groups/index.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import type { Store } from '../../../store/store.ts';
import { MeasuredStore } from './measured-store.ts';

describe('a measured store', () => {
    it('tells how long requests take and which fail, by operation, group and resource', async () => {
        const store = {
            txn: () => Promise.resolve({}),
            range: ({ end }: { end?: string }) =>
                end === undefined ? Promise.reject(new Error('no leader')) : Promise.resolve({}),
        } as unknown as Store;
        const measured = new MeasuredStore(store, resourceDefinitions());
        const write = async (key: string, isNew: boolean): Promise<void> => {
            await measured.txn({
                compares: [{ key, target: 'modRevision', result: 'equal', value: isNew ? 0 : 7 }],
                success: [{ type: 'put', key, value: Buffer.alloc(0) }],
                failure: [],
            });
        };
        await write('/registry/pods/default/a', true);
        await write('/registry/services/specs/default/a', false);
        await write('/registry/services/endpoints/default/a', false);
        await write('/registry/deployments/default/a', true);
        await write('/registry/example.com/foos/default/a', true);
        await write('/registry/events/default/a', true);
        await measured.range({ key: '/registry/minions/', end: '/registry/minions0' });
        await expect(measured.range({ key: '/registry/minions/a' })).rejects.toThrow('no leader');
        const text = renderMetrics(measured.metrics());
        for (const labels of [
            'operation="create",group="",resource="pods"',
            'operation="update",group="",resource="services"',
            'operation="update",group="",resource="endpoints"',
            'operation="create",group="apps",resource="deployments"',
            'operation="create",group="example.com",resource="foos"',
            'operation="create",group="",resource="events"',
            'operation="list",group="",resource="nodes"',
            'operation="get",group="",resource="nodes"',
        ]) {
            expect(text).toContain(`etcd_requests_total{${labels}} 1`);
            expect(text).toContain(`etcd_request_duration_seconds_count{${labels}} 1`);
        }
        expect(text.match(/^etcd_request_errors_total.*$/gm)).toEqual([
            'etcd_request_errors_total{operation="get",group="",resource="nodes"} 1',
        ]);
    });
});
