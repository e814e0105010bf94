import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getCondition } from '../../src/api/meta/conditions.ts';
import type { Stored, V1Job, V1JobSpec, V1Pod } from '../../src/api/meta/object.ts';
import { isReason } from '../../src/api/meta/status-error.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import type { Informer } from '../../src/client/informer.ts';
import { events, jobs, pods } from '../../src/client/resource-type.ts';
import { ControllerManager } from '../../src/components/controller-manager/controller-manager.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const namespace = 'default';
const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');

let api: TestApiServer;
let manager: ControllerManager;
let informers: InformerFactory;
let kubelet: InformerFactory;
let podInformer: Informer<V1Pod>;

/**
 * What a kubelet would do. The label `exit` of a pod says how it ends: "0", another code, or "never";
 * "<index>:<code>,…" gives codes by completion index, with 0 for the others.
 */
function playKubelet(): void {
    const client = api.admin.resource(pods);
    const settle = async (pod: Stored<V1Pod>): Promise<void> => {
        const { name } = pod.metadata;
        const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
        if (pod.metadata.deletionTimestamp !== undefined) {
            if (!isOver) await client.updateStatus({ ...pod, status: { ...pod.status, phase: 'Failed' } });
            await client.delete({ namespace, name }, { gracePeriodSeconds: 0 });
            return;
        }
        if (isOver) return;
        const exit = exitOf(pod);
        if (exit === 'never' && pod.status?.phase === 'Running') return;
        await client.updateStatus({ ...pod, status: statusOf(pod, exit) });
    };
    const handle = (pod: Stored<V1Pod>): void => {
        // The pod has changed or gone meanwhile: its next event comes.
        settle(pod).catch(() => undefined);
    };
    podInformer.addHandler({ added: handle, updated: handle });
}

function exitOf({ metadata }: V1Pod): string {
    const text = metadata?.annotations?.['exit'] ?? '0';
    if (!text.includes(':')) return text;
    const index = metadata?.labels?.['batch.kubernetes.io/job-completion-index'] ?? '';
    const codes = new Map(text.split(',').map((part): [string, string] => part.split(':') as never));
    return codes.get(index) ?? '0';
}

function statusOf(pod: V1Pod, exit: string): NonNullable<V1Pod['status']> {
    const now = new Date().toISOString().replace(/\.\d+/, '');
    if (exit === 'never') {
        return {
            ...pod.status,
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
        };
    }
    // Long ago, so that no test waits for a back-off.
    const finishedAt = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, '');
    return {
        ...pod.status,
        phase: exit === '0' ? 'Succeeded' : 'Failed',
        containerStatuses: [
            {
                name: 'c',
                image: 'i',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode: Number(exit), finishedAt } },
            },
        ],
    };
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
        enabled: ['job-controller', 'ttl-after-finished-controller'],
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

async function run(
    name: string,
    exit: string,
    spec: Partial<V1JobSpec> = {},
    restartPolicy = 'Never',
): Promise<Stored<V1Job>> {
    return await api.admin.resource(jobs).create({
        metadata: { name, namespace },
        spec: {
            ...spec,
            template: {
                metadata: { annotations: { exit } },
                spec: { restartPolicy, containers: [{ name: 'c', image: 'busybox' }] },
            },
        },
    });
}
const getJob = async (name: string): Promise<Stored<V1Job>> =>
    await api.admin.resource(jobs).get({ namespace, name });
const podsOf = (job: string): Stored<V1Pod>[] =>
    podInformer.lister
        .list(namespace)
        .filter(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === job);
const eventsOf = async (name: string, reason: string): Promise<string[]> => {
    const fieldSelector = `involvedObject.name=${name},reason=${reason}`;
    const list = await api.admin.resource(events).list({ namespace, fieldSelector });
    return list.items.map(({ message }) => message ?? '');
};
async function until(name: string, type: string): Promise<V1Job['status']> {
    return await eventually(`${name} is ${type}`, async () => {
        const { status } = await getJob(name);
        return getCondition(status?.conditions, type)?.status === 'True' && status;
    });
}

