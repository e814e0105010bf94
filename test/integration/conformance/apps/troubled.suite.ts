import { expect, it } from '@jest/globals';
import type { V1Job, V1Pod, V1ReplicaSet, V1StatefulSet } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live, type Pod, podSpec } from '../support/objects.ts';
import type { Fate, PlayedKubelet } from '../support/played-kubelet.ts';
import { pathIn, podsWith, readyReplicas, runningPods, selecting } from '../support/workloads.ts';

type Job = Live<V1Job>;

const ended = (exitCode: number, extra: object = {}): Fate => ({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
        {
            ...{ name: 'main', image: 'played', imageID: '', ready: false, restartCount: 0 },
            state: { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } },
        },
    ],
    ...extra,
});
const indexOf = ({ metadata }: V1Pod): number =>
    Number(metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '-1');

/** Workloads whose pods do not simply run. */
export function troubledCases(cluster: () => Cluster, kubelet: () => PlayedKubelet): void {
    it('a rollout whose pods never come up is left for the next one', async () => {
        const namespace = await cluster().namespace('rollover');
        kubelet().decide(namespace, ({ spec }) =>
            spec?.containers[0]?.image === 'nonexistent' ? 'waits' : 'runs',
        );
        const path = `${pathIn(namespace, 'apps/v1', 'deployments')}/rollover`;
        const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
        await cluster().create(pathIn(namespace, 'apps/v1', 'deployments'), {
            metadata: { name: 'rollover' },
            spec: { replicas: 2, strategy, ...selecting('rollover', 'first') },
        });
        await readyReplicas(cluster(), path, 2);
        const setImage = async (image: string): Promise<void> => {
            const containers = [{ name: 'main', image }];
            await cluster().patch(path, 'strategic', { spec: { template: { spec: { containers } } } });
        };
        const replicasByImage = async (): Promise<Record<string, number>> => {
            const { items } = await cluster().list<Live<V1ReplicaSet>>(
                pathIn(namespace, 'apps/v1', 'replicasets'),
            );
            const entries = items.map(({ spec, status }) => [
                spec?.template?.spec?.containers[0]?.image ?? '',
                Math.max(spec?.replicas ?? 0, status?.replicas ?? 0),
            ]);
            return Object.fromEntries(entries) as Record<string, number>;
        };
        await setImage('nonexistent');
        await eventually('the second has begun', async () => (await replicasByImage())['nonexistent'] === 1);
        expect((await replicasByImage())['first']).toBe(2);
        await setImage('third');
        await eventually('the third is all there is', async () => {
            const found = await replicasByImage();
            return found['first'] === 0 && found['nonexistent'] === 0 && found['third'] === 2;
        });
        await readyReplicas(cluster(), path, 2);
    });

    it('a StatefulSet waits for a pod that is not ready before it scales on, in both directions', async () => {
        const namespace = await cluster().namespace('scaling');
        let held: string | undefined = 'ss-1';
        const decide = (): void => {
            kubelet().decide(namespace, ({ metadata }) => (metadata.name === held ? 'waits' : 'runs'));
        };
        decide();
        const path = `${pathIn(namespace, 'apps/v1', 'statefulsets')}/ss`;
        const watch = await cluster().watch<Pod>(pathIn(namespace, 'v1', 'pods'));
        await cluster().create(pathIn(namespace, 'apps/v1', 'statefulsets'), {
            metadata: { name: 'ss' },
            spec: { replicas: 3, serviceName: 'ss', ...selecting('ss') },
        });
        await watch.until(({ type, object }) => type === 'ADDED' && object.metadata.name === 'ss-1');
        await eventually('the controller has seen it', async () => {
            const { status } = await cluster().get<Live<V1StatefulSet>>(path);
            return status?.replicas === 2 && status.readyReplicas === 1;
        });
        expect(await podsWith(cluster(), namespace, 'ss')).toHaveLength(2);
        held = undefined;
        decide();
        // The order is the test: the third is not made before the second is ready.
        await watch.until(({ object }) => {
            expect(object.metadata.name).not.toBe('ss-2');
            const ready = conditionOf(object.status?.conditions, 'Ready');
            return object.metadata.name === 'ss-1' && ready?.status === 'True';
        });
        await readyReplicas(cluster(), path, 3);

        const setReady = async (status: 'True' | 'False'): Promise<void> => {
            // The one that holds up the others last: nothing goes before all are ready.
            for (const name of ['ss-2', 'ss-1', 'ss-0']) {
                await cluster().patch(`${pathIn(namespace, 'v1', 'pods')}/${name}/status`, 'strategic', {
                    status: { conditions: [{ type: 'Ready', status }] },
                });
            }
        };
        await setReady('False');
        await readyReplicasOf(path, 0);
        await cluster().patch(`${path}/scale`, 'merge', { spec: { replicas: 0 } });
        await eventually('the controller knows', async () => {
            const { status, metadata } = await cluster().get<Live<V1StatefulSet>>(path);
            return status?.observedGeneration === metadata.generation;
        });
        expect(await podsWith(cluster(), namespace, 'ss')).toHaveLength(3);
        await setReady('True');
        const gone: string[] = [];
        while (gone.length < 3) {
            const { object } = await watch.until(({ type }) => type === 'DELETED');
            gone.push(object.metadata.name);
        }
        watch.close();
        expect(gone).toEqual(['ss-2', 'ss-1', 'ss-0']);
    });

    const readyReplicasOf = async (path: string, count: number): Promise<void> => {
        await eventually(`${count} are ready`, async () => {
            const { status } = await cluster().get<Live<V1StatefulSet>>(path);
            return (status?.readyReplicas ?? 0) === count;
        });
    };

    const startJob = async (name: string, fate: (pod: V1Pod) => Fate, spec: object): Promise<string> => {
        const namespace = await cluster().namespace(name);
        kubelet().decide(namespace, fate);
        const list = pathIn(namespace, 'batch/v1', 'jobs');
        const template = {
            metadata: { labels: { app: name } },
            spec: { ...podSpec(), restartPolicy: 'Never' },
        };
        await cluster().create(list, { metadata: { name }, spec: { template, ...spec } });
        return `${list}/${name}`;
    };
    const finished = async (path: string, type: 'Complete' | 'Failed'): Promise<Job> =>
        await eventually(`the job is ${type}`, async () => {
            const job = await cluster().get<Job>(path);
            return conditionOf(job.status?.conditions, type)?.status === 'True' && job;
        });

    it('failures that a disruption caused are not counted where the policy says so', async () => {
        const disrupted = new Set<number>();
        const fate = (pod: V1Pod): Fate => {
            const index = indexOf(pod);
            if (disrupted.has(index)) return ended(0);
            disrupted.add(index);
            return ended(1, {
                conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
            });
        };
        const path = await startJob('ignored', fate, {
            ...{ completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimit: 0 },
            podFailurePolicy: {
                rules: [
                    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
                    { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [0] } },
                ],
            },
        });
        expect((await finished(path, 'Complete')).status).toMatchObject({
            succeeded: 2,
            completedIndexes: '0,1',
        });
    });

    it('an index fails at once where the policy says so, whatever its limit', async () => {
        const fate = (pod: V1Pod): Fate => ended(indexOf(pod) % 2 === 0 ? 42 : 0);
        const path = await startJob('fail-index', fate, {
            ...{ completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 5 },
            podFailurePolicy: {
                rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }],
            },
        });
        const { status } = await finished(path, 'Failed');
        expect(status).toMatchObject({
            failedIndexes: '0,2',
            completedIndexes: '1,3',
            failed: 2,
            succeeded: 2,
        });
    });

    it('a pod that fails is replaced by a ReplicaSet as well', async () => {
        const namespace = await cluster().namespace('failing');
        await cluster().create(pathIn(namespace, 'apps/v1', 'replicasets'), {
            metadata: { name: 'failing' },
            spec: { replicas: 1, ...selecting('failing') },
        });
        const [pod] = await runningPods(cluster(), namespace, { app: 'failing', count: 1 });
        const status = { phase: 'Failed' };
        await cluster().patch(`${pathIn(namespace, 'v1', 'pods')}/${pod!.metadata.name}/status`, 'merge', {
            status,
        });
        await eventually('another one runs', async () => {
            const found = await podsWith(cluster(), namespace, 'failing');
            return found.some(
                (each) => each.metadata.uid !== pod!.metadata.uid && each.status?.phase === 'Running',
            );
        });
    });
}
