import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
    Stored,
    V1Endpoint,
    V1EndpointSlice,
    V1Endpoints,
    V1Pod,
    V1Service,
} from '../../src/api/meta/object.ts';
import {
    configMaps,
    endpoints,
    endpointSlices,
    namespaces,
    nodes,
    pods,
    serviceAccounts,
    services,
} from '../../src/client/resource-type.ts';
import { eventually } from './support/api-server.ts';
import { startControllers, type ControllerFixture } from './support/controllers.ts';

let fixture: ControllerFixture;
const namespace = 'default';

beforeAll(async () => {
    fixture = await startControllers(
        [
            'serviceaccount-controller',
            'root-ca-certificate-publisher-controller',
            'node-ipam-controller',
            'endpointslice-controller',
            'endpointslice-mirroring-controller',
            'endpoints-controller',
        ],
        { options: { clusterCidr: '10.42.0.0/23', nodeCidrMaskSize: 24, rootCa: 'PEM' } },
    );
});
afterAll(async () => {
    await fixture.stop();
});

describe('every namespace', () => {
    it('gets a default service account and the root CA, also after they were deleted or changed', async () => {
        const { admin } = fixture.api;
        await admin.resource(namespaces).create({ metadata: { name: 'team' } });
        const account = { namespace: 'team', name: 'default' };
        const ca = { namespace: 'team', name: 'kube-root-ca.crt' };
        const has = async (): Promise<boolean> => {
            const accounts = await admin.resource(serviceAccounts).list({ namespace: 'team' });
            const maps = await admin.resource(configMaps).list({ namespace: 'team' });
            return accounts.items.length === 1 && maps.items[0]?.data?.['ca.crt'] === 'PEM';
        };
        await eventually('both are there', has);
        await admin.resource(serviceAccounts).delete(account);
        await admin.resource(configMaps).patch(ca, { type: 'merge', body: { data: { 'ca.crt': 'other' } } });
        await eventually('both are there again', has);
    });
});

describe('nodes', () => {
    it('get a range each; one that found none gets that of a deleted node', async () => {
        const { admin } = fixture.api;
        for (const name of ['a', 'b']) await admin.resource(nodes).create({ metadata: { name } });
        const cidr = async (name: string): Promise<string | undefined> =>
            (await admin.resource(nodes).get({ name })).spec?.podCIDR;
        await eventually('both have one', async () => (await cidr('a')) && (await cidr('b')));
        expect([await cidr('a'), await cidr('b')].sort()).toEqual(['10.42.0.0/24', '10.42.1.0/24']);
        await admin.resource(nodes).create({ metadata: { name: 'c' } });
        await eventually('an event says that there is none', async () => {
            const { items } = (await admin.request({
                method: 'GET',
                path: '/api/v1/namespaces/default/events?fieldSelector=reason=CIDRNotAvailable',
            })) as { items: { message: string }[] };
            return items[0]?.message === 'Node c status is now: CIDRNotAvailable';
        });
        const free = await cidr('a');
        await admin.resource(nodes).delete({ name: 'a' });
        await eventually('the third has it', async () => (await cidr('c')) === free);
    });
});

const service = (name: string, spec: V1Service['spec']): V1Service => ({
    metadata: { name, namespace, labels: { team: 'x' } },
    spec: { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'], ...spec },
});

async function makePod(
    name: string,
    ip: string,
    options: { ready?: boolean; app?: string } = {},
): Promise<void> {
    const pod: V1Pod = {
        metadata: { name, namespace, labels: { app: options.app ?? 'web' } },
        spec: {
            nodeName: 'b',
            containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }],
        },
    };
    const resource = fixture.api.admin.resource(pods);
    const created = await resource.create(pod);
    await setReady(created, ip, options.ready ?? true);
}

async function setReady(pod: Stored<V1Pod>, ip: string, ready: boolean): Promise<void> {
    await fixture.api.admin.resource(pods).updateStatus({
        ...pod,
        status: {
            ...pod.status,
            phase: 'Running',
            podIP: ip,
            podIPs: [{ ip }],
            conditions: [
                {
                    type: 'Ready',
                    status: ready ? 'True' : 'False',
                    lastTransitionTime: '2026-01-01T00:00:00Z',
                },
            ],
        },
    });
}

const slicesOf = async (name: string): Promise<Stored<V1EndpointSlice>[]> =>
    (
        await fixture.api.admin
            .resource(endpointSlices)
            .list({ namespace, labelSelector: `kubernetes.io/service-name=${name}` })
    ).items;
const endpointsOf = async (name: string): Promise<Stored<V1Endpoints> | undefined> =>
    (await fixture.api.admin.resource(endpoints).list({ namespace })).items.find(
        ({ metadata }) => metadata.name === name,
    );

