import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1ConfigMapList, V1PodList } from '../../src/api/meta/object.ts';
import { Cluster } from '../harness/cluster.ts';
import { Kubectl } from '../harness/kubectl.ts';
import { expectNothingLeft } from '../harness/leftovers.ts';
import { eventually, sleep } from '../harness/machine.ts';

let cluster: Cluster;
let kubectl: Kubectl;
let url: string;

beforeAll(async () => {
    cluster = await Cluster.create();
    kubectl = new Kubectl(cluster);
    await kubectl.ok('create deployment web --image=hyperkube/hello:1 --replicas=3 --port=80');
    await kubectl.ok('expose deployment web');
    await kubectl.ok('rollout status deployment/web --timeout=60s');
    url = `http://${await kubectl.ok('get service web -o jsonpath={.spec.clusterIP}')}/`;
    await serviceAnswers();
}, 120_000);

afterAll(async () => {
    await cluster.close();
    expectNothingLeft(cluster.machine);
}, 60_000);

async function serviceAnswers(): Promise<void> {
    await eventually('all three replicas answer', async () => {
        const pages = await cluster.fetchPages(url, 30);
        return pages.every((page) => typeof page === 'string') && new Set(pages).size === 3;
    });
}

async function webPods(): Promise<V1PodList['items']> {
    return (await kubectl.json<V1PodList>('get pods -l app=web')).items;
}

/** Every running container with the time of its start, as Docker knows them. */
async function runningContainers(): Promise<Map<string, string>> {
    const ids = (await cluster.docker('ps', '-q', '--no-trunc')).split('\n').filter((id) => id !== '');
    const lines = await cluster.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids);
    return new Map(
        lines
            .trim()
            .split('\n')
            .map((line) => line.split(' ') as [string, string]),
    );
}

async function countOfRestarts(): Promise<number> {
    const pods = await webPods();
    return pods.reduce((sum, { status }) => sum + (status?.containerStatuses?.[0]?.restartCount ?? 0), 0);
}

const acknowledgedNames = (output: string): string[] => output.split('\n').filter((line) => line !== '');

async function storedConfigMaps(): Promise<Set<string>> {
    const { items } = await kubectl.json<V1ConfigMapList>('get configmaps');
    for (const { metadata, data } of items)
        if (metadata?.name?.startsWith('load-')) expect(data).toEqual({ name: metadata.name });
    return new Set(items.map(({ metadata }) => metadata?.name ?? ''));
}

describe('self-healing', () => {
    it('a container killed in Docker comes back in the same pod', async () => {
        const [pod] = await webPods();
        const name = pod?.metadata?.name ?? '';
        const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
        await cluster.docker('kill', id);
        const after = await kubectl.untilPod(
            name,
            ({ status }) =>
                status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
        );
        expect(after.metadata?.uid).toBe(pod?.metadata?.uid);
        expect(after.status?.podIP).toBe(pod?.status?.podIP);
        expect(after.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137 });
        await serviceAnswers();
    }, 90_000);

    it('a pause container killed in Docker brings a new sandbox with all containers', async () => {
        const [, pod] = await webPods();
        const name = pod?.metadata?.name ?? '';
        await cluster.docker('kill', `k8s_POD_${name}_default_${pod?.metadata?.uid}_0`);
        await kubectl.untilPod(name, ({ status }) => {
            const container = status?.containerStatuses?.[0];
            return (
                container?.ready && container.containerID !== pod?.status?.containerStatuses?.[0]?.containerID
            );
        });
        await serviceAnswers();
    }, 90_000);

    it('a deleted pod is replaced by another', async () => {
        const before = (await webPods()).map(({ metadata }) => metadata?.name ?? '');
        await kubectl.ok(`delete pod ${before[0]} --grace-period=1`);
        await kubectl.ok('rollout status deployment/web --timeout=60s');
        await eventually('three pods, one of them new', async () => {
            const names = (await webPods()).map(({ metadata }) => metadata?.name ?? '');
            return names.length === 3 && !names.includes(before[0] ?? '');
        });
        await serviceAnswers();
    }, 90_000);

    it('killed with -9 under a writing load: no container restarts, nothing acknowledged is lost', async () => {
        const containers = await runningContainers();
        const restarts = await countOfRestarts();
        const load = cluster.startWriteLoad(8);
        await load.until(/load-0-20\n/);
        await cluster.kill();
        // Without hyperkube, containers and rules go on.
        expect(await cluster.fetchPage(url)).toContain('Hello from hyperkube');
        const atKill = acknowledgedNames(load.output);
        await cluster.start();
        await eventually('writes go on after the restart', () =>
            Promise.resolve(acknowledgedNames(load.output).length > atKill.length + 50),
        );
        load.endInput();
        await load.ended();
        const acknowledged = acknowledgedNames(load.output);
        const stored = await storedConfigMaps();
        expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
        expect(acknowledged.length).toBeGreaterThan(100);
        await serviceAnswers();
        expect(await runningContainers()).toEqual(containers);
        expect(await countOfRestarts()).toBe(restarts);
    }, 120_000);

    it('what has changed while hyperkube was away is set right at its start', async () => {
        const [gone] = await webPods();
        await cluster.kill();
        const id = gone?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
        await cluster.docker('kill', id);
        await cluster.start();
        await kubectl.untilPod(
            gone?.metadata?.name ?? '',
            ({ status }) =>
                status?.containerStatuses?.[0]?.ready &&
                status.containerStatuses[0].containerID !== `docker://${id}`,
        );
        await serviceAnswers();
    }, 120_000);

    it('killed several times in a row under load, it loses nothing either', async () => {
        const load = cluster.startWriteLoad(4, 'load-again');
        for (let round = 0; round < 3; round++) {
            const before = acknowledgedNames(load.output).length;
            await eventually('some are written', () =>
                Promise.resolve(acknowledgedNames(load.output).length > before + 20),
            );
            await cluster.kill();
            await cluster.start();
        }
        load.endInput();
        await load.ended();
        const stored = await storedConfigMaps();
        const acknowledged = acknowledgedNames(load.output);
        expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
    }, 120_000);

    it('SIGTERM ends it within 10 s and leaves the containers; the next start adopts them', async () => {
        const containers = await runningContainers();
        const restarts = await countOfRestarts();
        const started = performance.now();
        await cluster.stop();
        expect(performance.now() - started).toBeLessThan(10_000);
        expect(await runningContainers()).toEqual(containers);
        expect(await cluster.fetchPage(url)).toContain('Hello from hyperkube');
        await cluster.start();
        await eventually('the kubelet has synced', async () => (await countOfRestarts()) === restarts);
        await sleep(3000);
        expect(await runningContainers()).toEqual(containers);
        await kubectl.ok('scale deployment web --replicas=4');
        await kubectl.ok('rollout status deployment/web --timeout=60s');
        expect(await countOfRestarts()).toBe(restarts);
    }, 120_000);
});
