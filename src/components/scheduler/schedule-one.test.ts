import { describe, expect, it } from '@jest/globals';
import type { V1Node, V1Pod, V1PodSpec } from '../../api/meta/object.ts';
import { NodeInfo } from './node-info.ts';
import { podInfo } from './pod-info.ts';
import { defaultPlugins } from './plugins/index.ts';
import { feasibleNodesWanted, scheduleOne, type ScheduleResult } from './schedule-one.ts';

function node(
    name: string,
    overrides: { spec?: V1Node['spec']; labels?: Record<string, string>; cpu?: string } = {},
): NodeInfo {
    const info = new NodeInfo(name);
    info.setNode({
        metadata: { name, labels: { 'kubernetes.io/hostname': name, ...overrides.labels } },
        spec: overrides.spec,
        status: { allocatable: { cpu: overrides.cpu ?? '2', memory: '1Gi', pods: '10' } },
    });
    return info;
}

let serial = 0;
function pod(spec: Partial<V1PodSpec> = {}, metadata: V1Pod['metadata'] = {}): V1Pod {
    return {
        metadata: { name: `pod-${serial++}`, namespace: 'default', ...metadata },
        spec: { containers: [{ name: 'main', image: 'web' }], ...spec },
    };
}
const wanting = (cpu: string, memory = '1Mi'): Partial<V1PodSpec> => ({
    containers: [{ name: 'main', resources: { requests: { cpu, memory } } }],
});

function schedule(subject: V1Pod, nodes: NodeInfo[]): ScheduleResult {
    return scheduleOne(podInfo(subject), nodes, { plugins: defaultPlugins, startIndex: 0, random: () => 0 });
}
function place(subject: V1Pod, on: NodeInfo): void {
    on.addPod(podInfo(subject));
}
const chosen = (result: ScheduleResult): string => (result.type === 'fits' ? result.node : result.message);

describe('scheduleOne', () => {
    it('says so when there is no node', () => {
        expect(chosen(schedule(pod(), []))).toBe('no nodes available to schedule pods');
    });

    it('counts reasons over the nodes in upstream words', () => {
        const nodes = [
            node('a', { spec: { unschedulable: true } }),
            node('b', { spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] } }),
            node('c'),
            node('d'),
        ];
        expect(chosen(schedule(pod(wanting('3')), nodes))).toBe(
            '0/4 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, 1 node(s) were unschedulable, 2 Insufficient cpu.',
        );
    });

    it('prefers the emptier node', () => {
        const nodes = [node('a'), node('b')];
        place(pod(wanting('1500m')), nodes[0]!);
        expect(chosen(schedule(pod(wanting('100m')), nodes))).toBe('b');
    });

    it('spreads the pods of one owner over the nodes', () => {
        const nodes = ['a', 'b', 'c'].map((name) => node(name));
        const replica = (): V1Pod =>
            pod(
                {},
                {
                    labels: { app: 'x' },
                    ownerReferences: [
                        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: '1', controller: true },
                    ],
                },
            );
        const used = new Set<string>();
        for (let i = 0; i < 3; i++) {
            const subject = replica();
            const name = chosen(schedule(subject, nodes));
            place(
                subject,
                nodes.find((candidate) => candidate.name === name)!,
            );
            used.add(name);
        }
        expect(used.size).toBe(3);
    });

    it('does not fit more pods than the node takes', () => {
        const full = node('a');
        for (let i = 0; i < 10; i++) place(pod(wanting('1m')), full);
        expect(chosen(schedule(pod(), [full]))).toBe('0/1 nodes are available: 1 Too many pods.');
    });

    it('gives a host port once per node', () => {
        const spec = { containers: [{ name: 'm', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
        const nodes = [node('a'), node('b')];
        place(pod(spec), nodes[0]!);
        expect(chosen(schedule(pod(spec), nodes))).toBe('b');
        place(pod(spec), nodes[1]!);
        expect(chosen(schedule(pod(spec), nodes))).toBe(
            "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
        );
    });

    it.each([
        ['nodeSelector', { nodeSelector: { disk: 'ssd' } }],
        [
            'required node affinity',
            {
                affinity: {
                    nodeAffinity: {
                        requiredDuringSchedulingIgnoredDuringExecution: {
                            nodeSelectorTerms: [
                                { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] },
                            ],
                        },
                    },
                },
            },
        ],
    ])('honours %s', (_, spec) => {
        const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })];
        expect(chosen(schedule(pod(spec), nodes))).toBe('b');
        expect(chosen(schedule(pod(spec), [node('a')]))).toBe(
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
        );
    });

    it('keeps apart pods that must not share a host, also against the existing pods wish', () => {
        const apart = {
            affinity: {
                podAntiAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: [
                        {
                            topologyKey: 'kubernetes.io/hostname',
                            labelSelector: { matchLabels: { app: 'x' } },
                        },
                    ],
                },
            },
        };
        const only = node('a');
        place(pod(apart, { labels: { app: 'x' } }), only);
        expect(chosen(schedule(pod(apart, { labels: { app: 'x' } }), [only]))).toContain(
            'anti-affinity rules',
        );
        expect(chosen(schedule(pod({}, { labels: { app: 'x' } }), [only]))).toContain(
            'existing pods anti-affinity',
        );
        expect(chosen(schedule(pod({}, { labels: { app: 'y' } }), [only]))).toBe('a');
    });

    it('lets the first pod of a group that wants to be near itself start anywhere', () => {
        const near = {
            affinity: {
                podAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: [
                        {
                            topologyKey: 'kubernetes.io/hostname',
                            labelSelector: { matchLabels: { app: 'x' } },
                        },
                    ],
                },
            },
        };
        const nodes = [node('a'), node('b')];
        const first = pod(near, { labels: { app: 'x' } });
        const name = chosen(schedule(first, nodes));
        place(
            first,
            nodes.find((candidate) => candidate.name === name)!,
        );
        place(
            pod(wanting('1')),
            nodes.find((candidate) => candidate.name === name)!,
        );
        expect(chosen(schedule(pod(near, { labels: { app: 'x' } }), nodes))).toBe(name);
    });

    it('holds a hard spread constraint', () => {
        const spread = {
            topologySpreadConstraints: [
                {
                    topologyKey: 'kubernetes.io/hostname',
                    maxSkew: 1,
                    whenUnsatisfiable: 'DoNotSchedule',
                    labelSelector: { matchLabels: { app: 'x' } },
                },
            ],
        };
        const nodes = [node('a'), node('b', { cpu: '10m' })];
        place(pod({}, { labels: { app: 'x' } }), nodes[0]!);
        const result = schedule(pod({ ...spread, ...wanting('1') }, { labels: { app: 'x' } }), nodes);
        expect(chosen(result)).toBe(
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.",
        );
    });
});

describe('feasibleNodesWanted', () => {
    it.each([
        [50, 50],
        [100, 100],
        [1000, 420],
        [5000, 500],
    ])('%d nodes: %d', (nodes, wanted) => {
        expect(feasibleNodesWanted(nodes)).toBe(wanted);
    });
});
