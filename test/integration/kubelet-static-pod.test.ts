import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../../src/api/meta/object.ts';
import { CniNetwork } from '../../src/components/kubelet/network/cni.ts';
import { Kubelet } from '../../src/components/kubelet/kubelet.ts';
import {
    createDockerRuntime,
    type DockerRuntime,
} from '../../src/components/kubelet/runtime/docker-runtime.ts';
import { createLogger, silentLogger } from '../../src/util/logger.ts';
import { eventually } from '../harness/machine.ts';

const unique = `hkkl${process.pid}`;
const image = `${unique}/busybox:1`;
const pauseImage = `${unique}/pause:1`;
const logger = process.env['KUBELET_TEST_LOG'] === undefined ? silentLogger() : createLogger('debug');

const docker = (...args: string[]): string =>
    execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let root = '';
let manifests = '';
let runtime: DockerRuntime;
let kubelet: Kubelet;

async function startKubelet(): Promise<void> {
    runtime = await createDockerRuntime({
        logger,
        network: new CniNetwork({
            logger,
            podCidrs: () => [],
            stateDirectory: join(root, 'cni'),
            configDirectory: join(root, 'net.d'),
        }),
        rootDirectory: root,
        pauseImage,
    });
    kubelet = new Kubelet({
        nodeName: unique,
        nodeIps: ['127.0.0.1'],
        client: undefined,
        runtime,
        logger,
        rootDirectory: root,
        podManifestPath: manifests,
        fileCheckFrequencyMs: 1000,
    });
    await kubelet.start();
}

async function stopKubelet(): Promise<void> {
    await kubelet.stop();
    await runtime.close();
}

function writeManifest(name: string, spec: object): void {
    const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: unique },
        spec: { hostNetwork: true, ...spec },
    };
    // Renamed into place, as an editor does.
    writeFileSync(join(root, `${name}.tmp`), JSON.stringify(pod));
    renameSync(join(root, `${name}.tmp`), join(manifests, `${name}.json`));
}

const podOf = (name: string): V1Pod | undefined => kubelet.podByName(unique, `${name}-${unique}`);
const statusOf = (name: string, container: string) =>
    podOf(name)?.status?.containerStatuses?.find((status) => status.name === container);

function containerIds(): string[] {
    return docker('ps', '-aq', '--no-trunc', '--filter', `label=io.kubernetes.pod.namespace=${unique}`)
        .split('\n')
        .filter((id) => id !== '')
        .sort();
}

function logOf(name: string, container: string): string {
    const pod = podOf(name);
    const id = pod && kubelet.containerId(pod, container, false);
    return id === undefined ? '' : docker('logs', id);
}

const shell = (script: string) => ({ image, command: ['/bin/busybox', 'sh', '-c', script] });

beforeAll(async () => {
    root = mkdtempSync(`/var/tmp/${unique}-`);
    manifests = join(root, 'manifests');
    mkdirSync(manifests);
    mkdirSync(join(root, 'image/bin'), { recursive: true });
    execFileSync('cp', ['/bin/busybox', join(root, 'image/bin/busybox')]);
    execFileSync('sh', ['-c', `tar -C ${join(root, 'image')} -c . | docker import - ${image}`]);
    await startKubelet();
}, 60_000);

afterAll(async () => {
    await stopKubelet();
    const ids = containerIds();
    if (ids.length > 0) docker('rm', '-f', ...ids);
    for (const name of [image, pauseImage]) {
        try {
            docker('rmi', '-f', name);
        } catch {
            // Was never made.
        }
    }
    execFileSync('sh', [
        '-c',
        `grep ' ${root}/' /proc/self/mounts | cut -d' ' -f2 | sort -r | xargs -r -n1 umount -l`,
    ]);
    rmSync(root, { recursive: true, force: true });
}, 60_000);

