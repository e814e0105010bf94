import { beforeEach, expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';

interface Scaled extends Thing {
    spec: { replicas: number };
    status: { replicas: number; observedGeneration?: number };
}

const nginx = [{ name: 'nginx', image: 'nginx' }];

/** What goes with its owners and what stays, as the suite's garbage_collector.go asks for it. */
export function garbageCollector(cluster: Cluster): void {
    let core: string;
    let apps: string;
    beforeEach(async () => {
        const namespace = await cluster.namespaceForPods('gc');
        core = `/api/v1/namespaces/${namespace}`;
        apps = `/apis/apps/v1/namespaces/${namespace}`;
    });

    const podsNow = async (): Promise<Thing[]> => (await cluster.list(`${core}/pods`)).items;
    const createController = async (name: string, replicas: number): Promise<Thing> => {
        const labels = { gctest: name };
        return await cluster.create(`${core}/replicationcontrollers`, {
            metadata: { name },
            spec: {
                replicas,
                selector: labels,
                template: {
                    metadata: { labels },
                    spec: { terminationGracePeriodSeconds: 0, containers: nginx },
                },
            },
        });
    };
    const hasReplicas = async (path: string, replicas: number): Promise<void> => {
        await eventually(`${path} has ${replicas} replicas`, async () => {
            return (await cluster.get<Scaled>(path)).status.replicas === replicas;
        });
    };
    const remove = async (path: string, { metadata }: Thing, propagationPolicy: string): Promise<void> => {
        await cluster.delete(path, { propagationPolicy, preconditions: { uid: metadata.uid } });
    };
    const createDeployment = async (): Promise<{ deployment: Thing; replicaSet: string }> => {
        const labels = { gctest: 'deployment' };
        const deployment = await cluster.create(`${apps}/deployments`, {
            metadata: { name: 'simpletest.deployment' },
            spec: {
                replicas: 2,
                selector: { matchLabels: labels },
                strategy: { type: 'RollingUpdate' },
                template: {
                    metadata: { labels },
                    spec: { terminationGracePeriodSeconds: 0, containers: nginx },
                },
            },
        });
        const name = await eventually('there is a replica set', async () => {
            return (await cluster.list(`${apps}/replicasets`)).items[0]?.metadata.name;
        });
        return { deployment, replicaSet: `${apps}/replicasets/${name}` };
    };

    it('deletes the pods of a replication controller that is deleted in the background', async () => {
        const controller = await createController('simpletest.rc', 2);
        const path = `${core}/replicationcontrollers/simpletest.rc`;
        await eventually('there is a pod', async () => (await podsNow()).length > 0);
        await remove(path, controller, 'Background');
        expect(await cluster.find(path)).toBeUndefined();
        await eventually('the pods are gone', async () => (await podsNow()).length === 0);
    });

    it('leaves the pods of a replication controller that is to orphan them', async () => {
        const controller = await createController('simpletest.rc', 5);
        const path = `${core}/replicationcontrollers/simpletest.rc`;
        await hasReplicas(path, 5);
        await remove(path, controller, 'Orphan');
        await eventually('it is gone', async () => (await cluster.find(path)) === undefined);
        const left = await podsNow();
        expect(left).toHaveLength(5);
        expect(left.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
    });

    it('deletes the replica sets and pods of a Deployment that is deleted in the background', async () => {
        const { deployment } = await createDeployment();
        await remove(`${apps}/deployments/simpletest.deployment`, deployment, 'Background');
        await eventually('all is gone', async () => {
            const sets = (await cluster.list(`${apps}/replicasets`)).items;
            return sets.length === 0 && (await podsNow()).length === 0;
        });
    });

    it('leaves the replica set of a Deployment that is to orphan it, with its pods', async () => {
        const { deployment, replicaSet } = await createDeployment();
        await hasReplicas(replicaSet, 2);
        const path = `${apps}/deployments/simpletest.deployment`;
        await remove(path, deployment, 'Orphan');
        await eventually('it is gone', async () => (await cluster.find(path)) === undefined);
        const left = await cluster.get(replicaSet);
        expect(left.metadata.ownerReferences ?? []).toEqual([]);
        const owners = (await podsNow()).map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
        expect(owners).toEqual([left.metadata.uid, left.metadata.uid]);
    });

    it('keeps a replication controller until its pods are gone when it is deleted in the foreground', async () => {
        const controller = await createController('simpletest.rc', 10);
        const path = `${core}/replicationcontrollers/simpletest.rc`;
        await hasReplicas(path, 10);
        const watch = await cluster.watch(
            `${core}/replicationcontrollers?resourceVersion=${controller.metadata.resourceVersion}`,
        );
        await remove(path, controller, 'Foreground');
        const marked = await watch.until(({ object }) => object.metadata.deletionTimestamp !== undefined);
        expect(marked.type).toBe('MODIFIED');
        expect(marked.object.metadata.finalizers).toEqual(['foregroundDeletion']);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect(await podsNow()).toEqual([]);
    });

    it('spares pods that have another owner than the one that waits for them', async () => {
        const deleted = await createController('simpletest-rc-to-be-deleted', 10);
        const staying = await createController('simpletest-rc-to-stay', 0);
        const path = `${core}/replicationcontrollers/simpletest-rc-to-be-deleted`;
        await hasReplicas(path, 10);
        const { name, uid } = staying.metadata;
        const owner = { apiVersion: 'v1', kind: 'ReplicationController', name, uid };
        const shared = (await podsNow()).slice(0, 5).map(({ metadata }) => metadata.name);
        for (const pod of shared) {
            await cluster.patch(`${core}/pods/${pod}`, 'strategic', {
                metadata: { ownerReferences: [owner] },
            });
        }
        await remove(path, deleted, 'Foreground');
        await eventually('the controller is gone', async () => (await cluster.find(path)) === undefined);
        const left = await podsNow();
        expect(left.map(({ metadata }) => metadata.name).sort()).toEqual([...shared].sort());
        for (const { metadata } of left) {
            expect(metadata.deletionTimestamp).toBeUndefined();
            expect(metadata.ownerReferences?.map((reference) => reference.uid)).toEqual([uid]);
        }
    });

    it('is not blocked by pods that own each other in a circle', async () => {
        const [one, two, three] = await Promise.all(
            ['pod1', 'pod2', 'pod3'].map(
                async (name) =>
                    await cluster.create(`${core}/pods`, {
                        metadata: { name },
                        spec: { terminationGracePeriodSeconds: 0, containers: nginx },
                    }),
            ),
        );
        const own = async (owner: Thing | undefined, pod: Thing | undefined): Promise<void> => {
            const { name, uid } = owner?.metadata ?? {};
            const reference = { apiVersion: 'v1', kind: 'Pod', name, uid };
            await cluster.patch(`${core}/pods/${pod?.metadata.name ?? ''}`, 'strategic', {
                metadata: {
                    ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }],
                },
            });
        };
        await own(three, one);
        await own(one, two);
        await own(two, three);
        const { uid } = one?.metadata ?? {};
        await cluster.delete(`${core}/pods/pod1`, {
            propagationPolicy: 'Foreground',
            preconditions: { uid },
        });
        await eventually('all three are gone', async () => (await podsNow()).length === 0);
    });
}
