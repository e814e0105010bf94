import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stored, V1DaemonSet, V1DaemonSetSpec, V1Pod, V1Taint } from '../../src/api/meta/object.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import type { Informer } from '../../src/client/informer.ts';
import { controllerRevisions, daemonSets, events, nodes, pods } from '../../src/client/resource-type.ts';
import { ControllerManager } from '../../src/components/controller-manager/controller-manager.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const run = promisify(execFile);
const namespace = 'default';
const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');

let api: TestApiServer;
let manager: ControllerManager;
let informers: InformerFactory;
let node: InformerFactory;
let podInformer: Informer<V1Pod>;

/** What scheduler and kubelet would do: pods are bound to their node, become ready, and go when deleted. */
function playNodes(): void {
    const client = api.admin.resource(pods);
    const settle = async (pod: Stored<V1Pod>): Promise<void> => {
        const { name } = pod.metadata;
        if (pod.metadata.deletionTimestamp !== undefined) {
            await client.delete({ namespace, name }, { gracePeriodSeconds: 0 });
            return;
        }
        if (!pod.spec?.nodeName) {
            const [target] =
                pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
                    ?.nodeSelectorTerms[0]?.matchFields?.[0]?.values ?? [];
            await client.createSubresource({ namespace, name }, 'binding', {
                metadata: { name },
                target: { apiVersion: 'v1', kind: 'Node', name: target },
            });
            return;
        }
        if (pod.status?.phase === 'Running' || pod.status?.phase === 'Failed') return;
        const now = new Date().toISOString().replace(/\.\d+/, '');
        await client.updateStatus({
            ...pod,
            status: {
                ...pod.status,
                phase: 'Running',
                conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
            },
        });
    };
    const handle = (pod: Stored<V1Pod>): void => {
        // The pod has changed or gone meanwhile: its next event comes.
        settle(pod).catch(() => undefined);
    };
    podInformer.addHandler({ added: handle, updated: handle });
}

const addNode = async (name: string, labels: Record<string, string>, taints: V1Taint[] = []) =>
    await api.admin.resource(nodes).create({ metadata: { name, labels }, spec: { taints } });

beforeAll(async () => {
    api = await startApiServer({ logger });
    await addNode('n1', { disk: 'ssd' });
    await addNode('n2', { disk: 'ssd' });
    await addNode('n3', { disk: 'hdd' }, [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }]);
    informers = new InformerFactory(api.admin, silentLogger());
    node = new InformerFactory(api.admin, silentLogger());
    podInformer = node.informer(pods);
    node.start();
    await node.waitForSync();
    playNodes();
    manager = new ControllerManager({
        clientFor: (name) => api.serviceAccount(name),
        informers,
        logger,
        enabled: ['daemonset-controller'],
        options: {},
    });
    await manager.start();
});
afterAll(async () => {
    await manager.stop();
    await informers.stop();
    await node.stop();
    await api.stop();
});

async function create(
    name: string,
    spec: Partial<V1DaemonSetSpec> = {},
    podSpec: object = {},
): Promise<void> {
    await api.admin.resource(daemonSets).create({
        metadata: { name, namespace },
        spec: {
            ...spec,
            selector: { matchLabels: { app: name } },
            template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'c', image: 'agent:1' }], ...podSpec },
            },
        },
    });
}
const get = async (name: string): Promise<Stored<V1DaemonSet>> =>
    await api.admin.resource(daemonSets).get({ namespace, name });
const podsOf = (app: string): Stored<V1Pod>[] =>
    podInformer.lister
        .list(namespace)
        .filter(
            (pod) => pod.metadata.labels?.['app'] === app && pod.metadata.deletionTimestamp === undefined,
        );
const nodesOf = (app: string): string =>
    podsOf(app)
        .map(({ spec }) => spec?.nodeName ?? '?')
        .sort()
        .join();
const kubectl = async (...args: string[]): Promise<string> =>
    (await run(process.env['KUBECTL'] ?? 'kubectl', ['--kubeconfig', api.kubeconfig, ...args])).stdout;

