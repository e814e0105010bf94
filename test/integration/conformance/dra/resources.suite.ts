import { it } from '@jest/globals';
import { expectDiscovered, expectOperations, type Sample } from '../support/api-operations.ts';
import type { Cluster, Thing } from '../support/cluster.ts';
import type {
    V1DeviceClassSpec,
    ResourceV1ResourceClaim,
    V1ResourceSliceSpec,
} from '../../../../src/api/meta/object.ts';

const group = { group: 'resource.k8s.io', version: 'v1' } as const;
const label = { metadata: { labels: { 'test.dra.example.com': 'test' } } };
const claimSpec = {
    devices: { requests: [{ name: 'req-0', exactly: { deviceClassName: 'dra.example.com' } }] },
};

/** What the four resources of resource.k8s.io/v1 can do. */
export function draCases(cluster: () => Cluster): void {
    it('DeviceClasses can be created, read, changed and deleted', async () => {
        const selectors = (expression: string) => ({ spec: { selectors: [{ cel: { expression } }] } });
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'deviceclasses', kind: 'DeviceClass' },
            make: () => selectors('false'),
            patches: [{ type: 'strategic', body: selectors('1 == 0'), shows: selectors('1 == 0') }],
            update: (object) => {
                (object as Thing & { spec: V1DeviceClassSpec }).spec.selectors![0]!.cel!.expression =
                    '2 == 0';
            },
        });
    });

    it('ResourceClaims can be created, read, changed, allocated and deleted', async () => {
        const namespace = await cluster().namespace('claims');
        const allocated = { status: { allocation: {} } };
        const sample: Sample = {
            ...{ ...group, plural: 'resourceclaims', kind: 'ResourceClaim', namespace },
            make: () => ({ spec: claimSpec }),
            patches: [
                { type: 'apply', body: label, shows: label },
                { type: 'strategic', body: label, shows: label },
                { type: 'merge', body: label, shows: label },
                {
                    type: 'json',
                    body: [{ op: 'add', path: '/metadata/labels/test.dra.example.com', value: 'test' }],
                    shows: label,
                },
            ],
            statusPatches: [
                { type: 'strategic', body: allocated, shows: allocated },
                { type: 'merge', body: allocated, shows: allocated },
                {
                    type: 'json',
                    body: [{ op: 'add', path: '/status/allocation', value: {} }],
                    shows: allocated,
                },
                { type: 'apply', body: allocated, shows: allocated },
            ],
            statusUpdate: {
                change: (object) => {
                    (object as Thing & ResourceV1ResourceClaim).status = { allocation: {} };
                },
                shows: allocated,
            },
        };
        await expectDiscovered(cluster(), group.group, ['resourceclaims', 'resourceclaims/status']);
        await expectOperations(cluster(), sample);
    });

    it('ResourceClaimTemplates can be created, read, changed and deleted', async () => {
        const namespace = await cluster().namespace('claim-templates');
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', namespace },
            make: () => ({ spec: { spec: claimSpec } }),
            patches: [{ type: 'strategic', body: label, shows: label }],
        });
    });

    it('ResourceSlices can be created, read, changed and deleted', async () => {
        const devices = (...names: string[]) => ({ spec: { devices: names.map((name) => ({ name })) } });
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'resourceslices', kind: 'ResourceSlice' },
            make: () => ({
                spec: {
                    driver: 'dra.example.com',
                    pool: { name: 'cluster', generation: 1, resourceSliceCount: 1 },
                    nodeName: 'no-such-node',
                },
            }),
            patches: [{ type: 'strategic', body: devices('device-0'), shows: devices('device-0') }],
            update: (object) => {
                (object as Thing & { spec: V1ResourceSliceSpec }).spec.devices = [{ name: 'device-1' }];
            },
        });
    });
}
