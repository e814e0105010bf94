import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { getCondition } from '../../src/api/meta/conditions.ts';
import type {
    Stored,
    V1Deployment,
    V1Pod,
    V1ReplicaSet,
    V1ReplicationController,
} from '../../src/api/meta/object.ts';
import { statusErrors } from '../../src/api/meta/status-error.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import type { Informer } from '../../src/client/informer.ts';
import {
    deployments,
    events,
    pods,
    replicaSets,
    replicationControllers,
} from '../../src/client/resource-type.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { ControllerManager } from '../../src/components/controller-manager/controller-manager.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const run = promisify(execFile);
const namespace = 'default';

const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');
/** Refuses pods with the label `quota`, while it is on. */
let quotaIsOn = true;
const quota: AdmissionPlugin = {
    name: 'TestQuota',
    handles: ({ operation, definition }) => operation === 'CREATE' && definition.plural === 'pods',
    validate: ({ object }) => {
        if (!quotaIsOn || object?.metadata?.labels?.['quota'] === undefined) return;
        throw statusErrors.forbidden({ resource: 'pods' }, 'exceeded quota');
    },
};

let api: TestApiServer;
let manager: ControllerManager;
let informers: InformerFactory;
let kubelet: InformerFactory;
let podInformer: Informer<V1Pod>;
/** Pods whose label `hold` is set stay pending. */
let stopKubelet = (): void => undefined;

/** What a kubelet would do: pods become ready at once, and deleted ones go. */
function playKubelet(): void {
    const client = api.admin.resource(pods);
    const settle = async (pod: Stored<V1Pod>): Promise<void> => {
        const { name } = pod.metadata;
        if (pod.metadata.deletionTimestamp !== undefined) {
            await client.delete({ namespace, name }, { gracePeriodSeconds: 0 });
            return;
        }
        if (pod.status?.phase === 'Running' || pod.metadata.labels?.['hold'] !== undefined) return;
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
    stopKubelet = podInformer.addHandler({ added: handle, updated: handle });
}

beforeAll(async () => {
    api = await startApiServer({ logger, admission: [quota] });
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
        enabled: ['deployment-controller', 'replicaset-controller', 'replicationcontroller-controller'],
        options: {},
    });
    await manager.start();
});
afterAll(async () => {
    stopKubelet();
    await manager.stop();
    await informers.stop();
    await kubelet.stop();
    await api.stop();
});

const template = (
    app: string,
    image = 'nginx:1',
    labels: Record<string, string> = {},
): V1ReplicaSet['spec'] => ({
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app, ...labels } }, spec: { containers: [{ name: 'c', image }] } },
});

function deployment(name: string, replicas: number, extra: Partial<V1Deployment['spec']> = {}): V1Deployment {
    const { selector, template: podTemplate } = template(name)!;
    return {
        metadata: { name, namespace },
        spec: { replicas, selector, template: podTemplate!, ...extra },
    };
}

const podsOf = (app: string): Stored<V1Pod>[] =>
    podInformer.lister.list(namespace).filter(({ metadata }) => metadata.labels?.['app'] === app);
const getDeployment = async (name: string): Promise<Stored<V1Deployment>> =>
    await api.admin.resource(deployments).get({ namespace, name });
const setsOf = async (app: string): Promise<Stored<V1ReplicaSet>[]> =>
    (await api.admin.resource(replicaSets).list({ namespace, labelSelector: `app=${app}` })).items;