describe('Services that select pods', () => {
    it('have a placeholder slice and empty Endpoints before there are pods', async () => {
        const { admin } = fixture.api;
        await admin.resource(services).create(
            service('web', {
                selector: { app: 'web' },
                ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
            }),
        );
        const [slice] = await eventually('a slice is there', async () => {
            const found = await slicesOf('web');
            return found.length === 1 && found;
        });
        expect(slice).toMatchObject({
            metadata: {
                generateName: 'web-',
                labels: {
                    team: 'x',
                    'kubernetes.io/service-name': 'web',
                    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
                    'service.kubernetes.io/headless': '',
                },
                ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', controller: true }],
            },
            addressType: 'IPv4',
        });
        await eventually('Endpoints are there', async () => await endpointsOf('web'));
    });

    it('have ready and unready pods with their named port, and the slice keeps its name', async () => {
        const [before] = await slicesOf('web');
        await makePod('one', '10.42.0.11');
        await makePod('two', '10.42.0.12', { ready: false });
        await makePod('other', '10.42.0.13', { app: 'db' });
        const slice = await eventually('both are in', async () => {
            const [found] = await slicesOf('web');
            return found?.endpoints?.length === 2 && found;
        });
        expect(slice.metadata.name).toBe(before!.metadata.name);
        expect(slice.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
        const endpointOf = (ip: string): V1Endpoint | undefined =>
            slice.endpoints?.find(({ addresses }) => addresses[0] === ip);
        expect(endpointOf('10.42.0.11')).toMatchObject({
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'b',
            targetRef: { kind: 'Pod', name: 'one', namespace },
        });
        expect(endpointOf('10.42.0.12')?.conditions).toEqual({
            ready: false,
            serving: false,
            terminating: false,
        });
        const legacy = await eventually('Endpoints follow', async () => {
            const found = await endpointsOf('web');
            return found?.subsets?.[0]?.notReadyAddresses?.length === 1 && found;
        });
        expect(legacy.subsets).toMatchObject([
            {
                addresses: [{ ip: '10.42.0.11', nodeName: 'b', targetRef: { kind: 'Pod', name: 'one' } }],
                notReadyAddresses: [{ ip: '10.42.0.12' }],
                ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
            },
        ]);
        expect(legacy.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
    });

    it('are not written again when nothing has changed', async () => {
        const [before, legacy] = [await slicesOf('web'), await endpointsOf('web')];
        const { admin } = fixture.api;
        await admin
            .resource(pods)
            .patch(
                { namespace, name: 'one' },
                { type: 'merge', body: { metadata: { annotations: { a: 'b' } } } },
            );
        await admin
            .resource(services)
            .patch(
                { namespace, name: 'web' },
                { type: 'merge', body: { metadata: { annotations: { a: 'b' } } } },
            );
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(await slicesOf('web')).toEqual(before);
        expect(await endpointsOf('web')).toEqual(legacy);
    });

    it('lose a pod that is relabelled, and repair a slice that somebody edits', async () => {
        const { admin } = fixture.api;
        await admin
            .resource(pods)
            .patch(
                { namespace, name: 'two' },
                { type: 'merge', body: { metadata: { labels: { app: 'no' } } } },
            );
        const slice = await eventually('one is left', async () => {
            const [found] = await slicesOf('web');
            return found?.endpoints?.length === 1 && found;
        });
        await admin.resource(endpointSlices).update({ ...slice, endpoints: [] });
        await eventually('it is back', async () => (await slicesOf('web'))[0]?.endpoints?.length === 1);
        await admin.resource(endpointSlices).delete({ namespace, name: slice.metadata.name });
        await eventually('a new slice', async () => (await slicesOf('web'))[0]?.endpoints?.length === 1);
    });

    it('lose their Endpoints when they are deleted', async () => {
        await fixture.api.admin.resource(services).delete({ namespace, name: 'web' });
        await eventually('gone', async () => (await endpointsOf('web')) === undefined);
    });
});

describe('Services without selector', () => {
    it('have their Endpoints mirrored, until those are deleted', async () => {
        const { admin } = fixture.api;
        await admin.resource(services).create(service('db', { ports: [{ port: 5432, protocol: 'TCP' }] }));
        await admin.resource(endpoints).create({
            metadata: { name: 'db', namespace, labels: { a: 'b' } },
            subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 5432, protocol: 'TCP' }] }],
        });
        const [slice] = await eventually('a mirror is there', async () => {
            const found = await slicesOf('db');
            return found.length === 1 && found;
        });
        expect(slice).toMatchObject({
            metadata: {
                labels: {
                    a: 'b',
                    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
                },
            },
            endpoints: [{ addresses: ['192.0.2.7'], conditions: { ready: true } }],
            ports: [{ port: 5432 }],
        });
        await admin.resource(endpoints).delete({ namespace, name: 'db' });
        await eventually('the mirror is gone', async () => (await slicesOf('db')).length === 0);
    });
});
