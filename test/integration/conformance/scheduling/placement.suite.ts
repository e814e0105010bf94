import { expect, it } from '@jest/globals';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live, type Node, type Pod, podSpec } from '../support/objects.ts';

const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** Where the scheduler puts pods, on nodes that are nothing but objects. */
export function placementCases(cluster: () => Cluster): void {
    const newNode = async (name: string): Promise<{ nodeSelector: Record<string, string> }> => {
        const path = '/api/v1/nodes';
        await cluster().create(path, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
        const allocatable = { cpu: '1', memory: '1Gi', pods: '10' };
        await cluster().change<Node>(`${path}/${name}/status`, (node) => {
            const conditions = [{ type: 'Ready', status: 'True' }];
            node.status = { ...node.status, capacity: allocatable, allocatable, conditions };
        });
        // Admission put a taint on it, which is for another controller to take off.
        await cluster().patch(`${path}/${name}`, 'merge', { spec: { taints: null } });
        return { nodeSelector: { 'kubernetes.io/hostname': name } };
    };
    const nodeOf = async (namespace: string, name: string): Promise<string> =>
        await eventually(`${name} has a node`, async () => {
            const pod = await cluster().get<Pod>(`${podsOf(namespace)}/${name}`);
            return pod.spec?.nodeName;
        });
    const refusalOf = async (namespace: string, name: string): Promise<string> =>
        await eventually(`${name} has no node`, async () => {
            const pod = await cluster().get<Pod>(`${podsOf(namespace)}/${name}`);
            const condition = conditionOf(pod.status?.conditions, 'PodScheduled');
            expect(pod.spec?.nodeName ?? '').toBe('');
            return condition?.reason === 'Unschedulable' && condition.message;
        });
    const asking = (cpu: string): object => ({
        containers: [
            {
                name: 'main',
                image: 'registry.example/pause:3',
                resources: { requests: { cpu }, limits: { cpu } },
            },
        ],
    });

    it('a pod that asks for more than a node has left waits, and an event says why', async () => {
        const namespace = await cluster().namespace('sched-pred');
        const place = await newNode('limited');
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'filler' },
            spec: { ...asking('700m'), ...place },
        });
        expect(await nodeOf(namespace, 'filler')).toBe('limited');
        await cluster().create(podsOf(namespace), {
            metadata: { name: 'additional' },
            spec: { ...asking('500m'), ...place },
        });
        expect(await refusalOf(namespace, 'additional')).toContain('Insufficient cpu');
        const events = await eventually('an event says so', async () => {
            const selector = 'fieldSelector=involvedObject.name%3Dadditional,reason%3DFailedScheduling';
            const { items } = await cluster().list<Live<{ message: string; type: string }>>(
                `/api/v1/namespaces/${namespace}/events?${selector}`,
            );
            return items.length > 0 && items;
        });
        expect(events[0]).toMatchObject({ type: 'Warning' });
        expect(events[0]?.message).toContain('Insufficient cpu');
        await cluster().delete(`${podsOf(namespace)}/filler`, { gracePeriodSeconds: 0 });
        expect(await nodeOf(namespace, 'additional')).toBe('limited');
    });

    it('one port of a node goes to several pods where address or protocol differ', async () => {
        const namespace = await cluster().namespace('hostport');
        const place = await newNode('ports');
        const create = async (name: string, port: object): Promise<void> => {
            const containers = [
                {
                    name: 'main',
                    image: 'registry.example/agnhost:2',
                    ports: [{ containerPort: 8080, hostPort: 54_323, ...port }],
                },
            ];
            await cluster().create(podsOf(namespace), {
                metadata: { name },
                spec: { ...podSpec(), containers, ...place },
            });
        };
        await create('pod1', { protocol: 'TCP', hostIP: '127.0.0.1' });
        await create('pod2', { protocol: 'TCP', hostIP: '192.0.2.10' });
        await create('pod3', { protocol: 'UDP', hostIP: '192.0.2.10' });
        for (const name of ['pod1', 'pod2', 'pod3']) expect(await nodeOf(namespace, name)).toBe('ports');
        await create('pod4', { protocol: 'TCP' });
        expect(await refusalOf(namespace, 'pod4')).toContain(
            "didn't have free ports for the requested pod ports",
        );
    });

    it('a pod goes to a node that its RuntimeClass allows, and its overhead counts there', async () => {
        const namespace = await cluster().namespace('runtimeclass');
        const { nodeSelector } = await newNode('runtime');
        const scheduling = { nodeSelector };
        await cluster().create('/apis/node.k8s.io/v1/runtimeclasses', {
            metadata: { name: 'placed' },
            ...{
                handler: 'test-handler',
                scheduling,
                overhead: { podFixed: { cpu: '600m', memory: '1Mi' } },
            },
        });
        for (const name of ['first', 'second']) {
            const spec = { ...asking('100m'), runtimeClassName: 'placed' };
            await cluster().create(podsOf(namespace), { metadata: { name }, spec });
            if (name === 'first') expect(await nodeOf(namespace, 'first')).toBe('runtime');
        }
        expect(await refusalOf(namespace, 'second')).toContain('Insufficient cpu');
    });

    it('PriorityClasses are objects that give pods their priority, and whose value stays', async () => {
        const namespace = await cluster().namespace('priority');
        const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
        for (const [name, value] of [
            ['p1', 10],
            ['p2', 20],
        ] as const) {
            await cluster().create(path, { metadata: { name, labels: { e2e: 'priority' } }, value });
        }
        const body = { value: 30 };
        const headers = { 'content-type': 'application/merge-patch+json' };
        expect(await cluster().refused('PATCH', `${path}/p1`, { body, headers })).toMatchObject({
            code: 422,
        });
        await cluster().patch(`${path}/p1`, 'strategic', { description: 'patched' });
        await cluster().change<Live<{ description: string }>>(`${path}/p2`, (found) => {
            found.description = 'updated';
        });
        const { items } = await cluster().list(`${path}?labelSelector=e2e%3Dpriority`);
        expect(items).toMatchObject([
            { metadata: { name: 'p1' }, value: 10, description: 'patched' },
            { metadata: { name: 'p2' }, value: 20, description: 'updated' },
        ]);
        const pod = await cluster().create<Pod>(podsOf(namespace), {
            metadata: { name: 'important' },
            spec: { ...podSpec(), priorityClassName: 'p2' },
        });
        expect(pod.spec).toMatchObject({ priority: 20, preemptionPolicy: 'PreemptLowerPriority' });
        await cluster().must('DELETE', `${path}?labelSelector=e2e%3Dpriority`);
        expect((await cluster().list(`${path}?labelSelector=e2e%3Dpriority`)).items).toEqual([]);
    });
}
