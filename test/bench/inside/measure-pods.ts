import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { V1Pod } from '../../../src/api/meta/object.ts';
import type { Client } from '../../../src/client/client.ts';
import { pods } from '../../../src/client/resource-type.ts';
import { adminClient } from './client.ts';
import { watchUntil } from './wait-for-object.ts';

const run = promisify(execFile);
const podTimeoutMs = 60_000;

export interface PodTimes {
    podMs: number[];
    dockerMs: number[];
}

/** Alternates: one pod of one container to Running, then `docker run` of the same two containers. */
export async function measurePods(parameters: {
    kubeconfig: string;
    image: string;
    rounds: number;
}): Promise<PodTimes> {
    const { kubeconfig, image, rounds } = parameters;
    const client = await adminClient(kubeconfig);
    const times: PodTimes = { podMs: [], dockerMs: [] };
    await onePod(client, image, 'warm-up');
    const pauseImage = await pauseImageName();
    for (let round = 0; round < rounds; round++) {
        times.dockerMs.push(await twoContainers(pauseImage, image));
        times.podMs.push(await onePod(client, image, `round-${round}`));
    }
    client.close();
    return times;
}

async function onePod(client: Client, image: string, name: string): Promise<number> {
    const namespace = 'default';
    const running = await watchUntil(client, pods, {
        namespace,
        timeoutMs: podTimeoutMs,
        isWanted: (pod) => pod.metadata.name === name && pod.status?.phase === 'Running',
    });
    const began = performance.now();
    await client.resource(pods).create(sleepingPod(namespace, name, image));
    await running.seen;
    const elapsed = performance.now() - began;
    const gone = await watchUntil(client, pods, {
        namespace,
        timeoutMs: podTimeoutMs,
        isWanted: (pod, event) => pod.metadata.name === name && event === 'DELETED',
    });
    await client.resource(pods).delete({ namespace, name }, { gracePeriodSeconds: 1 });
    await gone.seen;
    return elapsed;
}

function sleepingPod(namespace: string, name: string, image: string): V1Pod {
    return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name },
        spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: 'app', image, imagePullPolicy: 'Never', command: ['sleep', '1000000'] }],
        },
    };
}

/** The image of the warm-up pod's sandbox is still there; the newest of that name is taken. */
async function pauseImageName(): Promise<string> {
    const { stdout } = await run('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}']);
    const name = stdout.split('\n').find((line) => /\bpause\b/.test(line));
    if (name === undefined) throw new Error(`no pause image among ${stdout}`);
    return name;
}

async function twoContainers(pauseImage: string, image: string): Promise<number> {
    const began = performance.now();
    const pause = await detached('--network', 'none', pauseImage);
    const app = await detached(
        '--network',
        `container:${pause}`,
        '--ipc',
        `container:${pause}`,
        image,
        'sleep',
        '1000000',
    );
    const elapsed = performance.now() - began;
    await run('docker', ['rm', '-f', app, pause]);
    return elapsed;
}

async function detached(...args: string[]): Promise<string> {
    const shareable = args[1] === 'none' ? ['--ipc', 'shareable'] : [];
    const { stdout } = await run('docker', ['run', '-d', ...shareable, ...args]);
    return stdout.trim();
}
