import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1Container, V1ContainerStatus, V1Node, V1Pod, V1PodSpec } from '../../src/api/meta/object.ts';
import { Cluster } from '../harness/cluster.ts';
import { eventually, Machine } from '../harness/machine.ts';

let cluster: Cluster;
let manifests: string;

type Part<T> = { [K in keyof T]?: T[K] };

/** A pod with one container that runs a shell script; graceful deletion is quick. */
function pod(
    name: string,
    script: string,
    container: Part<V1Container> = {},
    spec: Part<V1PodSpec> = {},
): V1Pod {
    const main = { name: 'main', image: 'busybox:local', command: ['sh', '-c', script], ...container };
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { terminationGracePeriodSeconds: 2, ...spec, containers: [main] },
    };
}

const wait = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
const web = 'mkdir -p /srv; echo fine > /srv/health; httpd -f -p 8080 -h /srv';
const ports = [{ name: 'web', containerPort: 8080 }];
const exec = (script: string) => ({ exec: { command: ['sh', '-c', script] } });
const quick = { periodSeconds: 1, failureThreshold: 2 };
const health = { ...quick, httpGet: { path: '/health', port: 'web' } };

const pods: V1Pod[] = [
    pod('http', web, { ports, readinessProbe: { ...health, failureThreshold: 1 }, livenessProbe: health }),
    pod('tcp', web, { ports, readinessProbe: { ...quick, tcpSocket: { port: 'web' } } }),
    pod(
        'host-network',
        web.replace('8080', '18080'),
        { readinessProbe: { ...quick, httpGet: { path: '/health', port: 18080 } } },
        { hostNetwork: true },
    ),
    pod('nameless-port', wait, { readinessProbe: { ...quick, tcpSocket: { port: 'none' } } }),
    pod('startup', wait, {
        startupProbe: { ...quick, ...exec('test -e /tmp/up'), failureThreshold: 100 },
        livenessProbe: { ...quick, ...exec('test -e /tmp/up'), failureThreshold: 1 },
    }),
    pod('never-up', wait, { startupProbe: { ...quick, ...exec('echo not yet; exit 1') } }),
    pod('bad-hook', wait, { lifecycle: { postStart: exec('exit 7') } }),
    pod('long-hook', wait, { lifecycle: { preStop: exec('sleep 100') } }),
    pod('deadline', wait, {}, { activeDeadlineSeconds: 4 }),
    pod(
        'retried',
        'test -e /data/seen && exit 0; touch /data/seen; exit 3',
        { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
        { restartPolicy: 'OnFailure', volumes: [{ name: 'data', emptyDir: {} }] },
    ),
    pod('failed', 'exit 3', {}, { restartPolicy: 'Never' }),
    // The container outlives the process that is killed: Docker hears of the kill and of the end on two ways.
    pod(
        'oom',
        'tail /dev/zero; code=$?; sleep 1; exit $code',
        { resources: { limits: { memory: '16Mi' } } },
        { restartPolicy: 'Never' },
    ),
    pod('gated', wait, {}, { readinessGates: [{ conditionType: 'example.com/gate' }] }),
    pod('plain', wait),
    pod(
        'volumes',
        wait,
        {
            env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            securityContext: { runAsUser: 1000 },
            volumeMounts: [
                { name: 'config', mountPath: '/config' },
                { name: 'data', mountPath: '/log', subPathExpr: 'logs/$(POD)' },
            ],
        },
        {
            securityContext: { fsGroup: 4242 },
            volumes: [
                { name: 'data', emptyDir: {} },
                {
                    name: 'config',
                    projected: {
                        sources: [
                            {
                                configMap: {
                                    name: 'settings',
                                    items: [{ key: 'a', path: 'sub/a', mode: 0o400 }],
                                },
                            },
                            { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
                        ],
                    },
                },
            ],
        },
    ),
];

const get = async (name: string, namespace = 'default') =>
    await cluster.json<V1Pod>(`get pod ${name} -n ${namespace}`);

async function until(name: string, what: string, check: (pod: V1Pod) => boolean): Promise<V1Pod> {
    return await eventually(
        `${name} ${what}`,
        async () => {
            const found = await get(name);
            return check(found) && found;
        },
        30_000,
    );
}

const main = (found: V1Pod): V1ContainerStatus | undefined => found.status?.containerStatuses?.[0];
const isReady = (found: V1Pod): boolean =>
    found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** "reason: message" of the events about a pod. */
async function events(name: string): Promise<string> {
    const selector = `--field-selector=involvedObject.name=${name}`;
    const format = '-o=jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}';
    return await cluster.ok(['get', 'events', selector, format]);
}

async function eventAbout(name: string, text: string): Promise<void> {
    await eventually(`event of ${name}: ${text}`, async () => (await events(name)).includes(text), 30_000);
}

beforeAll(async () => {
    const machine = await Machine.create();
    manifests = machine.makeDirectory('manifests');
    cluster = await Cluster.create({ machine, args: ['--pod-manifest-path', manifests] });
    await cluster.ok('create configmap settings --from-literal=a=old');
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods });
    await cluster.ok('apply -f -', { input: list });
}, 120_000);

