import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Thing } from './conformance/support/cluster.ts';

const root = '/apis/resource.k8s.io/v1';
const driver = 'dra.example.com';
const device = { driver, pool: 'node-1', device: 'gpu-0' };
const allocation = { devices: { results: [{ request: 'gpu', ...device }] } };
const jane = { 'impersonate-user': 'jane' };

const claimOf = (name: string, exactly: object = {}): object => ({
    metadata: { name },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gold', ...exactly } }] } },
});
const selecting = (expression: string): object => ({ selectors: [{ cel: { expression } }] });

describe('claims of devices at an API server', () => {
    let cluster: Cluster;
    let claims: string;
    let namespace: string;
    beforeAll(async () => {
        cluster = await Cluster.start();
        namespace = await cluster.namespace('devices');
        claims = `${root}/namespaces/${namespace}/resourceclaims`;
    });
    afterAll(async () => {
        await cluster.stop();
    });

    const grant = async (name: string, rules: object[]): Promise<void> => {
        const group = '/apis/rbac.authorization.k8s.io/v1';
        await cluster.create(`${group}/clusterroles`, { metadata: { name }, rules });
        await cluster.create(`${group}/clusterrolebindings`, {
            metadata: { name },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
            subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
        });
    };
    const rule = (resource: string, verbs: string[], more: object = {}): object => ({
        apiGroups: ['resource.k8s.io'],
        resources: [resource],
        verbs,
        ...more,
    });

    it('are stored with their defaults, and refused with the fields that are wrong', async () => {
        const created = await cluster.create(claims, claimOf('plain'));
        expect(created).toMatchObject({
            spec: { devices: { requests: [{ exactly: { allocationMode: 'ExactCount', count: 1 } }] } },
        });
        const refused = await cluster.refused('POST', claims, {
            body: claimOf('bad', { deviceClassName: '', count: -1 }),
        });
        const path = 'spec.devices.requests[0].exactly';
        expect(refused).toMatchObject({
            code: 422,
            reason: 'Invalid',
            message: `ResourceClaim.resource.k8s.io "bad" is invalid: [${path}.deviceClassName: Required value, ${path}.count: Invalid value: -1: must be greater than zero]`,
        });
    });

    it('have selectors that compile, as classes have', async () => {
        await cluster.create(claims, claimOf('selecting', selecting(`device.driver == "${driver}"`)));
        const refused = await cluster.refused('POST', claims, {
            body: claimOf('bad', selecting('device.x')),
        });
        expect(refused).toMatchObject({ code: 422, reason: 'Invalid' });
        expect(refused.message).toContain('exactly.selectors[0].cel.expression: Invalid value: "device.x"');
        const wrongClass = { metadata: { name: 'gold' }, spec: selecting('"text"') };
        const { message } = await cluster.refused('POST', `${root}/deviceclasses`, { body: wrongClass });
        expect(message).toContain('must evaluate to bool or the unknown type, not string');
    });

    it('get at devices in use only in namespaces that are marked for it', async () => {
        const refused = await cluster.refused('POST', claims, { body: claimOf('a', { adminAccess: true }) });
        expect(refused.message).toContain(
            'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
        );
        const marked = await cluster.namespace('admin', { 'resource.kubernetes.io/admin-access': 'true' });
        const path = `${root}/namespaces/${marked}/resourceclaims`;
        await cluster.create(path, claimOf('a', { adminAccess: true }));
    });

    it('are bound and reported on by who may, field by field', async () => {
        await cluster.create(claims, claimOf('bound'));
        const path = `${claims}/bound/status`;
        const claim = await cluster.get<Thing & { status?: object }>(`${claims}/bound`);
        const as = (status: object): Parameters<Cluster['call']>[2] => ({
            headers: jane,
            body: { ...claim, metadata: { ...claim.metadata, resourceVersion: '' }, status },
        });
        await grant('status-writer', [rule('resourceclaims/status', ['update', 'patch'])]);
        expect(await cluster.refused('PUT', path, as({ allocation }))).toMatchObject({
            code: 422,
            message: expect.stringContaining('requires resource="resourceclaims/binding", verb="update"'),
        });
        const merge = { ...jane, 'content-type': 'application/merge-patch+json' };
        const patched = await cluster.refused('PATCH', path, {
            headers: merge,
            body: { status: { allocation } },
        });
        expect(patched.message).toContain('verb="patch"');
        await grant('binder', [rule('resourceclaims/binding', ['update'])]);
        await cluster.must('PUT', path, as({ allocation }));
        const reported = { allocation, devices: [device] };
        const { message } = await cluster.refused('PUT', path, as(reported));
        expect(message).toContain(
            'requires resource="resourceclaims/driver", verb="[arbitrary-node:update]"',
        );
        const resourceNames = [driver];
        await grant('driver', [rule('resourceclaims/driver', ['arbitrary-node:update'], { resourceNames })]);
        await cluster.must('PUT', path, as(reported));
        // Who binds takes the allocation back, and what was said of its devices goes with it.
        const freed = await cluster.must<{ status?: object }>('PUT', path, as({ devices: [device] }));
        expect(freed.status ?? {}).toEqual({});
    });

    it('count by the class of their devices', async () => {
        const own = await cluster.namespace('quota');
        const name = 'gold.deviceclass.resource.k8s.io/devices';
        const quotas = `/api/v1/namespaces/${own}/resourcequotas`;
        await cluster.create(quotas, { metadata: { name: 'few' }, spec: { hard: { [name]: '2' } } });
        await cluster.change<Thing & { status?: object }>(
            `${quotas}/few`,
            (quota) => {
                quota.status = { hard: { [name]: '2' }, used: { [name]: '0' } };
            },
            `${quotas}/few/status`,
        );
        const path = `${root}/namespaces/${own}/resourceclaims`;
        await cluster.create(path, claimOf('one', { count: 2 }));
        const { code, message } = await cluster.refused('POST', path, { body: claimOf('two') });
        expect([code, message]).toEqual([
            403,
            `resourceclaims.resource.k8s.io "two" is forbidden: exceeded quota: few, requested: ${name}=1, used: ${name}=2, limited: ${name}=2`,
        ]);
    });
});