const eventsOf = async (name: string, reason: string): Promise<string[]> => {
    const fieldSelector = `involvedObject.name=${name},reason=${reason}`;
    const list = await api.admin.resource(events).list({ namespace, fieldSelector });
    return list.items.map(({ message }) => message ?? '');
};
async function complete(name: string): Promise<Stored<V1Deployment>> {
    return await eventually(`${name} is rolled out`, async () => {
        const found = await getDeployment(name);
        const { status, spec, metadata } = found;
        const done =
            getCondition(status?.conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable' &&
            status?.observedGeneration === metadata.generation &&
            status?.updatedReplicas === spec?.replicas &&
            status?.replicas === spec?.replicas &&
            (status?.availableReplicas ?? 0) === spec?.replicas;
        return done && found;
    });
}
const kubectl = async (...args: string[]): Promise<string> =>
    (await run(process.env['KUBECTL'] ?? 'kubectl', ['--kubeconfig', api.kubeconfig, ...args])).stdout;

describe('ReplicaSets', () => {
    it('have as many pods as they should, owned by them, and replace a deleted one', async () => {
        const set = await api.admin
            .resource(replicaSets)
            .create({ metadata: { name: 'rs', namespace }, spec: { replicas: 3, ...template('rs')! } });
        await eventually('three pods run', () => podsOf('rs').length === 3);
        const [pod] = podsOf('rs');
        expect(pod!.metadata).toMatchObject({
            generateName: 'rs-',
            ownerReferences: [
                {
                    apiVersion: 'apps/v1',
                    kind: 'ReplicaSet',
                    name: 'rs',
                    uid: set.metadata.uid,
                    controller: true,
                },
            ],
        });
        await api.admin.resource(pods).delete({ namespace, name: pod!.metadata.name });
        await eventually('another one has replaced it', () => {
            const names = podsOf('rs').map(({ metadata }) => metadata.name);
            return names.length === 3 && !names.includes(pod!.metadata.name);
        });
        const status = await eventually('the status has settled', async () => {
            const found = await api.admin.resource(replicaSets).get({ namespace, name: 'rs' });
            return found.status?.availableReplicas === 3 && found.status;
        });
        expect(status).toMatchObject({
            replicas: 3,
            readyReplicas: 3,
            fullyLabeledReplicas: 3,
            observedGeneration: 1,
        });
        expect((await eventsOf('rs', 'SuccessfulCreate'))[0]).toMatch(/^Created pod: rs-/);
    });

    it('scale down, write nothing when nothing changes, and release a pod that is relabelled', async () => {
        await kubectl('scale', 'rs/rs', '--replicas=2');
        await eventually('two pods are left', () => podsOf('rs').length === 2);
        await eventually('the status says so', async () => {
            const { status } = await api.admin.resource(replicaSets).get({ namespace, name: 'rs' });
            return status?.availableReplicas === 2 && status.replicas === 2;
        });
        const before = await api.admin.resource(replicaSets).get({ namespace, name: 'rs' });
        await new Promise((resolve) => setTimeout(resolve, 200));
        const after = await api.admin.resource(replicaSets).get({ namespace, name: 'rs' });
        expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
        const [pod] = podsOf('rs');
        await kubectl('label', 'pod', pod!.metadata.name, 'app=free', '--overwrite');
        await eventually('a new pod stands in', () => podsOf('rs').length === 2);
        const freed = await eventually('the pod is released', () =>
            podsOf('free').find(({ metadata }) => (metadata.ownerReferences ?? []).length === 0),
        );
        await api.admin
            .resource(pods)
            .patch(
                { namespace, name: freed.metadata.name },
                { type: 'merge', body: { metadata: { labels: { app: 'rs' } } } },
            );
        await eventually('it is adopted again and one of three goes', () => {
            const names = podsOf('rs').filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'rs');
            return names.length === 2 && podsOf('rs').length === 2;
        });
    });

    it('count a pod as available only after minReadySeconds', async () => {
        await api.admin.resource(replicaSets).create({
            metadata: { name: 'slow', namespace },
            spec: { replicas: 1, minReadySeconds: 2, ...template('slow')! },
        });
        const get = async (): Promise<V1ReplicaSet['status']> =>
            (await api.admin.resource(replicaSets).get({ namespace, name: 'slow' })).status;
        await eventually('the pod is ready', async () => (await get())?.readyReplicas === 1);
        expect((await get())?.availableReplicas ?? 0).toBe(0);
        await eventually('the pod is available', async () => (await get())?.availableReplicas === 1);
    });
});

