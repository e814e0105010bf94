import { expect, it } from '@jest/globals';
import { type Cluster, eventually, type Thing } from '../support/cluster.ts';

interface Condition {
    type: string;
    status: string;
    reason?: string;
    message?: string;
}

interface Namespace extends Thing {
    spec: { finalizers: string[] };
    status: { phase: string; conditions?: Condition[] };
}

const fakeFinalizer = 'e2e.example.com/fakeFinalizer';
const nginx = { containers: [{ name: 'nginx', image: 'registry.k8s.io/pause:3.10' }] };

/** Namespaces and how they go, as the suite's namespace.go asks for them. */
export function namespaces(cluster: Cluster): void {
    const pathOf = (name: string): string => `/api/v1/namespaces/${name}`;
    const gone = async (name: string): Promise<void> => {
        await eventually(`the namespace ${name} is gone`, async () => {
            return (await cluster.find(pathOf(name))) === undefined;
        });
    };
    /** No kubelet runs here: the test says that the pod does. */
    const createRunningPod = async (namespace: string, metadata: object): Promise<void> => {
        const pod = await cluster.create(`${pathOf(namespace)}/pods`, { metadata, spec: nginx });
        const path = `${pathOf(namespace)}/pods/${pod.metadata.name}/status`;
        await cluster.patch(path, 'merge', { status: { phase: 'Running' } });
    };
    const recreated = async (name: string): Promise<void> => {
        await cluster.create('/api/v1/namespaces', { metadata: { name } });
    };

    it('take their pods with them', async () => {
        const name = await cluster.namespaceForPods('nsdeletetest');
        await createRunningPod(name, { name: 'test-pod' });
        await cluster.delete(pathOf(name));
        await gone(name);
        await recreated(name);
        expect(await cluster.find(`${pathOf(name)}/pods/test-pod`)).toBeUndefined();
    });

    it('take their Services with them', async () => {
        const name = await cluster.namespaceForPods('nsdeletetest');
        await cluster.create(`${pathOf(name)}/services`, {
            metadata: { name: 'test-service' },
            spec: { selector: { foo: 'bar', baz: 'blah' }, ports: [{ port: 80, targetPort: 80 }] },
        });
        await cluster.delete(pathOf(name));
        await gone(name);
        await recreated(name);
        expect(await cluster.find(`${pathOf(name)}/services/test-service`)).toBeUndefined();
    });

    it('delete their pods before anything else', async () => {
        const name = await cluster.namespaceForPods('nsdeletetest');
        await createRunningPod(name, { name: 'test-pod', finalizers: ['e2e.example.com/finalizer'] });
        const map = { metadata: { name: 'test-configmap' }, data: { key: 'value' } };
        await cluster.create(`${pathOf(name)}/configmaps`, map);
        await cluster.delete(pathOf(name));
        const conditions = await eventually('the controller says what it meets', async () => {
            const { status } = await cluster.get<Namespace>(pathOf(name));
            const has = status.conditions?.some(({ type }) => type === 'NamespaceDeletionContentFailure');
            return status.phase === 'Terminating' && has === true && status.conditions;
        });
        expect(conditions.map(({ type }) => type).sort()).toEqual([
            'NamespaceContentRemaining',
            'NamespaceDeletionContentFailure',
            'NamespaceDeletionDiscoveryFailure',
            'NamespaceDeletionGroupVersionParsingFailure',
            'NamespaceFinalizersRemaining',
        ]);
        const pod = `${pathOf(name)}/pods/test-pod`;
        await eventually('the pod is being deleted', async () => {
            const { metadata } = await cluster.get(`${pathOf(name)}/configmaps/test-configmap`);
            expect(metadata.deletionTimestamp).toBeUndefined();
            return (await cluster.get(pod)).metadata.deletionTimestamp !== undefined;
        });
        await cluster.change(pod, ({ metadata }) => {
            metadata.finalizers = [];
        });
        await eventually('the pod is gone', async () => (await cluster.find(pod)) === undefined);
        await gone(name);
    });

    it('are patched', async () => {
        const name = await cluster.namespace('nspatchtest');
        const before = await cluster.get(pathOf(name));
        const labels = { testLabel: 'testValue' };
        const patched = await cluster.patch(pathOf(name), 'strategic', { metadata: { labels } });
        expect(Number(patched.metadata.resourceVersion)).toBeGreaterThan(
            Number(before.metadata.resourceVersion),
        );
        expect((await cluster.get(pathOf(name))).metadata.labels).toMatchObject(labels);
    });

    it('are updated', async () => {
        const name = await cluster.namespace('namespaces');
        const updated = await cluster.change(pathOf(name), ({ metadata }) => {
            metadata.labels = { ...metadata.labels, [name]: 'updated' };
        });
        expect(updated.metadata.labels).toMatchObject({
            [name]: 'updated',
            'kubernetes.io/metadata.name': name,
        });
    });

    it('have a status that is read, patched and updated', async () => {
        const name = await cluster.namespace('namespaces');
        const status = `${pathOf(name)}/status`;
        expect((await cluster.get<Namespace>(status)).status.phase).toBe('Active');
        const condition = {
            type: 'StatusPatch',
            status: 'True',
            reason: 'E2E',
            message: 'Patched by an e2e test',
        };
        const annotations = { 'e2e-patched-ns-status': name };
        const patched = await cluster.patch<Namespace>(status, 'merge', {
            metadata: { annotations },
            status: { conditions: [condition] },
        });
        expect(patched.metadata.annotations).toMatchObject(annotations);
        expect(patched.status.conditions?.at(-1)).toMatchObject(condition);
        const another = { ...condition, type: 'StatusUpdate', message: 'Updated by an e2e test' };
        const updated = await cluster.change<Namespace>(status, ({ status: now }) => {
            now.conditions = [...(now.conditions ?? []), another];
        });
        expect(updated.status.conditions).toHaveLength(2);
        expect(updated.status.conditions?.at(-1)).toMatchObject(another);
    });

    it('are given a finalizer, and lose it', async () => {
        const name = await cluster.namespace('e2e-ns');
        const finalize = `${pathOf(name)}/finalize`;
        const added = await cluster.change<Namespace>(
            pathOf(name),
            ({ spec }) => {
                spec.finalizers.push(fakeFinalizer);
            },
            finalize,
        );
        expect(added.spec.finalizers).toEqual(['kubernetes', fakeFinalizer]);
        const removed = await cluster.change<Namespace>(
            pathOf(name),
            ({ spec }) => {
                spec.finalizers = spec.finalizers.filter((one) => one !== fakeFinalizer);
            },
            finalize,
        );
        expect(removed.spec.finalizers).toEqual(['kubernetes']);
    });
}