describe('Jobs', () => {
    it('complete after one pod, count it once and let it go', async () => {
        await run('one', '0');
        const status = await until('one', 'Complete');
        expect(status).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
        expect(status?.startTime).toBeDefined();
        expect(status?.completionTime).toBeDefined();
        expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
            ['SuccessCriteriaMet', 'CompletionsReached'],
            ['Complete', 'CompletionsReached'],
        ]);
        await eventually(
            'the finalizer is gone',
            () => (podsOf('one')[0]?.metadata.finalizers ?? []).length === 0,
        );
        await eventually('the event is there', async () => (await eventsOf('one', 'Completed')).length === 1);
        expect((await eventsOf('one', 'SuccessfulCreate'))[0]).toMatch(/^Created pod: one-\w{5}$/);
    });

    it('run as many pods as parallelism says until there are enough completions', async () => {
        await run('many', '0', { completions: 7, parallelism: 3 });
        expect(await until('many', 'Complete')).toMatchObject({ succeeded: 7 });
        expect(podsOf('many')).toHaveLength(7);
    });

    it('give every index of an indexed job its pod, and tell the pod which one it has', async () => {
        await run('indexed', '0', { completions: 4, parallelism: 2, completionMode: 'Indexed' });
        expect(await until('indexed', 'Complete')).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
        const pod = podsOf('indexed').find(({ spec }) => spec?.hostname === 'indexed-2');
        expect(pod?.metadata).toMatchObject({
            generateName: 'indexed-2-',
            labels: { 'batch.kubernetes.io/job-completion-index': '2' },
            annotations: { 'batch.kubernetes.io/job-completion-index': '2' },
        });
        expect(pod?.spec?.containers[0]?.env).toEqual([
            {
                name: 'JOB_COMPLETION_INDEX',
                valueFrom: {
                    fieldRef: {
                        apiVersion: 'v1',
                        fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']",
                    },
                },
            },
        ]);
    });

    it('fail when more pods have failed than backoffLimit allows', async () => {
        await run('failing', '1', { backoffLimit: 2 });
        const status = await until('failing', 'Failed');
        expect(status).toMatchObject({ failed: 3 });
        expect(status?.succeeded).toBeUndefined();
        expect(getCondition(status?.conditions, 'Failed')).toMatchObject({
            reason: 'BackoffLimitExceeded',
            message: 'Job has reached the specified backoff limit',
        });
        expect(getCondition(status?.conditions, 'FailureTarget')?.reason).toBe('BackoffLimitExceeded');
        await eventually('the event is there', async () =>
            (await eventsOf('failing', 'BackoffLimitExceeded')).includes(
                'Job has reached the specified backoff limit',
            ),
        );
    });

    it('fail at their deadline and stop the pods that run', async () => {
        await run('late', 'never', { activeDeadlineSeconds: 1, parallelism: 2, completions: 2 });
        const status = await until('late', 'Failed');
        expect(getCondition(status?.conditions, 'Failed')).toMatchObject({
            reason: 'DeadlineExceeded',
            message: 'Job was active longer than specified deadline',
        });
        expect(status).toMatchObject({ failed: 2, ready: 0, terminating: 0 });
        await eventually('the pods are gone', () => podsOf('late').length === 0);
    });

    it('stop their pods when suspended, and start again when resumed', async () => {
        await run('pausing', 'never', { parallelism: 2, completions: 2 });
        await eventually('two pods are ready', async () => (await getJob('pausing')).status?.ready === 2);
        const patch = async (suspend: boolean): Promise<void> => {
            const body = { spec: { suspend } };
            await api.admin.resource(jobs).patch({ namespace, name: 'pausing' }, { type: 'merge', body });
        };
        await patch(true);
        const suspended = await until('pausing', 'Suspended');
        expect(suspended?.startTime).toBeUndefined();
        const still = await eventually('the pods are gone', async () => {
            const { status } = await getJob('pausing');
            return podsOf('pausing').length === 0 && status?.active === undefined && status;
        });
        expect(still.failed).toBeUndefined();
        await patch(false);
        await eventually('two pods run again', async () => (await getJob('pausing')).status?.ready === 2);
        const { status } = await getJob('pausing');
        expect(getCondition(status?.conditions, 'Suspended')).toMatchObject({
            status: 'False',
            reason: 'JobResumed',
        });
        expect(status?.startTime).toBeDefined();
    });

    it('with a limit per index fail only the index, and the job in the end', async () => {
        await run('perindex', '1:3', {
            completions: 3,
            parallelism: 3,
            completionMode: 'Indexed',
            backoffLimitPerIndex: 1,
        });
        const status = await until('perindex', 'Failed');
        expect(status).toMatchObject({
            completedIndexes: '0,2',
            failedIndexes: '1',
            succeeded: 2,
            failed: 2,
        });
        expect(getCondition(status?.conditions, 'Failed')?.reason).toBe('FailedIndexes');
    });

    it('obey their pod failure policy', async () => {
        const podFailurePolicy = (action: string) => ({
            rules: [{ action, onExitCodes: { operator: 'In', values: [42] } }],
        });
        await run('policy', '42', { podFailurePolicy: podFailurePolicy('FailJob') });
        const status = await until('policy', 'Failed');
        const [pod] = podsOf('policy');
        expect(getCondition(status?.conditions, 'Failed')).toMatchObject({
            reason: 'PodFailurePolicy',
            message: `Container c for pod default/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
        });
        expect(status).toMatchObject({ failed: 1 });
    });

    it('succeed early when the success policy is met', async () => {
        await run('policed', '0:never', {
            completions: 3,
            parallelism: 3,
            completionMode: 'Indexed',
            successPolicy: { rules: [{ succeededIndexes: '1-2', succeededCount: 1 }] },
        });
        const status = await until('policed', 'Complete');
        expect(getCondition(status?.conditions, 'Complete')).toMatchObject({
            reason: 'SuccessPolicy',
            message: 'Matched rules at index 0',
        });
    });

    it('are deleted when their time to live is over', async () => {
        await run('shortlived', '0', { ttlSecondsAfterFinished: 1 });
        const deleted = async (): Promise<boolean> => {
            try {
                // Foreground deletion: the garbage collector, which does not run here, does the rest.
                return (await getJob('shortlived')).metadata.deletionTimestamp !== undefined;
            } catch (error) {
                return isReason(error, 'NotFound');
            }
        };
        await until('shortlived', 'Complete').catch(() => undefined);
        await eventually('the job is being deleted', deleted);
    });

    it('write nothing when nothing changes, and leave no finalizer behind when deleted', async () => {
        await run('quiet', 'never');
        await eventually('the pod is ready', async () => (await getJob('quiet')).status?.ready === 1);
        const before = (await getJob('quiet')).metadata.resourceVersion;
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect((await getJob('quiet')).metadata.resourceVersion).toBe(before);
        await api.admin
            .resource(jobs)
            .delete({ namespace, name: 'quiet' }, { propagationPolicy: 'Background' });
        await eventually(
            'the pod is let go',
            () => (podsOf('quiet')[0]?.metadata.finalizers ?? []).length === 0,
        );
    });
});