describe('DaemonSets', () => {
    it('run one pod on each node that tolerates and matches, and none elsewhere', async () => {
        await create('plain');
        await create('tolerant', {}, { tolerations: [{ operator: 'Exists' }] });
        await create(
            'selective',
            {},
            { nodeSelector: { disk: 'hdd' }, tolerations: [{ operator: 'Exists' }] },
        );
        await eventually('plain runs', () => nodesOf('plain') === 'n1,n2');
        await eventually('tolerant runs', () => nodesOf('tolerant') === 'n1,n2,n3');
        await eventually('selective runs', () => nodesOf('selective') === 'n3');
        const { status } = await eventually('the status has settled', async () => {
            const set = await get('plain');
            return set.status?.numberAvailable === 2 && set;
        });
        expect(status).toEqual({
            currentNumberScheduled: 2,
            desiredNumberScheduled: 2,
            numberAvailable: 2,
            numberMisscheduled: 0,
            numberReady: 2,
            observedGeneration: 1,
            updatedNumberScheduled: 2,
        });
        const [pod] = podsOf('plain');
        expect(pod?.metadata.labels?.['controller-revision-hash']).toMatch(/^\w+$/);
        expect(pod?.spec?.tolerations?.map(({ key, effect }) => `${key ?? ''}:${effect ?? ''}`)).toEqual([
            'node.kubernetes.io/not-ready:NoExecute',
            'node.kubernetes.io/unreachable:NoExecute',
            'node.kubernetes.io/disk-pressure:NoSchedule',
            'node.kubernetes.io/memory-pressure:NoSchedule',
            'node.kubernetes.io/pid-pressure:NoSchedule',
            'node.kubernetes.io/unschedulable:NoSchedule',
        ]);
    });

    it('follow nodes that come, are labelled and are tainted', async () => {
        await addNode('n4', { disk: 'ssd' });
        await eventually('the new node has its pod', () => nodesOf('plain') === 'n1,n2,n4');
        await kubectl('label', 'node', 'n4', 'disk=hdd', '--overwrite');
        await eventually('the label counts', () => nodesOf('selective') === 'n3,n4');
        await kubectl('taint', 'node', 'n4', 'maintenance=now:NoExecute');
        await eventually('the taint drives the pod out', () => nodesOf('plain') === 'n1,n2');
        await kubectl('delete', 'node', 'n4');
        await eventually('the status forgets the node', async () => {
            const { status } = await get('tolerant');
            return status?.desiredNumberScheduled === 3;
        });
    });

    it('roll one node after the other, and roll back to a revision', async () => {
        let least = Number.POSITIVE_INFINITY;
        const remove = podInformer.addHandler({
            updated: () => {
                const ready = podsOf('plain').filter((pod) => pod.status?.phase === 'Running');
                least = Math.min(least, ready.length);
            },
        });
        await kubectl('set', 'image', 'ds/plain', 'c=agent:2');
        expect(await kubectl('rollout', 'status', 'ds/plain', '--timeout=20s')).toContain(
            'successfully rolled out',
        );
        remove();
        expect(least).toBeGreaterThanOrEqual(1);
        const images = (): string =>
            podsOf('plain')
                .map(({ spec }) => spec?.containers[0]?.image)
                .join();
        expect(images()).toBe('agent:2,agent:2');
        expect(await kubectl('rollout', 'history', 'ds/plain')).toMatch(/1\s+<none>\s+2\s+<none>/);
        await kubectl('rollout', 'undo', 'ds/plain');
        await kubectl('rollout', 'status', 'ds/plain', '--timeout=20s');
        await eventually('the old image is back', () => images() === 'agent:1,agent:1');
        expect(await kubectl('rollout', 'history', 'ds/plain')).toMatch(/2\s+<none>\s+3\s+<none>/);
        const { items } = await api.admin
            .resource(controllerRevisions)
            .list({ namespace, labelSelector: 'app=plain' });
        expect(items).toHaveLength(2);
    });

    it('with surge start the new pod before the old one goes', async () => {
        await create('surging', {
            updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        });
        await eventually('it runs', async () => (await get('surging')).status?.numberAvailable === 2);
        let least = Number.POSITIVE_INFINITY;
        const remove = podInformer.addHandler({
            updated: () => {
                const ready = podsOf('surging').filter((pod) => pod.status?.phase === 'Running');
                least = Math.min(least, new Set(ready.map(({ spec }) => spec?.nodeName)).size);
            },
        });
        await kubectl('set', 'image', 'ds/surging', 'c=agent:2');
        await kubectl('rollout', 'status', 'ds/surging', '--timeout=20s');
        await eventually('only new pods are left', () => podsOf('surging').length === 2);
        remove();
        expect(least).toBe(2);
    });

    it('with OnDelete replace a pod only when somebody deletes it', async () => {
        await create('manual', { updateStrategy: { type: 'OnDelete' } });
        await eventually('it runs', () => nodesOf('manual') === 'n1,n2');
        await kubectl('set', 'image', 'ds/manual', 'c=agent:2');
        await eventually(
            'the change is seen',
            async () => (await get('manual')).status?.observedGeneration === 2,
        );
        const [first] = podsOf('manual');
        expect(podsOf('manual').every(({ spec }) => spec?.containers[0]?.image === 'agent:1')).toBe(true);
        await api.admin.resource(pods).delete({ namespace, name: first!.metadata.name });
        await eventually('one is new', () =>
            podsOf('manual').some(({ spec }) => spec?.containers[0]?.image === 'agent:2' && spec.nodeName),
        );
    });

    it('replace a failed pod, and say so', async () => {
        const [pod] = podsOf('manual');
        await api.admin.resource(pods).updateStatus({
            ...pod!,
            metadata: { ...pod!.metadata, resourceVersion: undefined },
            status: { ...pod!.status, phase: 'Failed' },
        });
        await eventually('another pod runs instead', () => {
            const names = podsOf('manual').map(({ metadata }) => metadata.name);
            return names.length === 2 && !names.includes(pod!.metadata.name);
        });
        const fieldSelector = 'involvedObject.name=manual,reason=FailedDaemonPod';
        await eventually('the event is there', async () => {
            const { items } = await api.admin.resource(events).list({ namespace, fieldSelector });
            return items[0]?.message?.startsWith(
                `Found failed daemon pod default/${pod!.metadata.name} on node n`,
            );
        });
    });
});
