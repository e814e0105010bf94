import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { V1DaemonSet, V1Job, V1PodList } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, pod, shell } from '../../harness/manifests.ts';

/** Jobs, DaemonSets, ReplicationControllers, headless Services, namespaces, static pods. */
export function walkWorkloads(kubectl: () => Kubectl, staticPodDirectory: () => string): void {
    describe('Jobs', () => {
        it('runs its completions in parallel and is Complete', async () => {
            const k = kubectl();
            const job: V1Job = {
                apiVersion: 'batch/v1',
                kind: 'Job',
                metadata: { name: 'sums' },
                spec: {
                    completions: 4,
                    parallelism: 2,
                    template: {
                        spec: { restartPolicy: 'Never', containers: [shell('main', 'echo $((40+2))')] },
                    },
                },
            };
            await k.send('create', job);
            await k.ok('wait --for=condition=Complete job/sums --timeout=60s');
            expect(await k.ok('get jobs')).toMatch(/^sums\s+Complete\s+4\/4/m);
            const { items } = await k.json<V1PodList>('get pods -l batch.kubernetes.io/job-name=sums');
            expect(items).toHaveLength(4);
            expect(await k.ok(`logs ${items[0]?.metadata?.name}`)).toBe('42\n');
            await k.ok('delete job sums');
            await eventually(
                'its pods are gone',
                async () => (await k.ok('get pods -l batch.kubernetes.io/job-name=sums -o name')) === '',
            );
        }, 90_000);

        it('that fails more often than its backoffLimit is Failed', async () => {
            const k = kubectl();
            const spec = {
                backoffLimit: 0,
                template: { spec: { restartPolicy: 'Never', containers: [shell('main', 'exit 1')] } },
            };
            await k.send('create', {
                apiVersion: 'batch/v1',
                kind: 'Job',
                metadata: { name: 'hopeless' },
                spec,
            });
            await k.ok('wait --for=condition=Failed job/hopeless --timeout=60s');
            const { status } = await k.json<V1Job>('get job hopeless');
            expect(status?.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe(
                'BackoffLimitExceeded',
            );
            await k.ok('delete job hopeless');
        }, 90_000);
    });

    describe('DaemonSets', () => {
        it('runs one pod on the node, and puts it back when it is deleted', async () => {
            const k = kubectl();
            await k.send('create', {
                apiVersion: 'apps/v1',
                kind: 'DaemonSet',
                metadata: { name: 'everywhere' },
                spec: {
                    selector: { matchLabels: { app: 'everywhere' } },
                    template: {
                        metadata: { labels: { app: 'everywhere' } },
                        spec: { terminationGracePeriodSeconds: 1, containers: [shell('main', idle)] },
                    },
                },
            });
            await k.ok('rollout status daemonset/everywhere --timeout=60s');
            const { status } = await k.json<V1DaemonSet>('get daemonset everywhere');
            expect(status).toMatchObject({ desiredNumberScheduled: 1, numberReady: 1 });
            const name = (await k.ok('get pods -l app=everywhere -o name')).trim();
            await k.ok(`delete ${name}`);
            await eventually('another one is ready', async () => {
                const names = (await k.ok('get pods -l app=everywhere --no-headers')).trim();
                return /1\/1\s+Running/.test(names) && !names.includes(name.replace('pod/', ''));
            });
            await k.ok('delete daemonset everywhere');
        }, 90_000);
    });

    describe('ReplicationControllers', () => {
        it('keeps its number of pods', async () => {
            const k = kubectl();
            const labels = { app: 'old-style' };
            await k.send('create', {
                apiVersion: 'v1',
                kind: 'ReplicationController',
                metadata: { name: 'old-style' },
                spec: {
                    replicas: 2,
                    selector: labels,
                    template: {
                        metadata: { labels },
                        spec: { terminationGracePeriodSeconds: 1, containers: [shell('main', idle)] },
                    },
                },
            });
            await eventually('two are ready', async () =>
                /^old-style\s+2\s+2\s+2/m.test(await k.ok('get rc old-style')),
            );
            await k.ok('scale rc old-style --replicas=1');
            await eventually('one is left', async () =>
                /^old-style\s+1\s+1\s+1/m.test(await k.ok('get rc old-style')),
            );
            await k.ok('delete rc old-style');
        }, 90_000);
    });

    describe('namespaces', () => {
        it('deleting one deletes everything in it', async () => {
            const k = kubectl();
            await k.ok('create namespace short-lived');
            await k.ok('create deployment inner --image=hyperkube/hello:1 -n short-lived');
            await k.ok('create configmap inner -n short-lived');
            await k.ok('rollout status deployment/inner -n short-lived --timeout=60s');
            await k.ok('delete namespace short-lived --timeout=60s');
            await k.refused('get namespace short-lived');
            expect(await k.ok('get all,configmaps -n short-lived --ignore-not-found')).toBe('');
        }, 120_000);
    });

    describe('static pods', () => {
        it('a manifest in the directory runs with a mirror pod, which cannot be deleted for good', async () => {
            const k = kubectl();
            const file = join(staticPodDirectory(), 'static.json');
            writeFileSync(file, JSON.stringify(pod('static', { containers: [shell('main', idle)] })));
            const before = await eventually('the mirror pod is ready', async () => {
                const { stdout } = await k.run('get pod static-node-1 --no-headers');
                return /1\/1\s+Running/.test(stdout) ? await k.pod('static-node-1') : undefined;
            });
            expect(before.metadata?.annotations).toHaveProperty(['kubernetes.io/config.mirror']);
            expect(before.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'node-1' });
            const container = before.status?.containerStatuses?.[0]?.containerID;
            await k.ok('delete pod static-node-1 --grace-period=0 --force');
            await eventually('it is back, its container never stopped', async () => {
                const { stdout } = await k.run('get pod static-node-1 -o json');
                const after = JSON.parse(stdout || '{}') as typeof before;
                return (
                    after.metadata?.uid !== before.metadata?.uid &&
                    after.status?.containerStatuses?.[0]?.containerID === container
                );
            });
            rmSync(file);
            await eventually('it goes with the file', async () =>
                (await k.run('get pod static-node-1')).stderr.includes('NotFound'),
            );
        }, 90_000);
    });
}
