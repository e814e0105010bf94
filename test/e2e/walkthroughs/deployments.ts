import { describe, expect, it } from '@jest/globals';
import type { V1Deployment, V1PodList } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { idle, shell } from '../../harness/manifests.ts';

function deployment(name: string, replicas: number, strategy: 'Recreate' | 'RollingUpdate'): V1Deployment {
    const labels = { app: name };
    return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: {
            replicas,
            selector: { matchLabels: labels },
            strategy: { type: strategy },
            template: {
                metadata: { labels },
                spec: { terminationGracePeriodSeconds: 1, containers: [shell('main', idle)] },
            },
        },
    };
}

const podNames = async (k: Kubectl, app: string): Promise<string[]> =>
    (await k.json<V1PodList>(`get pods -l app=${app}`)).items.map(({ metadata }) => metadata?.name ?? '');

/** Section 5: Deployments. */
export function walkDeployments(kubectl: () => Kubectl): void {
    describe('Deployments', () => {
        it('a rolling update under load loses no request', async () => {
            const k = kubectl();
            await k.send('create', {
                apiVersion: 'apps/v1',
                kind: 'Deployment',
                metadata: { name: 'rolling' },
                spec: {
                    replicas: 3,
                    selector: { matchLabels: { app: 'rolling' } },
                    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
                    template: {
                        metadata: { labels: { app: 'rolling' } },
                        spec: {
                            terminationGracePeriodSeconds: 5,
                            containers: [
                                {
                                    name: 'hello',
                                    image: 'hyperkube/hello:1',
                                    readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 },
                                    lifecycle: { preStop: { sleep: { seconds: 2 } } },
                                },
                            ],
                        },
                    },
                },
            });
            await k.ok('expose deployment rolling --port=80');
            await k.ok('rollout status deployment/rolling --timeout=60s');
            const ip = await k.ok('get service rolling -o jsonpath={.spec.clusterIP}');
            await eventually('it answers', async () => await k.cluster.fetchPage(`http://${ip}/`));
            await k.ok('set image deployment/rolling hello=hyperkube/hello:2');
            const over = new AbortController();
            const rollout = k.ok('rollout status deployment/rolling --timeout=90s').finally(() => {
                over.abort();
            });
            const failures: unknown[] = [];
            do {
                const pages = await k.cluster.fetchPages(`http://${ip}/`, 50);
                failures.push(...pages.filter((page) => typeof page !== 'string'));
            } while (!over.signal.aborted);
            await rollout;
            expect(failures).toEqual([]);
            await k.ok('delete deployment,service rolling');
        }, 150_000);

        it('Recreate ends all old pods before it makes a new one', async () => {
            const k = kubectl();
            await k.send('create', deployment('recreated', 2, 'Recreate'));
            await k.ok('rollout status deployment/recreated --timeout=60s');
            const old = await podNames(k, 'recreated');
            const watch = k.start('get pods -l app=recreated -w --output-watch-events --no-headers');
            await watch.until(/recreated/);
            await k.ok('set env deployment/recreated CHANGED=yes');
            await k.ok('rollout status deployment/recreated --timeout=60s');
            await watch.end();
            const lines = watch.output.split('\n');
            const firstNew = lines.findIndex(
                (line) => line.includes('recreated-') && !old.some((name) => line.includes(name)),
            );
            const before = lines.slice(0, firstNew);
            const stopped = old.filter((name) =>
                before.some((line) => line.includes(name) && /DELETED|0\/1/.test(line)),
            );
            expect(stopped).toEqual(old);
            await k.ok('delete deployment recreated');
        }, 90_000);

        it('an update to an image that does not exist leaves the old pods serving; undo heals it', async () => {
            const k = kubectl();
            await k.send('create', deployment('careful', 2, 'RollingUpdate'));
            await k.ok('rollout status deployment/careful --timeout=60s');
            await k.ok('set image deployment/careful main=10.213.0.2:5000/never:1');
            await eventually('the new pod waits for its image', async () =>
                /ErrImagePull|ImagePullBackOff/.test(await k.ok('get pods -l app=careful')),
            );
            const { status } = await k.json<V1Deployment>('get deployment careful');
            expect(status?.availableReplicas).toBe(2);
            await k.ok('rollout undo deployment/careful');
            expect(await k.ok('rollout status deployment/careful --timeout=60s')).toContain('successfully');
            await k.ok('delete deployment careful');
        }, 90_000);

        it('deleting a Deployment deletes its ReplicaSets and pods; --cascade=orphan leaves them', async () => {
            const k = kubectl();
            await k.send('create', deployment('parent', 1, 'RollingUpdate'));
            await k.ok('rollout status deployment/parent --timeout=60s');
            await k.ok('delete deployment parent --cascade=orphan');
            const sets = await k.ok('get rs -l app=parent -o name');
            expect(sets).toMatch(/^replicaset.apps\/parent-\S+\n$/);
            expect(await podNames(k, 'parent')).toHaveLength(1);
            await k.ok(`delete ${sets.trim()}`);
            await eventually('the pod is gone', async () => (await podNames(k, 'parent')).length === 0);
        }, 90_000);
    });
}
