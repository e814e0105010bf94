import { expect, it } from '@jest/globals';
import type { V1CronJob, V1Job } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import { expectDiscovered, expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import { type Live, podSpec } from '../support/objects.ts';
import { pathIn, podsWith, runningPods } from '../support/workloads.ts';

type Job = Live<V1Job>;

const template = (app: string): object => ({
    metadata: { labels: { app } },
    spec: { ...podSpec(), restartPolicy: 'Never' },
});

/** Jobs and CronJobs through their life. */
export function jobCases(cluster: () => Cluster): void {
    it('a suspended Job is patched, replaced, found by its label, and goes as a collection', async () => {
        const namespace = await cluster().namespace('job');
        const list = pathIn(namespace, 'batch/v1', 'jobs');
        const path = `${list}/e2e`;
        const watch = await cluster().watch<Job>(`${list}?labelSelector=e2e-job-label%3De2e`);
        await cluster().create(list, {
            metadata: { name: 'e2e', labels: { 'e2e-job-label': 'e2e' } },
            spec: { suspend: true, parallelism: 2, completions: 4, template: template('e2e') },
        });
        expect((await watch.next()).type).toBe('ADDED');
        await cluster().patch(path, 'strategic', { metadata: { labels: { e2e: 'patched' } } });
        await watch.until(({ object }) => object.metadata.labels?.['e2e'] === 'patched');
        const updated = await cluster().change<Job>(path, (job) => {
            job.spec!.suspend = false;
            job.metadata.annotations = { ...job.metadata.annotations, updated: 'true' };
        });
        expect(updated.spec?.suspend).toBe(false);
        await watch.until(({ object }) => object.metadata.annotations?.['updated'] === 'true');
        await watch.until(({ object }) => object.status?.ready === 2);
        const all = await cluster().list(`/apis/batch/v1/jobs?labelSelector=e2e%3Dpatched`);
        expect(all.items).toHaveLength(1);
        const query = 'labelSelector=e2e%3Dpatched&propagationPolicy=Background';
        await cluster().must('DELETE', `${list}?${query}`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        await eventually(
            'its pods have gone',
            async () => (await podsWith(cluster(), namespace, 'e2e')).length === 0,
        );
    });

    it('a Job that is deleted in the foreground goes after its pods', async () => {
        const namespace = await cluster().namespace('job');
        const list = pathIn(namespace, 'batch/v1', 'jobs');
        await cluster().create(list, {
            metadata: { name: 'foo' },
            spec: { parallelism: 2, completions: 4, backoffLimit: 6, template: template('foo') },
        });
        await runningPods(cluster(), namespace, { app: 'foo', count: 2 });
        const watch = await cluster().watch<Job>(list);
        await cluster().delete(`${list}/foo`, { propagationPolicy: 'Foreground' });
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect(await podsWith(cluster(), namespace, 'foo')).toEqual([]);
    });

    it('the status of a Job is patched, replaced and read', async () => {
        const namespace = await cluster().namespace('job');
        const list = pathIn(namespace, 'batch/v1', 'jobs');
        const path = `${list}/status-test`;
        await cluster().create(list, {
            metadata: { name: 'status-test' },
            spec: { parallelism: 1, completions: 1, template: template('status-test') },
        });
        await runningPods(cluster(), namespace, { app: 'status-test', count: 1 });
        const startTime = (await cluster().get<Job>(path)).status?.startTime;
        expect(startTime).toBeDefined();
        const patched = await cluster().patch<Job>(`${path}/status`, 'merge', {
            metadata: { annotations: { patchedstatus: 'true' } },
            status: {
                conditions: [
                    {
                        type: 'CustomConditionType',
                        status: 'True',
                        lastTransitionTime: '2026-01-02T03:04:05Z',
                    },
                ],
            },
        });
        expect(patched.status?.startTime).toBe(startTime);
        expect(patched.metadata.annotations).toMatchObject({ patchedstatus: 'true' });
        expect(patched.status?.conditions?.map(({ type }) => type)).toContain('CustomConditionType');
        const replaced = await cluster().change<Job>(`${path}/status`, ({ status }) => {
            status!.conditions = [
                ...(status!.conditions ?? []).filter(({ type }) => type !== 'CustomConditionType'),
                { type: 'CustomConditionType', status: 'False', lastTransitionTime: '2026-01-02T04:04:05Z' },
            ];
        });
        expect(replaced.status?.conditions?.find(({ type }) => type === 'CustomConditionType')?.status).toBe(
            'False',
        );
        const read = await cluster().get<Job>(`${path}/status`);
        expect(read.metadata.uid).toBe(patched.metadata.uid);
    });

    it('a Job adopts a pod again that lost its owner, and releases one whose labels change', async () => {
        const namespace = await cluster().namespace('job');
        const list = pathIn(namespace, 'batch/v1', 'jobs');
        const job = await cluster().create<Job>(list, {
            metadata: { name: 'adopt-release' },
            spec: { parallelism: 2, completions: 4, template: template('adopt-release') },
        });
        const [pod] = await runningPods(cluster(), namespace, { app: 'adopt-release', count: 2 });
        const path = `${pathIn(namespace, 'v1', 'pods')}/${pod!.metadata.name}`;
        const owner = async (): Promise<string | undefined> =>
            (await cluster().get(path)).metadata.ownerReferences?.[0]?.uid;
        expect(await owner()).toBe(job.metadata.uid);
        await cluster().patch(path, 'merge', { metadata: { ownerReferences: null } });
        await eventually('it is adopted', async () => (await owner()) === job.metadata.uid);
        const labels = Object.keys(pod!.metadata.labels ?? {}).map((key) => [key, null]);
        await cluster().patch(path, 'merge', { metadata: { labels: Object.fromEntries(labels) as object } });
        await eventually('it is released', async () => (await owner()) === undefined);
    });

    it('CronJobs are created, read, changed and deleted, and have a status', async () => {
        const namespace = await cluster().namespace('cronjob');
        await expectDiscovered(cluster(), 'batch', ['cronjobs', 'cronjobs/status']);
        const status = { lastScheduleTime: '2026-01-02T03:04:05Z' };
        await expectOperations(cluster(), {
            ...{ group: 'batch', version: 'v1', plural: 'cronjobs', kind: 'CronJob', namespace },
            make: () => ({
                spec: {
                    schedule: '* */1 * * ?',
                    concurrencyPolicy: 'Allow',
                    suspend: true,
                    jobTemplate: { spec: { template: template('cron') } },
                },
            }),
            statusPatches: [
                {
                    type: 'merge',
                    body: { metadata: { annotations: { patchedstatus: 'true' } }, status },
                    shows: { metadata: { annotations: { patchedstatus: 'true' } }, status },
                },
            ],
            statusUpdate: {
                change: (object) => {
                    (object as Live<V1CronJob>).status = { lastScheduleTime: '2026-01-02T04:04:05Z' };
                },
                shows: { status: { lastScheduleTime: '2026-01-02T04:04:05Z' } },
            },
        });
    });
}
