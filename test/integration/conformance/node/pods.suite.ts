import { expect, it } from '@jest/globals';
import type { V1Container } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Pod, podSpec } from '../support/objects.ts';

const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
const fixed = { cpu: '100m', memory: '100Mi' };

/** Pods through the API, with somebody who plays the kubelet. */
export function podCases(cluster: () => Cluster): void {
    const running = async (path: string): Promise<Pod> =>
        await eventually('the pod runs', async () => {
            const pod = await cluster().get<Pod>(path);
            return pod.status?.phase === 'Running' && pod;
        });

    it('a pod is submitted, watched, found by its label, and deleted with grace', async () => {
        const namespace = await cluster().namespace('pods');
        const path = podsOf(namespace);
        const selector = 'labelSelector=time%3D1234';
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
        const watch = await cluster().watch<Pod>(`${path}?${selector}`);
        await cluster().create(path, {
            metadata: { name: 'pod-submit-remove', labels: { name: 'foo', time: '1234' } },
            spec: { ...podSpec(), terminationGracePeriodSeconds: 30 },
        });
        expect((await watch.next()).type).toBe('ADDED');
        expect((await cluster().list(`${path}?${selector}`)).items).toHaveLength(1);
        const seen = await watch.until(({ object }) => object.status?.phase === 'Running');
        // A valid address of the node, in both fields.
        expect(seen.object.status?.hostIP).toMatch(/^\d+(\.\d+){3}$/);
        expect(seen.object.status?.hostIPs).toEqual([{ ip: seen.object.status?.hostIP }]);
        await cluster().delete(`${path}/pod-submit-remove`);
        const { object } = await watch.until(
            (event) => event.object.metadata.deletionTimestamp !== undefined,
        );
        expect(object.spec?.terminationGracePeriodSeconds).toBe(30);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect((await cluster().list(`${path}?${selector}`)).items).toEqual([]);
    });

    it('a pod is updated where that is allowed', async () => {
        const namespace = await cluster().namespace('pods');
        const path = `${podsOf(namespace)}/pod-update`;
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'pod-update', labels: { name: 'foo' } },
            spec: podSpec(),
        });
        const updated = await cluster().change<Pod>(path, (pod) => {
            pod.metadata.labels!['time'] = 'later';
            pod.spec!.activeDeadlineSeconds = 5;
        });
        expect(updated).toMatchObject({
            metadata: { labels: { time: 'later' } },
            spec: { activeDeadlineSeconds: 5 },
        });
        const pod = await cluster().get<Pod>(path);
        pod.spec!.containers[0]!.command = ['other'];
        const refusal = await cluster().refused('PUT', path, { body: pod });
        expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
        expect(refusal.message).toContain('pod updates may not change fields other than');
    });

    it('pods are deleted as a collection', async () => {
        const namespace = await cluster().namespace('pods');
        const names = ['test-pod-1', 'test-pod-2', 'test-pod-3'];
        for (const name of names) {
            await cluster().create(podsOf(namespace), {
                metadata: { name, labels: { type: 'Testing' } },
                spec: podSpec(),
            });
        }
        for (const name of names) await running(`${podsOf(namespace)}/${name}`);
        const selector = 'labelSelector=type%3DTesting';
        expect((await cluster().list(`${podsOf(namespace)}?${selector}`)).items).toHaveLength(3);
        await cluster().must('DELETE', `${podsOf(namespace)}?${selector}`);
        await eventually('they have gone', async () => {
            const { items } = await cluster().list(`${podsOf(namespace)}?${selector}`);
            return items.length === 0;
        });
    });

    it('the status of a pod is patched and replaced, and the pod with it', async () => {
        const namespace = await cluster().namespace('pods');
        const path = `${podsOf(namespace)}/pod-test`;
        const watch = await cluster().watch<Pod>(`${podsOf(namespace)}?labelSelector=test-pod-static%3Dtrue`);
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'pod-test', labels: { 'test-pod-static': 'true' } },
            spec: { ...podSpec(), terminationGracePeriodSeconds: 1 },
        });
        await watch.until(({ object }) => object.status?.phase === 'Running');
        await cluster().patch(path, 'strategic', {
            metadata: { labels: { 'test-pod': 'patched' } },
            spec: { containers: [{ name: 'main', image: 'registry.example/agnhost:2' }] },
        });
        const patched = await watch.until(({ object }) => object.metadata.labels?.['test-pod'] === 'patched');
        expect(patched.object.spec?.containers).toMatchObject([{ image: 'registry.example/agnhost:2' }]);

        const replaced = await cluster().change<Pod>(`${path}/status`, (pod) => {
            const ready = conditionOf(pod.status?.conditions, 'Ready')!;
            ready.status = 'False';
        });
        expect(conditionOf(replaced.status?.conditions, 'Ready')?.status).toBe('False');
        const said = { message: 'Patched by e2e test', reason: 'E2E' };
        await cluster().patch(`${path}/status`, 'strategic', { status: said });
        expect((await cluster().get<Pod>(path)).status).toMatchObject(said);
        // Conditions that have one type are one.
        const condition = { type: 'Ready', status: 'True' };
        const merged = await cluster().patch<Pod>(`${path}/status`, 'strategic', {
            status: { conditions: [condition] },
        });
        expect(conditionOf(merged.status?.conditions, 'Ready')?.status).toBe('True');
        expect(merged.status?.conditions?.filter(({ type }) => type === 'Ready')).toHaveLength(1);
        await cluster().must('DELETE', `${podsOf(namespace)}?labelSelector=test-pod-static%3Dtrue`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('a pod says how well its resources are guaranteed', async () => {
        const namespace = await cluster().namespace('pods');
        const qosOf = async (name: string, resources: object): Promise<string | undefined> => {
            const containers = [{ name: 'agnhost', image: 'registry.example/agnhost:2', resources }];
            const body = { metadata: { name }, spec: { containers } };
            return (await cluster().create<Pod>(podsOf(namespace), body)).status?.qosClass;
        };
        expect(await qosOf('guaranteed', { limits: fixed, requests: fixed })).toBe('Guaranteed');
        expect(await qosOf('limits', { limits: fixed })).toBe('Guaranteed');
        expect(await qosOf('burstable', { requests: { cpu: '10m' } })).toBe('Burstable');
        expect(await qosOf('besteffort', {})).toBe('BestEffort');
    });

    it('generation starts at 1 and moves with each change of spec, nothing else', async () => {
        const namespace = await cluster().namespace('pods');
        const path = `${podsOf(namespace)}/pod-generation`;
        const initContainers = [{ name: 'init', image: 'registry.example/busybox:1' }];
        const created = await cluster().create<Pod>(podsOf(namespace), {
            metadata: { name: 'pod-generation', generation: 100 },
            spec: { ...podSpec(), terminationGracePeriodSeconds: 60, initContainers },
        });
        expect(created.metadata.generation).toBe(1);
        const afterwards = await running(path);
        expect(afterwards.metadata.generation).toBe(1);
        expect(afterwards.status?.observedGeneration).toBe(1);
        const changes: [what: string, change: (pod: Pod) => void, moves: boolean][] = [
            ['nothing', () => undefined, false],
            [
                'tolerations',
                ({ spec }) => {
                    const toleration = { key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' };
                    spec!.tolerations = [...(spec!.tolerations ?? []), toleration];
                },
                true,
            ],
            ['the deadline', ({ spec }) => void (spec!.activeDeadlineSeconds = 5000), true],
            ['an image', ({ spec }) => void (spec!.containers[0]!.image = 'registry.example/nginx:1'), true],
            [
                'an init image',
                ({ spec }) => void (spec!.initContainers![0]!.image = 'registry.example/pause:2'),
                true,
            ],
            ['metadata', ({ metadata }) => void (metadata.annotations = { key: 'value' }), false],
            ['generation', ({ metadata }) => void (metadata.generation = 1), false],
        ];
        let expected = 1;
        for (const [what, change, moves] of changes) {
            const { metadata } = await cluster().change<Pod>(path, change);
            if (moves) expected++;
            expect([what, metadata.generation]).toEqual([what, expected]);
        }
    });

    it('generation counts hundreds of changes, and who runs the pod can say which one it has seen', async () => {
        const namespace = await cluster().namespace('pods');
        const path = `${podsOf(namespace)}/pod-generation`;
        await cluster().create(podsOf(namespace), { metadata: { name: 'pod-generation' }, spec: podSpec() });
        await running(path);
        for (let index = 1; index < 500; index += 1) {
            await cluster().patch(path, 'json', [
                { op: 'replace', path: '/spec/containers/0/image', value: `registry.example/pause:${index}` },
            ]);
        }
        const { metadata } = await cluster().get(path);
        expect(metadata.generation).toBe(500);
        const body = { status: { observedGeneration: 500 } };
        expect(await cluster().patch(`${path}/status`, 'merge', body)).toMatchObject(body);
    });

    it('a graceful deletion moves generation too', async () => {
        const namespace = await cluster().namespace('pods');
        const watch = await cluster().watch<Pod>(podsOf(namespace));
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'deleted' },
            spec: { ...podSpec(), terminationGracePeriodSeconds: 60 },
        });
        await watch.until(({ object }) => object.status?.phase === 'Running');
        await cluster().must('DELETE', `${podsOf(namespace)}/deleted?gracePeriodSeconds=60`);
        const { object } = await watch.until(
            (event) => event.object.metadata.deletionTimestamp !== undefined,
        );
        expect(object.metadata.generation).toBe(2);
        watch.close();
    });

    it('ephemeral containers are added, one after the other, and stay', async () => {
        const namespace = await cluster().namespace('pods');
        const path = `${podsOf(namespace)}/ephemeral-containers-target-pod`;
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'ephemeral-containers-target-pod' },
            spec: podSpec(),
        });
        await running(path);
        const debugger1 = {
            ...{ name: 'debugger', image: 'registry.example/busybox:1', command: ['/bin/sh'] },
            ...{ stdin: true, tty: true },
        };
        const added = await cluster().patch<Pod>(`${path}/ephemeralcontainers`, 'strategic', {
            spec: { ephemeralContainers: [debugger1] },
        });
        expect(added.spec?.ephemeralContainers).toMatchObject([
            { ...debugger1, terminationMessagePolicy: 'File', imagePullPolicy: 'IfNotPresent' },
        ]);
        const second = { ...debugger1, name: 'debugger2' };
        const both = await cluster().change<Pod>(
            path,
            ({ spec }) => {
                spec!.ephemeralContainers!.push(second);
            },
            `${path}/ephemeralcontainers`,
        );
        expect(both.spec?.ephemeralContainers?.map(({ name }) => name)).toEqual(['debugger', 'debugger2']);
        expect((await cluster().get<Pod>(`${path}/ephemeralcontainers`)).metadata.uid).toBe(
            both.metadata.uid,
        );
        const without = { ...both, spec: { ...both.spec, ephemeralContainers: [second] } };
        expect(
            await cluster().refused('PUT', `${path}/ephemeralcontainers`, { body: without }),
        ).toMatchObject({
            code: 422,
        });
        expect(await cluster().refused('PUT', path, { body: without })).toMatchObject({ code: 422 });
        const kept = await cluster().get<Pod>(path);
        expect(kept.spec?.ephemeralContainers).toHaveLength(2);
    });

    it('resources are changed through resize, of several containers at once, and nowhere else', async () => {
        const namespace = await cluster().namespace('resize');
        const path = `${podsOf(namespace)}/resize`;
        const container = (name: string, cpu: string, memory: string): object => ({
            ...{ name, image: 'registry.example/pause:3' },
            resources: { requests: { cpu, memory }, limits: { cpu, memory } },
        });
        const created = await cluster().create<Pod>(podsOf(namespace), {
            metadata: { name: 'resize' },
            spec: { containers: [container('c1', '20m', '50Mi'), container('c2', '30m', '60Mi')] },
        });
        expect(created.metadata.generation).toBe(1);
        await running(path);
        const smaller = (name: string, cpu: string): object => ({
            name,
            resources: { requests: { cpu, memory: '40Mi' }, limits: { cpu, memory: '40Mi' } },
        });
        const cpuOf = (pod: Pod): (string | undefined)[] =>
            (pod.spec?.containers ?? []).map(({ resources }: V1Container) => resources?.requests?.['cpu']);
        const patched = await cluster().patch<Pod>(`${path}/resize`, 'strategic', {
            spec: { containers: [smaller('c1', '10m'), smaller('c2', '35m')] },
        });
        expect(cpuOf(patched)).toEqual(['10m', '35m']);
        expect(patched.metadata.generation).toBe(2);
        const same = await cluster().get<Pod>(`${path}/resize`);
        expect(same).toEqual(await cluster().get<Pod>(path));
        const replaced = await cluster().change<Pod>(`${path}/resize`, ({ spec }) => {
            spec!.containers[0]!.resources = { requests: { ...fixed }, limits: { ...fixed } };
        });
        expect(cpuOf(replaced)).toEqual(['100m', '35m']);

        replaced.spec!.containers[0]!.resources = { requests: { cpu: '1m' } };
        expect(await cluster().refused('PUT', path, { body: replaced })).toMatchObject({ code: 422 });
        // A pod keeps the class of service that it was made with.
        expect(await cluster().refused('PUT', `${path}/resize`, { body: replaced })).toMatchObject({
            code: 422,
        });
    });

    it('a pod that names a RuntimeClass gets its overhead, and is refused where there is none', async () => {
        const namespace = await cluster().namespace('runtimeclass');
        const classes = '/apis/node.k8s.io/v1/runtimeclasses';
        const podOf = (name: string, runtimeClassName: string): object => ({
            metadata: { name },
            spec: { ...podSpec(), runtimeClassName },
        });
        const podFixed = { cpu: '10m', memory: '1Mi' };
        await cluster().create(classes, {
            metadata: { name: 'preconfigured' },
            handler: 'test-handler',
            overhead: { podFixed },
            scheduling: { nodeSelector: { runtime: 'test' } },
        });
        const created = await cluster().create<Pod>(podsOf(namespace), podOf('with-class', 'preconfigured'));
        expect(created.spec).toMatchObject({ overhead: podFixed, nodeSelector: { runtime: 'test' } });

        await cluster().delete(`${classes}/preconfigured`);
        for (const name of ['preconfigured', 'nonexistent']) {
            const refusal = await eventually('the class is not known any more', async () => {
                const reply = await cluster().call('POST', podsOf(namespace), {
                    body: podOf(`of-${name}`, name),
                });
                if (reply.status !== 201) return reply;
                await cluster().must('DELETE', `${podsOf(namespace)}/of-${name}?gracePeriodSeconds=0`);
                return false;
            });
            expect(refusal.status).toBe(403);
            expect(refusal.text).toContain(`RuntimeClass \\"${name}\\" not found`);
        }
    });

    it('a pod with a sysctl that is no name is refused', async () => {
        const namespace = await cluster().namespace('sysctls');
        const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({
            name,
            value: '1',
        }));
        const body = {
            metadata: { name: 'sysctl' },
            spec: { ...podSpec(), securityContext: { sysctls } },
        };
        const refusal = await cluster().refused('POST', podsOf(namespace), { body });
        expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
        expect(refusal.details?.causes?.map(({ field }) => field)).toEqual([
            'spec.securityContext.sysctls[0].name',
            'spec.securityContext.sysctls[3].name',
        ]);
    });
}
