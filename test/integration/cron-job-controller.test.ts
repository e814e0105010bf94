import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stored, V1CronJob, V1CronJobSpec, V1Job } from '../../src/api/meta/object.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { cronJobs, events, jobs } from '../../src/client/resource-type.ts';
import { ControllerManager } from '../../src/components/controller-manager/controller-manager.ts';
import { systemClock, type Clock } from '../../src/util/clock.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually, startApiServer, type TestApiServer } from './support/api-server.ts';

const namespace = 'default';
const minuteMs = 60_000;
const logger = process.env['TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');

let api: TestApiServer;
let manager: ControllerManager;
let informers: InformerFactory;
/** The controller's wall clock is ahead by this; its timers are real. */
let aheadMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };

beforeAll(async () => {
    api = await startApiServer({ logger });
    informers = new InformerFactory(api.admin, silentLogger());
    manager = new ControllerManager({
        clientFor: (name) => api.serviceAccount(name),
        informers,
        logger,
        enabled: ['cronjob-controller'],
        options: {},
        clock,
    });
    await manager.start();
});
/** Every test plays within one real minute, which the server's timestamps are of. */
beforeEach(async () => {
    aheadMs = 0;
    const leftMs = minuteMs - (Date.now() % minuteMs);
    if (leftMs < 6000) await new Promise((resolve) => setTimeout(resolve, leftMs + 100));
}, 10_000);
afterAll(async () => {
    await manager.stop();
    await informers.stop();
    await api.stop();
});

const get = async (name: string): Promise<Stored<V1CronJob>> =>
    await api.admin.resource(cronJobs).get({ namespace, name });
const jobsOf = async (name: string): Promise<Stored<V1Job>[]> =>
    (await api.admin.resource(jobs).list({ namespace })).items
        .filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === name)
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
const eventsOf = async (name: string, reason: string): Promise<string[]> => {
    const fieldSelector = `involvedObject.name=${name},reason=${reason}`;
    const list = await api.admin.resource(events).list({ namespace, fieldSelector });
    return list.items.map(({ message }) => message ?? '');
};
async function create(name: string, spec: Partial<V1CronJobSpec> = {}): Promise<void> {
    await api.admin.resource(cronJobs).create({
        metadata: { name, namespace },
        spec: {
            schedule: '* * * * *',
            ...spec,
            jobTemplate: {
                metadata: { labels: { app: name } },
                spec: {
                    template: {
                        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] },
                    },
                },
            },
        },
    });
}
/** Lets a minute pass, which the controller sees at the next change of its cron job. */
async function passMinute(name: string): Promise<void> {
    aheadMs += minuteMs;
    const body = { metadata: { annotations: { poke: String(aheadMs) } } };
    await api.admin.resource(cronJobs).patch({ namespace, name }, { type: 'merge', body });
}
async function finish(job: Stored<V1Job>): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+/, '');
    const condition = (type: string) => ({
        type,
        status: 'True',
        lastTransitionTime: now,
        reason: 'x',
        message: '',
    });
    await api.admin.resource(jobs).updateStatus({
        ...job,
        status: {
            startTime: now,
            completionTime: now,
            succeeded: 1,
            conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
        },
    });
}

describe('CronJobs', () => {
    it('start one job for each minute, named after it, and write down when', async () => {
        await create('every', { timeZone: 'Europe/Berlin' });
        expect(await jobsOf('every')).toHaveLength(0);
        await passMinute('every');
        const [job] = await eventually('a job is there', async () => {
            const found = await jobsOf('every');
            return found.length === 1 && found;
        });
        const { status } = await eventually('it is written down', async () => {
            const found = await get('every');
            return found.status?.lastScheduleTime !== undefined && found;
        });
        const scheduledMs = Date.parse(status!.lastScheduleTime!);
        expect(job?.metadata).toMatchObject({
            name: `every-${scheduledMs / minuteMs}`,
            labels: { app: 'every' },
            ownerReferences: [{ kind: 'CronJob', controller: true }],
        });
        const annotation = job?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'];
        expect(annotation).toMatch(/\+0[12]:00$/);
        expect(Date.parse(annotation!)).toBe(scheduledMs);
        expect(status?.active).toMatchObject([{ kind: 'Job', name: job?.metadata.name }]);
        await eventually('the event is there', async () =>
            (await eventsOf('every', 'SuccessfulCreate')).includes(`Created job ${job!.metadata.name}`),
        );
        await finish(job!);
        const after = await eventually('the end is seen', async () => {
            const found = (await get('every')).status;
            return found?.active === undefined && found;
        });
        expect(after.lastSuccessfulTime).toBeDefined();
        expect(await eventsOf('every', 'SawCompletedJob')).toEqual([
            `Saw completed job: ${job!.metadata.name}, condition: Complete`,
        ]);
    });

    it('keep as many finished jobs as the history limit says', async () => {
        await create('short', { successfulJobsHistoryLimit: 1 });
        for (let i = 1; i <= 3; i++) {
            await passMinute('short');
            const job = await eventually(`job ${i} runs`, async () =>
                (await jobsOf('short')).find(({ status }) => status?.conditions === undefined),
            );
            await finish(job);
        }
        await eventually('one is left', async () => (await jobsOf('short')).length === 1);
    });

    it('with Forbid wait for the job that runs, with Replace stop it', async () => {
        await create('forbid', { concurrencyPolicy: 'Forbid' });
        await create('replace', { concurrencyPolicy: 'Replace' });
        await passMinute('forbid');
        await passMinute('replace');
        await eventually('both run', async () => {
            return (await jobsOf('forbid')).length === 1 && (await jobsOf('replace')).length === 1;
        });
        const [replaced] = await jobsOf('replace');
        await eventually('both are written down', async () => {
            const active = [(await get('forbid')).status?.active, (await get('replace')).status?.active];
            return active.every((list) => list?.length === 1);
        });
        await passMinute('forbid');
        await passMinute('replace');
        await eventually('the other one has come', async () => {
            const [job] = await jobsOf('replace');
            return job !== undefined && job.metadata.name !== replaced!.metadata.name;
        });
        await eventually('the event tells', async () =>
            (await eventsOf('forbid', 'JobAlreadyActive')).includes(
                'Not starting job because prior execution is running and concurrency policy is Forbid',
            ),
        );
        expect(await jobsOf('forbid')).toHaveLength(1);
    });

    it('with Allow run several jobs at the same time', async () => {
        await create('allow', { concurrencyPolicy: 'Allow' });
        for (const count of [1, 2]) {
            await passMinute('allow');
            await eventually(`${count} are active`, async () => {
                const { status } = await get('allow');
                return status?.active?.length === count;
            });
        }
        expect(await jobsOf('allow')).toHaveLength(2);
    });

    it('start nothing while suspended, and nothing that is too late', async () => {
        await create('asleep', { suspend: true });
        await create('strict', { schedule: '0 0 1 1 *', startingDeadlineSeconds: 10 });
        await passMinute('asleep');
        await passMinute('strict');
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(await jobsOf('asleep')).toHaveLength(0);
        expect(await jobsOf('strict')).toHaveLength(0);
    });
});
