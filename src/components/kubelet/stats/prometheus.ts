import type { V1Pod } from '../../../api/meta/object.ts';
import type { ContainerStats, Runtime } from '../runtime/runtime.ts';
import type { Clock } from '../../../util/clock.ts';
import { readNodeStats } from './node-stats.ts';

export interface MetricSources {
    nodeName: string;
    runtime: Runtime;
    pods: () => V1Pod[];
    clock: Clock;
}

type Labels = Readonly<Record<string, string>>;
interface Family {
    name: string;
    help: string;
    type: 'counter' | 'gauge';
    samples: { labels: Labels; value: number; timeMs?: number }[];
}

const sandboxName = 'POD';
const nanosPerSecond = 1e9;

/** GET /metrics/resource: what metrics-server reads, names and labels as upstream's. */
export async function resourceMetrics({ runtime, clock, pods }: MetricSources): Promise<string> {
    const [all, node] = await Promise.all([runtime.stats(), readNodeStats(clock.nowMs())]);
    const containers = all.filter(({ name }) => name !== sandboxName);
    const timeMs = clock.nowMs();
    const cpu = (one: ContainerStats): number => one.cpuUsageNanos / nanosPerSecond;
    const memory = (one: ContainerStats): number => one.memoryWorkingSetBytes;
    return format([
        counter(
            'container_cpu_usage_seconds_total',
            containerHelp.cpu,
            samples(containers, containerLabels, cpu),
        ),
        gauge(
            'container_memory_working_set_bytes',
            containerHelp.memory,
            samples(containers, containerLabels, memory),
        ),
        gauge('container_start_time_seconds', containerHelp.start, startTimes(pods())),
        counter('node_cpu_usage_seconds_total', 'Cumulative cpu time consumed by the node in core-seconds', [
            { labels: {}, value: node.cpuUsageNanos / nanosPerSecond, timeMs },
        ]),
        gauge('node_memory_working_set_bytes', 'Current working set of the node in bytes', [
            { labels: {}, value: node.memoryWorkingSetBytes, timeMs },
        ]),
        counter('pod_cpu_usage_seconds_total', podHelp.cpu, podSums(all, cpu)),
        gauge('pod_memory_working_set_bytes', podHelp.memory, podSums(all, memory)),
        gauge(
            'resource_scrape_error',
            '1 if there was an error while getting container metrics, 0 otherwise',
            [{ labels: {}, value: 0 }],
        ),
    ]);
}

/** GET /metrics/cadvisor: the few of cAdvisor's families that dashboards most often use. */
export async function cadvisorMetrics({ runtime }: MetricSources): Promise<string> {
    const all = await runtime.stats();
    const labels = ({ containerId, name, pod }: ContainerStats): Labels => ({
        container: name,
        id: containerId,
        namespace: pod.namespace,
        pod: pod.name,
    });
    const ofNetwork = (figure: 'rxBytes' | 'txBytes'): Family['samples'] =>
        all.flatMap((one) =>
            one.network === undefined
                ? []
                : [
                      {
                          labels: { interface: 'eth0', ...labels(one) },
                          value: one.network[figure],
                          timeMs: one.timeMs,
                      },
                  ],
        );
    return format([
        counter(
            'container_cpu_usage_seconds_total',
            'Cumulative cpu time consumed in seconds.',
            samples(all, labels, (one) => one.cpuUsageNanos / nanosPerSecond),
        ),
        gauge(
            'container_memory_usage_bytes',
            'Current memory usage in bytes, including all memory.',
            samples(all, labels, (one) => one.memoryUsageBytes),
        ),
        gauge(
            'container_memory_working_set_bytes',
            'Current working set in bytes.',
            samples(all, labels, (one) => one.memoryWorkingSetBytes),
        ),
        gauge(
            'container_memory_rss',
            'Size of RSS in bytes.',
            samples(all, labels, (one) => one.memoryRssBytes),
        ),
        counter(
            'container_network_receive_bytes_total',
            'Cumulative count of bytes received',
            ofNetwork('rxBytes'),
        ),
        counter(
            'container_network_transmit_bytes_total',
            'Cumulative count of bytes transmitted',
            ofNetwork('txBytes'),
        ),
    ]);
}

