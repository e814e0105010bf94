import { expect, it } from '@jest/globals';
import type { V1ReplicaSet, V1ReplicationController } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live, type Pod, podSpec } from '../support/objects.ts';
import {
    expectScale,
    pathIn,
    podsWith,
    readyReplicas,
    runningPods,
    selecting,
} from '../support/workloads.ts';

type Set = Live<V1ReplicaSet>;
type Controller = Live<V1ReplicationController>;

const controllerSpec = (app: string, replicas: number) => ({
    replicas,
    selector: { app },
    template: selecting(app).template,
});

/** ReplicaSets and ReplicationControllers. */
export function replicaCases(cluster: () => Cluster): void {
    it('a ReplicaSet is scaled, patched and updated', async () => {
        const namespace = await cluster().namespace('replicaset');
        const path = `${pathIn(namespace, 'apps/v1', 'replicasets')}/test-rs`;
        await cluster().create(pathIn(namespace, 'apps/v1', 'replicasets'), {
            metadata: { name: 'test-rs' },
            spec: { replicas: 1, ...selecting('test-rs') },
        });
        await runningPods(cluster(), namespace, { app: 'test-rs', count: 1 });
        await readyReplicas(cluster(), path, 1);
        await expectScale(cluster(), path);
        const image = 'registry.example/httpd:2';
        const patched = await cluster().patch<Set>(path, 'strategic', {
            metadata: { labels: { 'test-rs': 'patched' } },
            spec: { replicas: 3, template: { spec: { containers: [{ name: 'main', image }] } } },
        });
        expect(patched).toMatchObject({
            metadata: { labels: { 'test-rs': 'patched' } },
            spec: { replicas: 3, template: { spec: { containers: [{ image }] } } },
        });
        await readyReplicas(cluster(), path, 3);
    });

    it('ReplicaSets go as a collection', async () => {
        const namespace = await cluster().namespace('replicaset');
        const path = pathIn(namespace, 'apps/v1', 'replicasets');
        await cluster().create(path, {
            metadata: { name: 'e2e', labels: { e2e: 'collection' } },
            spec: { replicas: 3, ...selecting('e2e') },
        });
        await runningPods(cluster(), namespace, { app: 'e2e', count: 3 });
        const selector = 'labelSelector=e2e%3Dcollection';
        expect((await cluster().list(`${path}?${selector}`)).items).toHaveLength(1);
        await cluster().must('DELETE', `${path}?${selector}`);
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
        await eventually(
            'pods go too',
            async () => (await podsWith(cluster(), namespace, 'e2e')).length === 0,
        );
    });

    it.each([
        { apiVersion: 'apps/v1', plural: 'replicasets', kind: 'ReplicaSet' },
        { apiVersion: 'v1', plural: 'replicationcontrollers', kind: 'ReplicationController' },
    ])(
        'a $kind adopts pods that match and releases those that do not any more',
        async ({ apiVersion, plural, kind }) => {
            const namespace = await cluster().namespace('adoption');
            const pods = pathIn(namespace, 'v1', 'pods');
            const orphan = await cluster().create<Pod>(pods, {
                metadata: { name: 'pod-adoption', labels: { app: 'adoption' } },
                spec: podSpec(),
            });
            const spec =
                kind === 'ReplicaSet'
                    ? { replicas: 1, ...selecting('adoption') }
                    : controllerSpec('adoption', 1);
            await cluster().create(pathIn(namespace, apiVersion, plural), {
                metadata: { name: 'adopter' },
                spec,
            });
            const ownersOf = async (): Promise<string[]> =>
                ((await cluster().get(`${pods}/pod-adoption`)).metadata.ownerReferences ?? []).map(
                    (owner) => `${owner.kind}/${owner.name}`,
                );
            await eventually(
                'the pod is adopted',
                async () => (await ownersOf()).join() === `${kind}/adopter`,
            );
            await cluster().patch(`${pods}/pod-adoption`, 'merge', {
                metadata: { labels: { app: 'released' } },
            });
            await eventually('the pod is released', async () => (await ownersOf()).length === 0);
            const others = await runningPods(cluster(), namespace, { app: 'adoption', count: 1 });
            expect(others[0]?.metadata.uid).not.toBe(orphan.metadata.uid);
        },
    );

    it('a ReplicationController is created, patched, given a status, scaled and deleted, as a watch shows', async () => {
        const namespace = await cluster().namespace('rc');
        const list = pathIn(namespace, 'v1', 'replicationcontrollers');
        const path = `${list}/rc-test`;
        const selector = 'labelSelector=test-rc-static%3Dtrue';
        const watch = await cluster().watch<Controller>(`${list}?${selector}`);
        await cluster().create(list, {
            metadata: { name: 'rc-test', labels: { 'test-rc-static': 'true' } },
            spec: controllerSpec('rc-test', 1),
        });
        expect((await watch.next()).type).toBe('ADDED');
        await watch.until(({ object }) => object.status?.readyReplicas === 1);
        await cluster().patch(path, 'strategic', { metadata: { labels: { 'test-rc': 'patched' } } });
        await watch.until(({ object }) => object.metadata.labels?.['test-rc'] === 'patched');
        const status = await cluster().patch<Controller>(`${path}/status`, 'merge', {
            status: { readyReplicas: 0, availableReplicas: 0 },
        });
        expect(status.status?.readyReplicas ?? 0).toBe(0);
        await watch.until(({ object }) => (object.status?.readyReplicas ?? 0) === 0);
        await watch.until(({ object }) => object.status?.readyReplicas === 1);
        expect(await cluster().get(`${path}/status`)).toMatchObject({ kind: 'ReplicationController' });
        await cluster().patch(`${path}/scale`, 'merge', { spec: { replicas: 2 } });
        await watch.until(({ object }) => object.status?.readyReplicas === 2);
        await cluster().change<Controller>(path, ({ spec }) => {
            spec!.replicas = 1;
        });
        await watch.until(({ object }) => object.status?.readyReplicas === 1);
        const all = await cluster().list(`/api/v1/replicationcontrollers?${selector}`);
        expect(all.items).toHaveLength(1);
        await cluster().must('DELETE', `${list}?${selector}`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it.each([
        { apiVersion: 'apps/v1', plural: 'replicasets' },
        { apiVersion: 'v1', plural: 'replicationcontrollers' },
    ])(
        '$plural say that a quota keeps them from making pods, and that it does not any more',
        async ({ apiVersion, plural }) => {
            const namespace = await cluster().namespace('quota');
            await cluster().create(pathIn(namespace, 'v1', 'resourcequotas'), {
                metadata: { name: 'condition-test' },
                spec: { hard: { pods: '2' } },
            });
            await eventually('the quota is counted', async () => {
                const quota = await cluster().get<Live<{ status?: { hard?: object } }>>(
                    `${pathIn(namespace, 'v1', 'resourcequotas')}/condition-test`,
                );
                return quota.status?.hard !== undefined;
            });
            const path = `${pathIn(namespace, apiVersion, plural)}/condition-test`;
            const spec =
                plural === 'replicasets'
                    ? { replicas: 3, ...selecting('condition') }
                    : controllerSpec('condition', 3);
            await cluster().create(pathIn(namespace, apiVersion, plural), {
                metadata: { name: 'condition-test' },
                spec,
            });
            const failure = async () =>
                conditionOf((await cluster().get<Set>(path)).status?.conditions, 'ReplicaFailure');
            const said = await eventually('it says so', failure);
            expect(said).toMatchObject({ status: 'True', reason: 'FailedCreate' });
            expect(said.message).toContain('exceeded quota');
            await cluster().patch(`${path}/scale`, 'merge', { spec: { replicas: 2 } });
            await eventually('it does not say so any more', async () => (await failure()) === undefined);
        },
    );
}
