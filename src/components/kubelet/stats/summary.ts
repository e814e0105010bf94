import type { V1Pod } from '../../../api/meta/object.ts';
import { rfc3339, type Clock } from '../../../util/clock.ts';
import type { ContainerStats, Runtime } from '../runtime/runtime.ts';
import { CpuRates } from './cpu-rates.ts';
import { readFilesystemStats, readNodeStats, type FilesystemStats } from './node-stats.ts';

export interface SummarySources {
    nodeName: string;
    runtime: Runtime;
    pods: () => V1Pod[];
    clock: Clock;
    /** A directory on the file system that pods write to. */
    rootDirectory: string;
}

/** The sandbox's entry among the statistics: it carries the pod's network. */
const sandboxName = 'POD';
const summaryCacheMs = 1_000;

/** The document of /stats/summary (k8s.io/kubelet stats/v1alpha1), with what this node can measure. */
export class StatsSummary {
    readonly #sources: SummarySources;
    readonly #rates = new CpuRates();
    #cached: { atMs: number; document: Promise<object> } | undefined;

    constructor(sources: SummarySources) {
        this.#sources = sources;
    }

    /** Several who ask at once share one reading. */
    read(): Promise<object> {
        const atMs = this.#sources.clock.monotonicMs();
        if (this.#cached === undefined || atMs - this.#cached.atMs > summaryCacheMs) {
            this.#cached = { atMs, document: this.#build() };
        }
        return this.#cached.document;
    }

    async #build(): Promise<object> {
        const { runtime, clock, rootDirectory } = this.#sources;
        const [stats, filesystem] = await Promise.all([runtime.stats(), readFilesystemStats(rootDirectory)]);
        const time = rfc3339(clock.nowMs());
        const fs = { time, ...filesystem };
        return { node: await this.#node(fs), pods: this.#pods(stats, fs) };
    }

    async #node(fs: FilesystemStats & { time: string }): Promise<object> {
        const { nodeName, clock } = this.#sources;
        const nowMs = clock.nowMs();
        const node = await readNodeStats(nowMs);
        const { time } = fs;
        const [main] = node.network;
        return {
            nodeName,
            startTime: rfc3339(node.startTimeMs),
            cpu: this.#cpu('node', { timeMs: nowMs, cpuUsageNanos: node.cpuUsageNanos }),
            memory: {
                time,
                availableBytes: node.memoryAvailableBytes,
                usageBytes: node.memoryUsageBytes,
                workingSetBytes: node.memoryWorkingSetBytes,
                rssBytes: node.memoryRssBytes,
                pageFaults: node.pageFaults,
                majorPageFaults: node.majorPageFaults,
            },
            network: { time, ...main, interfaces: node.network },
            fs,
            runtime: { imageFs: fs, containerFs: fs },
            rlimit: { time, maxpid: node.processes.max, curproc: node.processes.now },
        };
    }

    #pods(stats: readonly ContainerStats[], fs: FilesystemStats & { time: string }): object[] {
        const byPod = new Map<string, ContainerStats[]>();
        for (const one of stats) byPod.set(one.pod.uid, [...(byPod.get(one.pod.uid) ?? []), one]);
        const known = new Map(this.#sources.pods().map((pod) => [pod.metadata?.uid ?? '', pod]));
        return [...byPod].flatMap(([uid, containers]) => {
            const pod = known.get(uid);
            return pod === undefined ? [] : [this.#pod(pod, containers, fs)];
        });
    }

    #pod(pod: V1Pod, all: readonly ContainerStats[], fs: FilesystemStats & { time: string }): object {
        const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
        const network = all.find((one) => one.name === sandboxName)?.network;
        const sum = (of: (one: ContainerStats) => number): number =>
            all.reduce((total, one) => total + of(one), 0);
        const { time } = fs;
        const timeMs = Math.max(...all.map((one) => one.timeMs));
        return {
            podRef: { name, namespace, uid },
            startTime: pod.status?.startTime,
            containers: all
                .filter((one) => one.name !== sandboxName)
                .map((one) => this.#container(pod, one, fs)),
            cpu: this.#cpu(`pod/${uid}`, { timeMs, cpuUsageNanos: sum((one) => one.cpuUsageNanos) }),
            memory: {
                time,
                usageBytes: sum((one) => one.memoryUsageBytes),
                workingSetBytes: sum((one) => one.memoryWorkingSetBytes),
                rssBytes: sum((one) => one.memoryRssBytes),
            },
            ...(network === undefined
                ? {}
                : {
                      network: { time, name: 'eth0', ...network, interfaces: [{ name: 'eth0', ...network }] },
                  }),
        };
    }

    #container(pod: V1Pod, one: ContainerStats, fs: FilesystemStats & { time: string }): object {
        const status = pod.status?.containerStatuses?.find(({ name }) => name === one.name);
        // The file system that a container writes to; how much of it is its own is not measured.
        const { time, availableBytes, capacityBytes, inodes, inodesFree } = fs;
        const filesystem = { time, availableBytes, capacityBytes, inodes, inodesFree };
        return {
            name: one.name,
            startTime: status?.state?.running?.startedAt,
            cpu: this.#cpu(one.containerId, one),
            memory: {
                time: rfc3339(one.timeMs),
                usageBytes: one.memoryUsageBytes,
                workingSetBytes: one.memoryWorkingSetBytes,
                rssBytes: one.memoryRssBytes,
            },
            rootfs: filesystem,
            logs: filesystem,
        };
    }

    #cpu(key: string, { timeMs, cpuUsageNanos }: Pick<ContainerStats, 'timeMs' | 'cpuUsageNanos'>): object {
        return {
            time: rfc3339(timeMs),
            usageNanoCores: this.#rates.update(key, timeMs, cpuUsageNanos),
            usageCoreNanoSeconds: cpuUsageNanos,
        };
    }
}