describe('ReplicationControllers', () => {
    it('do the same', async () => {
        const { template: podTemplate } = template('rc')!;
        const controller: V1ReplicationController = {
            metadata: { name: 'rc', namespace },
            spec: { replicas: 2, selector: { app: 'rc' }, template: podTemplate },
        };
        await api.admin.resource(replicationControllers).create(controller);
        await eventually('two pods run', async () => {
            const { status } = await api.admin
                .resource(replicationControllers)
                .get({ namespace, name: 'rc' });
            return status?.availableReplicas === 2;
        });
        expect(podsOf('rc')[0]?.metadata.ownerReferences?.[0]).toMatchObject({
            apiVersion: 'v1',
            kind: 'ReplicationController',
        });
    });
});

describe('Deployments', () => {
    it('roll out, and say so as upstream does', async () => {
        await api.admin.resource(deployments).create(deployment('web', 3));
        const { metadata, status } = await complete('web');
        const [set] = await setsOf('web');
        expect(metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
        expect(set!.metadata).toMatchObject({
            name: `web-${set!.metadata.labels!['pod-template-hash']!}`,
            annotations: {
                'deployment.kubernetes.io/revision': '1',
                'deployment.kubernetes.io/desired-replicas': '3',
                'deployment.kubernetes.io/max-replicas': '4',
            },
        });
        expect(getCondition(status?.conditions, 'Progressing')?.message).toBe(
            `ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
        );
        expect(getCondition(status?.conditions, 'Available')?.message).toBe(
            'Deployment has minimum availability.',
        );
        await eventually('the event is there', async () =>
            (await eventsOf('web', 'ScalingReplicaSet')).includes(
                `Scaled up replica set ${set!.metadata.name} from 0 to 3`,
            ),
        );
        expect(await kubectl('rollout', 'status', 'deployment/web')).toContain('successfully rolled out');
    });

    it('never have fewer available nor more pods than allowed while they roll', async () => {
        let [most, least] = [0, Number.POSITIVE_INFINITY];
        const remove = podInformer.addHandler({
            updated: () => {
                const alive = podsOf('web').filter((pod) => pod.metadata.deletionTimestamp === undefined);
                most = Math.max(most, alive.length);
                const ready = alive.filter(
                    (pod) => getCondition(pod.status?.conditions, 'Ready')?.status === 'True',
                );
                least = Math.min(least, ready.length);
            },
        });
        await kubectl('set', 'image', 'deployment/web', 'c=nginx:2');
        expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')).toContain(
            'successfully rolled out',
        );
        remove();
        expect(most).toBeLessThanOrEqual(4);
        expect(least).toBeGreaterThanOrEqual(3);
        expect((await setsOf('web')).map(({ spec }) => spec?.replicas).sort()).toEqual([0, 3]);
    });

    it('can be undone, and the old set gets the next revision', async () => {
        expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/1\s+<none>\s+2\s+<none>/);
        await kubectl('rollout', 'undo', 'deployment/web');
        await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s');
        const { spec, metadata } = await complete('web');
        expect(spec?.template.spec?.containers[0]?.image).toBe('nginx:1');
        expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
        expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/2\s+<none>\s+3\s+<none>/);
        expect(await setsOf('web')).toHaveLength(2);
    });

    it('do not roll while paused, but scale', async () => {
        await kubectl('rollout', 'pause', 'deployment/web');
        await kubectl('set', 'image', 'deployment/web', 'c=nginx:3');
        await kubectl('scale', 'deployment/web', '--replicas=5');
        await eventually('five pods run', () => podsOf('web').length === 5);
        const paused = await eventually('the pause is noted', async () => {
            const condition = getCondition((await getDeployment('web')).status?.conditions, 'Progressing');
            return condition?.reason === 'DeploymentPaused' && condition;
        });
        expect(paused).toMatchObject({ status: 'Unknown', message: 'Deployment is paused' });
        expect(await setsOf('web')).toHaveLength(2);
        await kubectl('rollout', 'resume', 'deployment/web');
        await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s');
        await complete('web');
        expect(podsOf('web').every(({ spec }) => spec?.containers[0]?.image === 'nginx:3')).toBe(true);
    });

    it('keep as many old sets as revisionHistoryLimit says', async () => {
        await api.admin
            .resource(deployments)
            .patch(
                { namespace, name: 'web' },
                { type: 'merge', body: { spec: { revisionHistoryLimit: 1 } } },
            );
        await eventually('one old set is left', async () => (await setsOf('web')).length === 2);
    });

    it('with Recreate never run two versions at once', async () => {
        await api.admin.resource(deployments).create(deployment('re', 2, { strategy: { type: 'Recreate' } }));
        await complete('re');
        let mixed = false;
        const remove = podInformer.addHandler({
            added: () => {
                mixed ||= new Set(podsOf('re').map(({ spec }) => spec?.containers[0]?.image)).size > 1;
            },
        });
        await kubectl('set', 'image', 'deployment/re', 'c=nginx:2');
        await kubectl('rollout', 'status', 'deployment/re', '--timeout=20s');
        await complete('re');
        remove();
        expect(mixed).toBe(false);
        expect(podsOf('re').map(({ spec }) => spec?.containers[0]?.image)).toEqual(['nginx:2', 'nginx:2']);
    });

    it('time out when their pods do not come up, and scale in proportion meanwhile', async () => {
        await api.admin.resource(deployments).create(deployment('stuck', 4, { progressDeadlineSeconds: 2 }));
        await complete('stuck');
        const held = template('stuck', 'nginx:2', { hold: 'yes' })!.template!;
        await api.admin
            .resource(deployments)
            .patch({ namespace, name: 'stuck' }, { type: 'strategic', body: { spec: { template: held } } });
        const late = await eventually('the deadline is exceeded', async () => {
            const found = getCondition((await getDeployment('stuck')).status?.conditions, 'Progressing');
            return found?.status === 'False' && found;
        });
        expect(late).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
        expect(late.message).toMatch(/^ReplicaSet "stuck-.*" has timed out progressing\.$/);
        await expect(kubectl('rollout', 'status', 'deployment/stuck')).rejects.toMatchObject({
            stderr: expect.stringContaining('exceeded its progress deadline'),
        });
        const sizes = async (): Promise<number[]> =>
            (await setsOf('stuck')).map(({ spec }) => spec?.replicas ?? 0).sort((a, b) => a - b);
        expect(await sizes()).toEqual([2, 3]);
        await kubectl('scale', 'deployment/stuck', '--replicas=8');
        await eventually('both sets have grown', async () => (await sizes()).join() === '4,6');
    });

    it('show that pods cannot be created, and heal', async () => {
        const podTemplate = template('sick', 'nginx:1', { quota: 'yes' })!.template!;
        await api.admin.resource(deployments).create(deployment('sick', 2, { template: podTemplate }));
        const failure = await eventually('the failure is shown', async () =>
            getCondition((await getDeployment('sick')).status?.conditions, 'ReplicaFailure'),
        );
        expect(failure).toMatchObject({
            status: 'True',
            reason: 'FailedCreate',
            message: 'pods is forbidden: exceeded quota',
        });
        const [set] = await setsOf('sick');
        const messages = await eventsOf(set!.metadata.name, 'FailedCreate');
        expect(messages).toContain('Error creating: pods is forbidden: exceeded quota');
        quotaIsOn = false;
        const healed = await complete('sick');
        expect(getCondition(healed.status?.conditions, 'ReplicaFailure')).toBeUndefined();
    });
});
