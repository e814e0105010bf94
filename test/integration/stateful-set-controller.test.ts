import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stored, V1Pod, V1StatefulSet, V1StatefulSetSpec } from '../../src/api/meta/object.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import type { Informer } from '../../src/client/informer.ts';
import { events, persistentVolumeClaims, pods, statefulSets } from '../../src/client/resource-type.ts';
import { ControllerManager } from '../../src/components/controller-manager/controller-manager.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const run = promisify(execFile);
const namespace = 'default';
const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');

let api: TestApiServer;
let manager: ControllerManager;
let informers: InformerFactory;
let kubelet: InformerFactory;
let podInformer: Informer<V1Pod>;

/** What a kubelet would do: pods become ready after a moment, and deleted ones go. */
function playKubelet(): void {
    const client = api.admin.resource(pods);
    const settle = async (pod: Stored<V1Pod>): Promise<void> => {
        const { name } = pod.metadata;
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (pod.metadata.deletionTimestamp !== undefined) {
            await client.delete({ namespace, name }, { gracePeriodSeconds: 0 });
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

beforeAll(async () => {
    api = await startApiServer({ logger });
    informers = new InformerFactory(api.admin, silentLogger());
    kubelet = new InformerFactory(api.admin, silentLogger());
    podInformer = kubelet.informer(pods);
    kubelet.start();
    await kubelet.waitForSync();
    playKubelet();
    manager = new ControllerManager({
        clientFor: (name) => api.serviceAccount(name),
        informers,
        logger,
        enabled: ['statefulset-controller'],
        options: {},
    });
    await manager.start();
});
afterAll(async () => {
    await manager.stop();
    await informers.stop();
    await kubelet.stop();
    await api.stop();
});

async function create(name: string, spec: Partial<V1StatefulSetSpec> = {}): Promise<void> {
    await api.admin.resource(statefulSets).create({
        metadata: { name, namespace },
        spec: {
            replicas: 3,
            serviceName: name,
            ...spec,
            selector: { matchLabels: { app: name } },
            template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'c', image: 'db:1' }] },
            },
        },
    });
}
const get = async (name: string): Promise<Stored<V1StatefulSet>> =>
    await api.admin.resource(statefulSets).get({ namespace, name });
const podsOf = (app: string): Stored<V1Pod>[] =>
    podInformer.lister
        .list(namespace)
        .filter(({ metadata }) => metadata.labels?.['app'] === app)
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
const imagesOf = (app: string): string =>
    podsOf(app)
        .map(({ spec }) => spec?.containers[0]?.image ?? '')
        .join();
const kubectl = async (...args: string[]): Promise<string> =>
    (await run(process.env['KUBECTL'] ?? 'kubectl', ['--kubeconfig', api.kubeconfig, ...args])).stdout;
async function available(name: string, count: number): Promise<Stored<V1StatefulSet>> {
    return await eventually(`${name} has ${count} available pods`, async () => {
        const set = await get(name);
        const { availableReplicas, replicas } = set.status ?? {};
        return availableReplicas === count && replicas === count && set;
    });
}
/** What happened to the pods of an app, in order. */
function record(app: string): { log: string[]; stop: () => void } {
    const log: string[] = [];
    const isOurs = ({ metadata }: V1Pod): boolean => metadata?.labels?.['app'] === app;
    let live = false;
    const stop = podInformer.addHandler({
        added: (pod) => {
            if (live && isOurs(pod)) log.push(`+${pod.metadata.name}`);
        },
        deleted: (pod) => {
            if (live && isOurs(pod)) log.push(`-${pod.metadata.name}`);
        },
    });
    live = true;
    return { log, stop };
}