describe('a kubelet without API server', () => {
    it('runs a static pod with init container, variables and shared volumes', async () => {
        writeManifest('web', {
            initContainers: [
                {
                    name: 'prepare',
                    ...shell('echo from-init > /data/file'),
                    volumeMounts: [{ name: 'data', mountPath: '/data' }],
                },
            ],
            containers: [
                {
                    name: 'main',
                    ...shell(
                        'cat /data/file; echo $GREETING; cat /etc/podinfo/labels; echo; exec /bin/busybox sleep 1000',
                    ),
                    env: [
                        { name: 'WHO', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                        { name: 'GREETING', value: 'hello $(WHO)' },
                        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
                    ],
                    resources: { limits: { memory: '64Mi', cpu: '250m' } },
                    volumeMounts: [
                        { name: 'data', mountPath: '/data' },
                        { name: 'info', mountPath: '/etc/podinfo' },
                    ],
                },
            ],
            volumes: [
                { name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
                {
                    name: 'info',
                    downwardAPI: {
                        items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.namespace' } }],
                    },
                },
            ],
        });
        await eventually(
            'the pod runs',
            async () => await Promise.resolve(podOf('web')?.status?.phase === 'Running'),
        );
        await eventually(
            'its log is complete',
            async () => await Promise.resolve(logOf('web', 'main').trim().endsWith(`\n${unique}`)),
        );
        expect(logOf('web', 'main')).toContain(`from-init\nhello web-${unique}\n${unique}`);
        const status = podOf('web')?.status;
        expect(status?.qosClass).toBe('Burstable');
        expect(status?.initContainerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed');
        expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
        expect(statusOf('web', 'main')?.containerID).toMatch(/^docker:\/\/[0-9a-f]{64}$/);
    }, 60_000);

    it('adopts running containers after a restart without touching them', async () => {
        const before = containerIds();
        await stopKubelet();
        await startKubelet();
        await eventually(
            'the pod is known again',
            async () => await Promise.resolve(podOf('web')?.status?.phase === 'Running'),
        );
        expect(containerIds()).toEqual(before);
        expect(statusOf('web', 'main')).toMatchObject({ restartCount: 0, ready: true, started: true });
    }, 60_000);

    it('restarts a container that dies, and counts it', async () => {
        const first = statusOf('web', 'main')?.containerID?.replace('docker://', '') ?? '';
        docker('kill', first);
        await eventually('it runs again', async () => {
            const status = statusOf('web', 'main');
            return await Promise.resolve(status?.restartCount === 1 && status.state?.running !== undefined);
        });
        expect(statusOf('web', 'main')?.lastState?.terminated).toMatchObject({
            exitCode: 137,
            reason: 'Error',
        });
    }, 60_000);

    it('backs off a container that keeps failing and shows its termination message', async () => {
        writeManifest('crash', {
            containers: [{ name: 'main', ...shell('echo broken > /dev/termination-log; exit 3') }],
        });
        await eventually(
            'it is in CrashLoopBackOff',
            async () =>
                await Promise.resolve(
                    statusOf('crash', 'main')?.state?.waiting?.reason === 'CrashLoopBackOff',
                ),
        );
        const status = statusOf('crash', 'main');
        expect(status?.lastState?.terminated).toMatchObject({
            exitCode: 3,
            reason: 'Error',
            message: 'broken\n',
        });
        expect(status?.state?.waiting?.message).toMatch(
            /^back-off 10s restarting failed container=main pod=crash-/,
        );
        expect(podOf('crash')?.status?.phase).toBe('Running');
        rmSync(join(manifests, 'crash.json'));
    }, 60_000);

    it('replaces a container whose liveness probe fails', async () => {
        writeManifest('sick', {
            terminationGracePeriodSeconds: 1,
            containers: [
                {
                    name: 'main',
                    ...shell('/bin/busybox sleep 1000'),
                    livenessProbe: {
                        exec: { command: ['/bin/busybox', 'false'] },
                        periodSeconds: 1,
                        failureThreshold: 2,
                    },
                },
            ],
        });
        await eventually(
            'it was restarted',
            async () => await Promise.resolve((statusOf('sick', 'main')?.restartCount ?? 0) >= 1),
        );
        rmSync(join(manifests, 'sick.json'));
    }, 60_000);

    it('starts a pod as soon as its missing image is there', async () => {
        const missing = `${unique}/late:1`;
        writeManifest('late', {
            terminationGracePeriodSeconds: 1,
            containers: [
                {
                    name: 'main',
                    ...shell('/bin/busybox sleep 1000'),
                    image: missing,
                    imagePullPolicy: 'Never',
                },
            ],
        });
        await eventually(
            'it waits for the image',
            async () =>
                await Promise.resolve(
                    statusOf('late', 'main')?.state?.waiting?.reason === 'ErrImageNeverPull',
                ),
        );
        docker('tag', image, missing);
        await eventually(
            'it runs',
            async () => await Promise.resolve(podOf('late')?.status?.phase === 'Running'),
        );
        rmSync(join(manifests, 'late.json'));
        await eventually('it is gone', async () => await Promise.resolve(podOf('late') === undefined));
        docker('rmi', missing);
    }, 60_000);

    it('ends pods whose manifests were removed while it was down, and cleans up', async () => {
        await stopKubelet();
        rmSync(join(manifests, 'web.json'));
        await startKubelet();
        await eventually('nothing is left', async () => await Promise.resolve(containerIds().length === 0));
        expect(kubelet.pods()).toEqual([]);
        await eventually(
            'its directory is removed',
            async () =>
                await Promise.resolve(execFileSync('ls', [join(root, 'pods')], { encoding: 'utf8' }) === ''),
        );
    }, 60_000);
});