afterAll(async () => {
    await cluster.close();
}, 60_000);

describe('probes', () => {
    it('a page that answers makes its pod ready; one that does not unreadies and then restarts it', async () => {
        await until('http', 'is ready', isReady);
        await cluster.ok('exec http -- rm /srv/health');
        await eventAbout('http', 'Readiness probe failed: HTTP probe failed with statuscode: 404');
        await eventAbout('http', 'Liveness probe failed: HTTP probe failed with statuscode: 404');
        await eventAbout('http', 'Container main failed liveness probe, will be restarted');
        await until(
            'http',
            'is ready after its restart',
            (found) => isReady(found) && main(found)?.restartCount === 1,
        );
    }, 60_000);

    it('named ports and the host network are reached; a name that does not exist is an error of the probe', async () => {
        await until('tcp', 'is ready', isReady);
        await until('host-network', 'is ready', isReady);
        const text =
            'Readiness probe errored and resulted in unknown state: failed to find port "none" on container "main"';
        await eventAbout('nameless-port', text);
    }, 60_000);

    it('a startup probe holds liveness back until it succeeds', async () => {
        await until('startup', 'runs', (found) => main(found)?.state?.running !== undefined);
        expect(main(await get('startup'))).toMatchObject({ started: false, ready: false, restartCount: 0 });
        await cluster.ok('exec startup -- touch /tmp/up');
        await until('startup', 'is ready', isReady);
        await cluster.ok('exec startup -- rm /tmp/up');
        await until('startup', 'is restarted', (found) => main(found)?.restartCount === 1);
    }, 60_000);

    it('a container that its probe kills again and again is backed off', async () => {
        await eventAbout('never-up', 'Startup probe failed: not yet');
        const found = await until(
            'never-up',
            'backs off',
            (seen) => main(seen)?.state?.waiting?.reason === 'CrashLoopBackOff',
        );
        expect(main(found)?.state?.waiting?.message).toMatch(
            /^back-off [124]0s restarting failed container=main pod=never-up_default\([0-9a-f-]{36}\)$/,
        );
    }, 60_000);
});

describe('the end of containers and pods', () => {
    it('restart policies, exit codes, memory limits and deadlines show in the status', async () => {
        const failed = await until('failed', 'ended', ({ status }) => status?.phase === 'Failed');
        expect(main(failed)?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
        const oom = await until('oom', 'ended', ({ status }) => status?.phase === 'Failed');
        expect(main(oom)?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
        const retried = await until('retried', 'ended', ({ status }) => status?.phase === 'Succeeded');
        expect(main(retried)).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3 } } });
        const deadline = await until('deadline', 'ended', ({ status }) => status?.phase === 'Failed');
        expect(deadline.status?.reason).toBe('DeadlineExceeded');
    }, 60_000);

    it('a postStart hook that fails ends its container', async () => {
        await eventAbout('bad-hook', 'FailedPostStartHook: PostStartHook failed');
    }, 60_000);

    it('a preStop hook has the grace period and no more', async () => {
        await until('long-hook', 'is ready', isReady);
        const began = performance.now();
        await cluster.ok('delete pod long-hook');
        expect(performance.now() - began).toBeLessThan(8000);
        expect(await events('long-hook')).toContain('FailedPreStopHook: PreStopHook failed');
    }, 60_000);
});

