import { expect, it } from '@jest/globals';
import type { V1ConfigMap, V1Lease, V1PodTemplate, V1Secret } from '../../../../src/api/meta/object.ts';
import { expectDiscovered, expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import { type Live, type Node, podSpec } from '../support/objects.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** ConfigMaps, Secrets, PodTemplates, RuntimeClasses, Leases and Nodes as objects. */
export function nodeObjectCases(cluster: () => Cluster): void {
    it('a ConfigMap is created, patched, found in all namespaces by its labels, and goes as a collection', async () => {
        const namespace = await cluster().namespace('configmaps');
        const path = `/api/v1/namespaces/${namespace}/configmaps`;
        const selector = 'labelSelector=test-configmap-static%3Dtrue';
        const watch = await cluster().watch<Live<V1ConfigMap>>(`${path}?${selector}`);
        await cluster().create(path, {
            metadata: { name: 'test-configmap', labels: { 'test-configmap-static': 'true' } },
            data: { valueName: 'value' },
        });
        expect((await watch.next()).type).toBe('ADDED');
        const body = { metadata: { labels: { 'test-configmap': 'patched' } }, data: { valueName: 'value1' } };
        await cluster().patch(`${path}/test-configmap`, 'strategic', body);
        await watch.until(({ type }) => type === 'MODIFIED');
        expect(await cluster().get(`${path}/test-configmap`)).toMatchObject(body);
        const all = await cluster().list<Live<V1ConfigMap>>(`/api/v1/configmaps?${selector}`);
        expect(all.items).toMatchObject([{ metadata: { namespace, ...body.metadata }, data: body.data }]);
        await cluster().must('DELETE', `${path}?${selector}`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
    });

    it('a ConfigMap takes no empty key, and none that is no name of a file', async () => {
        const namespace = await cluster().namespace('configmaps');
        for (const key of ['', 'a/b', '..']) {
            const body = { metadata: { name: 'bad' }, data: { [key]: 'value' } };
            const refusal = await cluster().refused('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
                body,
            });
            expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
        }
    });

    it('a Secret takes no empty key', async () => {
        const namespace = await cluster().namespace('secrets');
        const body = { metadata: { name: 'bad' }, data: { '': base64('value-1\n') } };
        const refusal = await cluster().refused('POST', `/api/v1/namespaces/${namespace}/secrets`, { body });
        expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    });

    it('a Secret is patched, also in what it holds, and goes by its label', async () => {
        const namespace = await cluster().namespace('secrets');
        const path = `/api/v1/namespaces/${namespace}/secrets`;
        const selector = 'labelSelector=testsecret-constant%3Dtrue';
        await cluster().create(path, {
            metadata: { name: 'test-secret', labels: { 'testsecret-constant': 'true' } },
            data: { key: base64('value') },
            type: 'Opaque',
        });
        const all = await cluster().list(`/api/v1/secrets?${selector}`);
        expect(all.items.map(({ metadata }) => metadata.name)).toEqual(['test-secret']);
        await cluster().patch(`${path}/test-secret`, 'strategic', {
            metadata: { labels: { testsecret: 'true' } },
            data: { key: base64('value1') },
        });
        const found = await cluster().get<Live<V1Secret>>(`${path}/test-secret`);
        expect(found.data).toEqual({ key: base64('value1') });
        expect(found.metadata.labels).toEqual({ 'testsecret-constant': 'true', testsecret: 'true' });
        await cluster().must('DELETE', `${path}?${selector}`);
        expect((await cluster().list(`/api/v1/secrets?${selector}`)).items).toEqual([]);
    });

    it.each(['configmaps', 'secrets'])('%s that are marked immutable are', async (plural) => {
        const namespace = await cluster().namespace('immutable');
        const path = `/api/v1/namespaces/${namespace}/${plural}`;
        const own = `${path}/immutable`;
        await cluster().create(path, { metadata: { name: 'immutable' }, data: { key: base64('1') } });
        const change = (data: Record<string, string>) =>
            cluster().change<Live<V1ConfigMap>>(own, (object) => {
                object.data = data;
            });
        await change({ key: base64('2') });
        await cluster().patch(own, 'merge', { immutable: true });
        const { data } = await cluster().get<Live<V1ConfigMap>>(own);
        for (const body of [{ data: { key: base64('3') } }, { immutable: false }, { immutable: null }]) {
            const headers = { 'content-type': 'application/merge-patch+json' };
            expect(await cluster().refused('PATCH', own, { body, headers })).toMatchObject({
                code: 422,
                reason: 'Invalid',
            });
        }
        // What does not hold data can still be changed, and the object can be deleted.
        const labelled = await cluster().patch<Live<V1ConfigMap>>(own, 'merge', {
            metadata: { labels: { still: 'possible' } },
        });
        expect(labelled).toMatchObject({ data, immutable: true });
        await cluster().delete(own);
    });

    it('PodTemplates are created, patched, listed, replaced and deleted', async () => {
        const namespace = await cluster().namespace('podtemplates');
        const path = `/api/v1/namespaces/${namespace}/podtemplates`;
        await expectOperations(cluster(), {
            ...{ group: '', version: 'v1', plural: 'podtemplates', kind: 'PodTemplate', namespace },
            make: () => ({ template: { metadata: { labels: { app: 'nginx' } }, spec: podSpec() } }),
            patches: [
                {
                    type: 'strategic',
                    body: { metadata: { labels: { podtemplate: 'patched' } } },
                    shows: { metadata: { labels: { podtemplate: 'patched' } } },
                },
            ],
        });
        const created = await cluster().create<Live<V1PodTemplate>>(path, {
            metadata: { name: 'full' },
            template: { spec: podSpec() },
        });
        expect(created.template?.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' });
        const replaced = await cluster().change<Live<V1PodTemplate>>(`${path}/full`, (object) => {
            object.template!.metadata = { annotations: { updated: 'true' } };
        });
        expect(replaced.template?.metadata?.annotations).toEqual({ updated: 'true' });
    });

    it('RuntimeClasses are created, read, changed and deleted', async () => {
        await expectDiscovered(cluster(), 'node.k8s.io', ['runtimeclasses']);
        await expectOperations(cluster(), {
            ...{ group: 'node.k8s.io', version: 'v1', plural: 'runtimeclasses', kind: 'RuntimeClass' },
            make: () => ({ handler: 'fakehandler' }),
        });
        const body = { metadata: { name: 'bad' }, handler: 'Not A Label' };
        const refusal = await cluster().refused('POST', '/apis/node.k8s.io/v1/runtimeclasses', { body });
        expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    });

    it('Leases are created, renewed, taken over, patched, and go as a collection', async () => {
        const namespace = await cluster().namespace('leases');
        const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
        const spec = (holderIdentity: string, leaseTransitions: number) => ({
            ...{ holderIdentity, leaseTransitions, leaseDurationSeconds: 30 },
            acquireTime: '2026-01-02T03:04:05.000000Z',
            renewTime: '2026-01-02T03:04:10.123456Z',
        });
        await cluster().create(path, { metadata: { name: 'lease' }, spec: spec('holder', 0) });
        const own = `${path}/lease`;
        expect((await cluster().get<Live<V1Lease>>(own)).spec).toEqual(spec('holder', 0));
        const taken = await cluster().change<Live<V1Lease>>(own, (lease) => {
            lease.spec = spec('holder2', 1);
        });
        expect(taken.spec).toEqual(spec('holder2', 1));
        await cluster().patch(own, 'strategic', { spec: { leaseDurationSeconds: 50 } });
        expect((await cluster().get<Live<V1Lease>>(own)).spec?.leaseDurationSeconds).toBe(50);
        const labels = { deletecollection: 'true' };
        await cluster().create(path, { metadata: { name: 'lease2', labels }, spec: spec('holder', 0) });
        expect((await cluster().list(path)).items).toHaveLength(2);
        await cluster().must('DELETE', `${path}?labelSelector=deletecollection%3Dtrue`);
        const left = await cluster().list(path);
        expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['lease']);
        await cluster().delete(own);
        expect((await cluster().list(path)).items).toEqual([]);
    });

    it('a Node is created, read, patched, listed, updated, given a status, and deleted', async () => {
        const path = '/api/v1/nodes';
        const labels = { 'e2e-fake-node': 'true' };
        await cluster().create(path, {
            metadata: { name: 'e2e-fake-node', labels },
            spec: { unschedulable: false },
            status: { capacity: { cpu: '1' }, phase: 'Running' },
        });
        const own = `${path}/e2e-fake-node`;
        await cluster().patch(own, 'strategic', { metadata: { labels: { patched: 'true' } } });
        const { items } = await cluster().list<Node>(`${path}?labelSelector=patched%3Dtrue`);
        expect(items.map(({ metadata }) => metadata.name)).toEqual(['e2e-fake-node']);
        const updated = await cluster().change<Node>(own, (node) => {
            node.metadata.labels!['updated'] = 'true';
        });
        expect(updated.metadata.labels).toMatchObject({ patched: 'true', updated: 'true' });
        const condition = { type: 'TestCondition', status: 'True', reason: 'Tested', message: 'by a test' };
        const status = await cluster().patch<Node>(`${own}/status`, 'strategic', {
            status: { capacity: { 'example.com/fake': '5' }, conditions: [condition] },
        });
        expect(status.status?.capacity).toMatchObject({ 'example.com/fake': '5' });
        // Conditions are merged by their type.
        const second = { ...condition, type: 'OtherCondition' };
        const both = await cluster().patch<Node>(`${own}/status`, 'strategic', {
            status: { conditions: [second] },
        });
        const types = both.status?.conditions?.map(({ type }) => type) ?? [];
        expect(types).toEqual(expect.arrayContaining(['TestCondition', 'OtherCondition']));
        await cluster().delete(own);
        expect(await cluster().find(own)).toBeUndefined();
    });
}