/** GET /metrics: the kubelet's own. */
export async function kubeletMetrics({ runtime, nodeName }: MetricSources): Promise<string> {
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    const byState = new Map<string, number>();
    for (const { state } of containers) byState.set(state, (byState.get(state) ?? 0) + 1);
    return format([
        gauge('kubelet_node_name', "The node's name. The count is always 1.", [
            { labels: { node: nodeName }, value: 1 },
        ]),
        gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', [
            { labels: {}, value: sandboxes.filter(({ state }) => state === 'ready').length },
        ]),
        gauge(
            'kubelet_running_containers',
            'Number of containers currently running',
            [...byState].map(([state, value]) => ({ labels: { container_state: state }, value })),
        ),
    ]);
}

const containerHelp = {
    cpu: 'Cumulative cpu time consumed by the container in core-seconds',
    memory: 'Current working set of the container in bytes',
    start: 'Start time of the container since unix epoch in seconds',
};
const podHelp = {
    cpu: 'Cumulative cpu time consumed by the pod in core-seconds',
    memory: 'Current working set of the pod in bytes',
};

const counter = (name: string, help: string, list: Family['samples']): Family => ({
    name,
    help,
    type: 'counter',
    samples: list,
});
const gauge = (name: string, help: string, list: Family['samples']): Family => ({
    name,
    help,
    type: 'gauge',
    samples: list,
});

function containerLabels({ name, pod }: ContainerStats): Labels {
    return { container: name, namespace: pod.namespace, pod: pod.name };
}

function samples(
    all: readonly ContainerStats[],
    labelsOf: (one: ContainerStats) => Labels,
    valueOf: (one: ContainerStats) => number,
): Family['samples'] {
    return all.map((one) => ({ labels: labelsOf(one), value: valueOf(one), timeMs: one.timeMs }));
}

function podSums(
    all: readonly ContainerStats[],
    valueOf: (one: ContainerStats) => number,
): Family['samples'] {
    const sums = new Map<string, { labels: Labels; value: number; timeMs: number }>();
    for (const one of all) {
        const { namespace, name, uid } = one.pod;
        const sum = sums.get(uid) ?? { labels: { namespace, pod: name }, value: 0, timeMs: one.timeMs };
        sum.value += valueOf(one);
        sums.set(uid, sum);
    }
    return [...sums.values()];
}

function startTimes(pods: readonly V1Pod[]): Family['samples'] {
    return pods.flatMap(({ metadata, status }) =>
        (status?.containerStatuses ?? []).flatMap(({ name, state }) => {
            const startedMs = Date.parse(state?.running?.startedAt ?? '');
            if (Number.isNaN(startedMs)) return [];
            const labels = {
                container: name,
                namespace: metadata?.namespace ?? '',
                pod: metadata?.name ?? '',
            };
            return [{ labels, value: startedMs / 1000 }];
        }),
    );
}

/** Prometheus' text format 0.0.4. Families without samples are left out. */
export function format(families: readonly Family[]): string {
    const lines = families
        .filter((family) => family.samples.length > 0)
        .flatMap(({ name, help, type, samples: list }) => [
            `# HELP ${name} ${help}`,
            `# TYPE ${name} ${type}`,
            ...list.map(
                ({ labels, value, timeMs }) =>
                    `${name}${formatLabels(labels)} ${value}${timeMs === undefined ? '' : ` ${Math.round(timeMs)}`}`,
            ),
        ]);
    return `${lines.join('\n')}\n`;
}

function formatLabels(labels: Labels): string {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
    return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
    return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