describe('changes of a running pod', () => {
    it('an ephemeral container sees the processes of the one it is aimed at', async () => {
        await until('plain', 'is ready', isReady);
        await cluster.ok('debug plain --image=busybox:local --target=main --profile=general -c look -- ps');
        const log = await eventually('the debug container has run', async () => {
            const text = await cluster.ok('logs plain -c look');
            return text.includes('ps') && text;
        });
        expect(log).toMatch(/\b1 root .*trap/);
        expect((await get('plain')).status?.ephemeralContainerStatuses?.[0]?.name).toBe('look');
    }, 60_000);

    it('another image replaces that container in place', async () => {
        const { podIP } = (await get('plain')).status ?? {};
        await cluster.ok('set image pod/plain main=hyperkube/hello:1');
        await eventAbout('plain', 'Killing: Container main definition changed, will be restarted');
        const found = await until(
            'plain',
            'runs again',
            (seen) => main(seen)?.restartCount === 1 && isReady(seen),
        );
        expect(found.status?.podIP).toBe(podIP);
        expect(main(found)?.image).toBe('hyperkube/hello:1');
    }, 60_000);

    it('a readiness gate keeps a pod unready until its condition is true', async () => {
        const gated = await until('gated', 'runs', (found) => main(found)?.ready === true);
        const ready = gated.status?.conditions?.find(({ type }) => type === 'Ready');
        expect(ready).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
        const body = JSON.stringify({
            status: { conditions: [{ type: 'example.com/gate', status: 'True' }] },
        });
        const contentType = 'application/strategic-merge-patch+json';
        const path = '/api/v1/namespaces/default/pods/gated/status';
        expect((await cluster.request('PATCH', path, { body, contentType })).status).toBe(200);
        await until('gated', 'is ready', isReady);
    }, 60_000);

    it('volumes have their modes and groups, and follow their ConfigMap', async () => {
        await until('volumes', 'is ready', isReady);
        const look = 'touch /log/x && stat -L -c "%a %u %g" /config/sub/a /config/token /log /log/x';
        const lines = (await cluster.ok(['exec', 'volumes', '--', 'sh', '-c', look])).trim().split('\n');
        expect(lines).toEqual(['440 0 4242', '640 1000 4242', '2777 0 4242', '644 1000 4242']);
        await cluster.ok(['patch', 'configmap', 'settings', '-p', '{"data":{"a":"new"}}']);
        await eventually(
            'the file is new',
            async () => (await cluster.ok('exec volumes -- cat /config/sub/a')) === 'new',
            10_000,
        );
    }, 60_000);
});

describe('static pods in the API', () => {
    const write = (seconds: number) => {
        const manifest = pod('static', `sleep ${seconds}`, {}, { terminationGracePeriodSeconds: 1 });
        writeFileSync(join(manifests, 'static.json'), JSON.stringify(manifest));
    };

    it('a mirror comes back when it is deleted, follows the manifest, and goes with it', async () => {
        write(1000);
        const name = 'static-node-1';
        const first = await eventually('the mirror is ready', async () => {
            const found = await get(name);
            return isReady(found) && found;
        });
        const { annotations } = first.metadata ?? {};
        expect(annotations?.['kubernetes.io/config.mirror']).toBe(annotations?.['kubernetes.io/config.hash']);
        expect(first.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'node-1' });

        await cluster.ok(`delete pod ${name} --wait=false`);
        const second = await until(
            name,
            'is another object',
            ({ metadata }) => metadata?.uid !== first.metadata?.uid,
        );
        await until(name, 'has a status', isReady);
        expect(main(await get(name))?.containerID).toBe(main(first)?.containerID);

        write(1001);
        await eventually('the new manifest runs', async () => {
            const found = await get(name);
            return found.metadata?.uid !== second.metadata?.uid && isReady(found);
        });
        rmSync(join(manifests, 'static.json'));
        await eventually(
            'the mirror is gone',
            async () => (await cluster.kubectl(`get pod ${name}`)).code !== 0,
        );
    }, 60_000);
});

describe('Docker comes and goes', () => {
    const readyCondition = async () =>
        (await cluster.json<V1Node>('get node node-1')).status?.conditions?.find(
            ({ type }) => type === 'Ready',
        );

    it('pods of a machine that was rebooted run again, also when Docker starts after the kubelet', async () => {
        const before = await get('volumes');
        const { machine } = cluster;
        await cluster.ok('delete pod tcp --wait=false --grace-period=30');
        await cluster.stop();
        await machine.cutPowerOfDocker();

        const starting = cluster.start();
        const down = await eventually('the node is not ready', async () => {
            const condition = await readyCondition();
            return condition?.status === 'False' && condition;
        });
        expect(down).toMatchObject({ reason: 'KubeletNotReady' });
        expect(down.message).toContain('container runtime is down');
        await machine.startDocker();
        await starting;
        await eventually('the node is ready', async () => (await readyCondition())?.status === 'True');
        const after = await until(
            'volumes',
            'runs again',
            (found) => main(found)?.restartCount === 1 && isReady(found),
        );
        expect(after.status?.podIP).not.toBe(before.status?.podIP);
        await eventAbout('volumes', 'SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
        await eventually(
            'the deleted pod is gone',
            async () => (await cluster.kubectl('get pod tcp')).code !== 0,
        );
    }, 120_000);
});