describe('StatefulSets', () => {
    it('start one pod after the other, with stable names, labels and host names', async () => {
        const { log, stop } = record('web');
        await create('web');
        const { status } = await available('web', 3);
        stop();
        expect(log).toEqual(['+web-0', '+web-1', '+web-2']);
        const [first] = podsOf('web');
        expect(first?.spec).toMatchObject({ hostname: 'web-0', subdomain: 'web' });
        expect(first?.metadata.labels).toMatchObject({
            'apps.kubernetes.io/pod-index': '0',
            'statefulset.kubernetes.io/pod-name': 'web-0',
            'controller-revision-hash': status?.currentRevision,
        });
        expect(status).toMatchObject({
            collisionCount: 0,
            currentReplicas: 3,
            updatedReplicas: 3,
            readyReplicas: 3,
            updateRevision: status?.currentRevision,
        });
        const fieldSelector = 'involvedObject.name=web,reason=SuccessfulCreate';
        const { items } = await api.admin.resource(events).list({ namespace, fieldSelector });
        expect(items.map(({ message }) => message)).toContain(
            'create Pod web-0 in StatefulSet web successful',
        );
    });

    it('scale down from the highest ordinal and replace a deleted pod under its name', async () => {
        const { log, stop } = record('web');
        await kubectl('scale', 'sts/web', '--replicas=1');
        await available('web', 1);
        await kubectl('scale', 'sts/web', '--replicas=3');
        await available('web', 3);
        await kubectl('delete', 'pod', 'web-1', '--wait=false');
        await eventually('it is back', () => log.length === 6);
        await available('web', 3);
        stop();
        expect(log).toEqual(['-web-2', '-web-1', '+web-1', '+web-2', '-web-1', '+web-1']);
    });

    it('update from the highest ordinal down to the partition, and roll back', async () => {
        const partition = (value: number): object => ({
            spec: { updateStrategy: { rollingUpdate: { partition: value } } },
        });
        const patch = async (body: object): Promise<void> => {
            await api.admin.resource(statefulSets).patch({ namespace, name: 'web' }, { type: 'merge', body });
        };
        await patch(partition(2));
        const { log, stop } = record('web');
        await kubectl('set', 'image', 'sts/web', 'c=db:2');
        await eventually('the last pod is new', () => imagesOf('web') === 'db:1,db:1,db:2');
        await available('web', 3);
        const partial = (await get('web')).status;
        expect(partial?.currentRevision).not.toBe(partial?.updateRevision);
        expect(partial).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
        await patch(partition(0));
        expect(await kubectl('rollout', 'status', 'sts/web', '--timeout=20s')).toMatch(
            /partitioned roll out complete: 3 new pods/,
        );
        await available('web', 3);
        stop();
        expect(log).toEqual(['-web-2', '+web-2', '-web-1', '+web-1', '-web-0', '+web-0']);
        expect(imagesOf('web')).toBe('db:2,db:2,db:2');
        expect(await kubectl('rollout', 'history', 'sts/web')).toMatch(/1\s+<none>\s+2\s+<none>/);
        await kubectl('rollout', 'undo', 'sts/web');
        await kubectl('rollout', 'status', 'sts/web', '--timeout=20s');
        expect(imagesOf('web')).toBe('db:1,db:1,db:1');
    });

    it('with Parallel start and stop all at once', async () => {
        await create('par', { podManagementPolicy: 'Parallel', ordinals: { start: 5 } });
        await eventually('all are there before any is ready', () => podsOf('par').length === 3);
        await available('par', 3);
        expect(podsOf('par').map(({ metadata }) => metadata.name)).toEqual(['par-5', 'par-6', 'par-7']);
    });

    it('give each pod its claims, which stay or go as the policy says', async () => {
        await create('data', {
            replicas: 2,
            persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
            volumeClaimTemplates: [
                {
                    metadata: { name: 'disk' },
                    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
                },
            ],
        });
        await available('data', 2);
        const claimOf = async (pod: string) =>
            await api.admin.resource(persistentVolumeClaims).get({ namespace, name: `disk-${pod}` });
        expect(podsOf('data')[1]?.spec?.volumes).toEqual(
            expect.arrayContaining([{ name: 'disk', persistentVolumeClaim: { claimName: 'disk-data-1' } }]),
        );
        const kindOfOwner = async (pod: string) => (await claimOf(pod)).metadata.ownerReferences?.[0]?.kind;
        await eventually(
            'the set owns the claim',
            async () => (await kindOfOwner('data-1')) === 'StatefulSet',
        );
        await kubectl('scale', 'sts/data', '--replicas=1');
        await eventually('the pod owns it when it goes', async () => (await kindOfOwner('data-1')) === 'Pod');
        expect(await kindOfOwner('data-0')).toBe('StatefulSet');
    });

    it('recreate a failed pod', async () => {
        const [pod] = podsOf('par');
        await api.admin.resource(pods).updateStatus({
            ...pod!,
            metadata: { ...pod!.metadata, resourceVersion: undefined },
            status: { ...pod!.status, phase: 'Failed' },
        });
        await eventually('another pod has the name', () => {
            const [now] = podsOf('par');
            return now?.metadata.name === 'par-5' && now.metadata.uid !== pod!.metadata.uid;
        });
    });
});
