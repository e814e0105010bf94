import { expect, it } from '@jest/globals';
import type { V1ControllerRevision, V1DaemonSet, V1StatefulSet } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import type { Live } from '../support/objects.ts';
import {
    expectStatusOperations,
    pathIn,
    podsWith,
    readyReplicas,
    runningPods,
    selecting,
} from '../support/workloads.ts';

type Revision = Live<V1ControllerRevision>;

/** StatefulSets, DaemonSets and their revisions. */
export function setCases(cluster: () => Cluster): void {
    const startStateful = async (
        replicas: number,
    ): Promise<{ namespace: string; list: string; path: string }> => {
        const namespace = await cluster().namespace('statefulset');
        const list = pathIn(namespace, 'apps/v1', 'statefulsets');
        await cluster().create(list, {
            metadata: { name: 'ss', labels: { e2e: 'testing' } },
            spec: { replicas, serviceName: 'test', ...selecting('ss') },
        });
        return { namespace, list, path: `${list}/ss` };
    };
    const startDaemons = async (): Promise<{ namespace: string; path: string }> => {
        const namespace = await cluster().namespace('daemonset');
        const list = pathIn(namespace, 'apps/v1', 'daemonsets');
        await cluster().create(list, {
            metadata: { name: 'daemon-set', labels: { 'daemonset-name': 'daemon-set' } },
            spec: selecting('daemon-set'),
        });
        await runningPods(cluster(), namespace, { app: 'daemon-set', count: 1 });
        return { namespace, path: `${list}/daemon-set` };
    };

    it('a StatefulSet has a scale', async () => {
        const { path } = await startStateful(1);
        await readyReplicas(cluster(), path, 1);
        const scale = await cluster().get<Live<{ spec: { replicas: number } }>>(`${path}/scale`);
        expect(scale.spec.replicas).toBe(1);
        const updated = await cluster().change<Live<{ spec: { replicas: number } }>>(
            `${path}/scale`,
            ({ spec }) => {
                spec.replicas = 2;
            },
        );
        expect(updated.spec.replicas).toBe(2);
        expect((await cluster().get<Live<V1StatefulSet>>(path)).spec?.replicas).toBe(2);
        await readyReplicas(cluster(), path, 2);
        await cluster().patch(`${path}/scale`, 'merge', { spec: { replicas: 4 } });
        await readyReplicas(cluster(), path, 4);
    });

    it('StatefulSets are listed, patched and go as a collection', async () => {
        const { namespace, list, path } = await startStateful(1);
        await readyReplicas(cluster(), path, 1);
        const all = await cluster().list(`/apis/apps/v1/statefulsets?labelSelector=e2e%3Dtesting`);
        expect(all.items.map(({ metadata }) => metadata.namespace)).toContain(namespace);
        const patched = await cluster().patch<Live<V1StatefulSet>>(path, 'strategic', {
            metadata: { labels: { ss: 'patched' } },
            spec: {
                replicas: 2,
                template: {
                    spec: {
                        terminationGracePeriodSeconds: 0,
                        containers: [{ name: 'main', image: 'registry.example/ss:2' }],
                    },
                },
            },
        });
        expect(patched).toMatchObject({ metadata: { labels: { ss: 'patched' } }, spec: { replicas: 2 } });
        await eventually('the patch is rolled out', async () => {
            const { status } = await cluster().get<Live<V1StatefulSet>>(path);
            return status?.readyReplicas === 2 && status.currentRevision === status.updateRevision;
        });
        await cluster().must('DELETE', `${list}?labelSelector=ss%3Dpatched`);
        await eventually('all has gone', async () => {
            const { items } = await cluster().list(list);
            return items.length === 0 && (await podsWith(cluster(), namespace, 'ss')).length === 0;
        });
    });

    it('the status of a StatefulSet is read, updated and patched', async () => {
        const { path } = await startStateful(1);
        await readyReplicas(cluster(), path, 1);
        await expectStatusOperations(cluster(), path);
    });

    it('the status of a DaemonSet is read, updated and patched', async () => {
        const { path } = await startDaemons();
        await expectStatusOperations(cluster(), path);
    });

    it('a DaemonSet goes with its pods as part of a collection', async () => {
        const { namespace, path } = await startDaemons();
        const list = path.slice(0, path.lastIndexOf('/'));
        const selector = 'labelSelector=daemonset-name%3Ddaemon-set';
        const all = await cluster().list<Live<V1DaemonSet>>(`/apis/apps/v1/daemonsets?${selector}`);
        expect(all.items.map(({ metadata }) => metadata.namespace)).toContain(namespace);
        await cluster().must('DELETE', `${list}?${selector}`);
        await eventually(
            'its pods have gone',
            async () => (await podsWith(cluster(), namespace, 'daemon-set')).length === 0,
        );
    });

    it('the revisions of a DaemonSet are objects that can be patched, made, updated and deleted', async () => {
        const { namespace, path } = await startDaemons();
        const list = pathIn(namespace, 'apps/v1', 'controllerrevisions');
        const revisions = async (): Promise<Revision[]> =>
            (await cluster().list<Revision>(`${list}?labelSelector=app%3Ddaemon-set`)).items;
        const [initial] = await revisions();
        expect(await revisions()).toHaveLength(1);
        expect(initial).toMatchObject({
            revision: 1,
            metadata: { ownerReferences: [{ kind: 'DaemonSet' }] },
        });
        const own = `${list}/${initial!.metadata.name}`;
        const patched = await cluster().patch<Revision>(own, 'strategic', {
            metadata: { labels: { [initial!.metadata.name]: 'patched' } },
        });
        expect(patched.metadata.labels?.[initial!.metadata.name]).toBe('patched');

        const { ownerReferences, labels } = initial!.metadata;
        const name = 'daemon-set-second';
        await cluster().create(list, {
            metadata: { name, ownerReferences, labels: { ...labels, 'controller-revision-hash': 'second' } },
            data: initial!.data,
            revision: 2,
        });
        expect(await revisions()).toHaveLength(2);
        await cluster().delete(own);
        // The second has the same template, and stands in for it.
        expect((await revisions()).map(({ metadata }) => metadata.name)).toEqual([name]);
        const updated = await cluster().change<Revision>(`${list}/${name}`, (revision) => {
            revision.metadata.labels![name] = 'updated';
        });
        expect(updated.metadata.labels?.[name]).toBe('updated');

        await cluster().patch(path, 'strategic', {
            spec: { template: { spec: { terminationGracePeriodSeconds: 10 } } },
        });
        await eventually('the change is a revision of its own', async () =>
            (await revisions()).some(({ revision }) => revision === 3),
        );
        const data = { ...updated, data: { spec: { other: true } } };
        expect(await cluster().refused('PUT', `${list}/${name}`, { body: data })).toMatchObject({
            code: 422,
        });
        await cluster().must('DELETE', `${list}?labelSelector=${name}%3Dupdated`);
        await eventually('the updated one has gone', async () =>
            (await revisions()).every(({ metadata }) => metadata.name !== name),
        );
        const left = await revisions();
        expect(Math.max(...left.map(({ revision }) => revision))).toBe(3);
    });
}
