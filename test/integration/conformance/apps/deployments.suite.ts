import { expect, it } from '@jest/globals';
import type { V1Deployment, V1ReplicaSet } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import type { Live } from '../support/objects.ts';
import {
    expectScale,
    expectStatusOperations,
    pathIn,
    readyReplicas,
    runningPods,
    selecting,
} from '../support/workloads.ts';

type Deployment = Live<V1Deployment>;

/** Deployments through their life. */
export function deploymentCases(cluster: () => Cluster): void {
    const start = async (replicas: number): Promise<{ namespace: string; list: string; path: string }> => {
        const namespace = await cluster().namespace('deployment');
        const list = pathIn(namespace, 'apps/v1', 'deployments');
        await cluster().create(list, {
            metadata: { name: 'test', labels: { 'test-deployment-static': 'true' } },
            spec: { replicas, ...selecting('test') },
        });
        return { namespace, list, path: `${list}/test` };
    };

    it('a Deployment is created, patched, scaled, given a status and deleted, as a watch shows', async () => {
        const { namespace, list, path } = await start(2);
        const selector = 'labelSelector=test-deployment-static%3Dtrue';
        const watch = await cluster().watch<Deployment>(`${list}?${selector}`);
        const created = await watch.next();
        expect(created).toMatchObject({ type: 'ADDED', object: { spec: { replicas: 2 } } });
        await watch.until(({ object }) => object.status?.readyReplicas === 2);

        await cluster().patch(path, 'strategic', {
            metadata: { labels: { 'test-deployment': 'patched' } },
            spec: {
                replicas: 1,
                template: { spec: { containers: [{ name: 'main', image: 'registry.example/other:1' }] } },
            },
        });
        await watch.until(({ object }) => object.metadata.labels?.['test-deployment'] === 'patched');
        await watch.until(({ object: { status, metadata } }) => {
            const isSeen = status?.observedGeneration === metadata.generation;
            return (
                isSeen && status?.readyReplicas === 1 && status.updatedReplicas === 1 && status.replicas === 1
            );
        });
        const all = await cluster().list<Deployment>(`/apis/apps/v1/deployments?${selector}`);
        expect(all.items.map(({ metadata }) => metadata.namespace)).toContain(namespace);

        await cluster().change<Deployment>(path, ({ metadata, spec }) => {
            metadata.labels!['test-deployment'] = 'updated';
            spec!.replicas = 2;
            spec!.template.metadata!.annotations = { rolled: 'out' };
        });
        await watch.until(
            ({ object }) => object.status?.readyReplicas === 2 && object.status.updatedReplicas === 2,
        );

        const status = await cluster().patch<Deployment>(`${path}/status`, 'merge', {
            status: { readyReplicas: 0, availableReplicas: 0 },
        });
        expect(status.status?.readyReplicas ?? 0).toBe(0);
        await watch.until(({ object }) => (object.status?.readyReplicas ?? 0) === 0);
        await watch.until(({ object }) => object.status?.readyReplicas === 2);

        await cluster().must('DELETE', `${list}?${selector}`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        await eventually('its sets and pods have gone too', async () => {
            const lists = [pathIn(namespace, 'apps/v1', 'replicasets'), pathIn(namespace, 'v1', 'pods')];
            const counts = await Promise.all(
                lists.map(async (each) => (await cluster().list(each)).items.length),
            );
            return counts.every((count) => count === 0);
        });
    });

    it('its status is read, updated and patched', async () => {
        const { path } = await start(1);
        await readyReplicas(cluster(), path, 1);
        await expectStatusOperations(cluster(), path);
    });

    it('its scale is read, updated and patched', async () => {
        const { namespace, path } = await start(1);
        await runningPods(cluster(), namespace, { app: 'test', count: 1 });
        await readyReplicas(cluster(), path, 1);
        await expectScale(cluster(), path);
    });

    it('it adopts a ReplicaSet that matches, and takes its template over', async () => {
        const namespace = await cluster().namespace('deployment');
        const sets = pathIn(namespace, 'apps/v1', 'replicasets');
        await cluster().create(sets, {
            metadata: {
                name: 'existing',
                labels: { app: 'adopted' },
                annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
            },
            spec: { replicas: 1, ...selecting('adopted', 'registry.example/old:1') },
        });
        await runningPods(cluster(), namespace, { app: 'adopted', count: 1 });
        const path = pathIn(namespace, 'apps/v1', 'deployments');
        await cluster().create(path, {
            metadata: { name: 'adopting' },
            spec: { replicas: 1, ...selecting('adopted', 'registry.example/new:1') },
        });
        const found = await eventually('the old set is empty, the new one is not', async () => {
            const { items } = await cluster().list<Live<V1ReplicaSet>>(sets);
            const old = items.find(({ metadata }) => metadata.name === 'existing');
            const next = items.find(({ metadata }) => metadata.name !== 'existing');
            return old?.status?.replicas === 0 && next?.status?.readyReplicas === 1 && { old, next };
        });
        expect(found.old.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'adopting' }]);
        const deployment = await cluster().get(`${path}/adopting`);
        expect(deployment.metadata.annotations).toMatchObject({
            'deployment.kubernetes.io/revision': '3546343826724305833',
        });
    });
}
