import type { V1Node, V1Pod } from '../../../src/api/meta/object.ts';
import { SchedulerCache } from '../../../src/components/scheduler/cache.ts';
import { defaultPlugins } from '../../../src/components/scheduler/plugins/index.ts';
import { podInfo } from '../../../src/components/scheduler/pod-info.ts';
import { scheduleOne } from '../../../src/components/scheduler/schedule-one.ts';
import { count, row, type Row } from '../report.ts';

const nodeCount = 5000;
const podCount = 5000;
const zones = 10;

/** Decisions a second in memory, default plugins; each pod counts on its node for the next. */
export function scheduler(): Promise<Row[]> {
    return Promise.resolve([
        row('scheduler, plain pods at 5,000 nodes', '1,000 pods/s', rate(plainPod)),
        row('scheduler, pods spread over zones and nodes', '', rate(spreadPod)),
    ]);
}

function rate(makePod: (i: number) => V1Pod): string {
    const cache = new SchedulerCache();
    for (let i = 0; i < nodeCount; i++) cache.setNode(node(i));
    let startIndex = 0;
    let failed = 0;
    const began = performance.now();
    for (let i = 0; i < podCount; i++) {
        const info = podInfo(makePod(i));
        const nodes = cache.nodes();
        const result = scheduleOne(info, nodes, {
            plugins: defaultPlugins,
            startIndex,
            random: Math.random,
        });
        if (result.type === 'fits') {
            startIndex = (startIndex + result.evaluated) % nodes.length;
            cache.assume(info, result.node);
        } else failed += 1;
    }
    const seconds = (performance.now() - began) / 1000;
    return `${count(podCount / seconds)} pods/s${failed > 0 ? `, ${failed} not placed` : ''}`;
}

function node(i: number): V1Node {
    const name = `node-${i}`;
    const amounts = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };
    return {
        metadata: {
            name,
            labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${i % zones}` },
        },
        spec: {},
        status: { allocatable: amounts, capacity: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
    };
}

function plainPod(i: number): V1Pod {
    return {
        metadata: { namespace: 'default', name: `pod-${i}`, uid: `uid-${i}`, labels: { app: 'bench' } },
        spec: {
            containers: [
                { name: 'app', image: 'app:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } },
            ],
        },
    };
}

function spreadPod(i: number): V1Pod {
    const pod = plainPod(i);
    const labelSelector = { matchLabels: { app: 'bench' } };
    const constraint = (topologyKey: string, whenUnsatisfiable: string): object => ({
        maxSkew: 5,
        topologyKey,
        whenUnsatisfiable,
        labelSelector,
    });
    const topologySpreadConstraints = [
        constraint('topology.kubernetes.io/zone', 'DoNotSchedule'),
        constraint('kubernetes.io/hostname', 'ScheduleAnyway'),
    ];
    return { ...pod, spec: { ...pod.spec, topologySpreadConstraints } } as V1Pod;
}
