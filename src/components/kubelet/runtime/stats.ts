import { readFile } from 'node:fs/promises';
import type Dockerode from 'dockerode';
import type { Clock } from '../../../util/clock.ts';
import { cgroupUsageOf } from './cgroup-stats.ts';
import { tolerating, translated } from './docker-api.ts';
import { labels, podOf, sandboxContainerName } from './naming.ts';
import type { ContainerStats } from './runtime.ts';

interface Process {
    pid: number;
    hostNetwork: boolean;
}

/**
 * Usage of all running containers and sandboxes, read from their cgroups rather than asked of the daemon,
 * whose answers cost far more. A sandbox has the name "POD" and carries the pod's network figures.
 */
export class DockerStats {
    readonly #docker: Dockerode;
    readonly #clock: Clock;
    /** Processes by container; one that was restarted behind our back is dropped by `changed`. */
    readonly #processes = new Map<string, Process>();

    constructor(docker: Dockerode, clock: Clock) {
        this.#docker = docker;
        this.#clock = clock;
    }

    changed(id: string | undefined): void {
        if (id === undefined) this.#processes.clear();
        else this.#processes.delete(id);
    }

    async read(): Promise<ContainerStats[]> {
        const running = await translated(() =>
            this.#docker.listContainers({ filters: { label: [labels.type] } }),
        );
        const stats = await Promise.all(running.map((info) => this.#readOne(info)));
        return stats.filter((one) => one !== undefined);
    }

    async #readOne({ Id, Labels }: Dockerode.ContainerInfo): Promise<ContainerStats | undefined> {
        const process = await this.#processOf(Id);
        if (process === undefined) return undefined;
        const usage = await cgroupUsageOf(process.pid);
        if (usage === undefined) {
            this.#processes.delete(Id);
            return undefined;
        }
        const name = Labels[labels.containerName] ?? '';
        const hasNetwork = name === sandboxContainerName && !process.hostNetwork;
        return {
            containerId: Id,
            name,
            pod: podOf(Labels),
            timeMs: this.#clock.nowMs(),
            ...usage,
            ...(hasNetwork ? { network: await networkUsage(process.pid) } : {}),
        };
    }

    async #processOf(id: string): Promise<Process | undefined> {
        const known = this.#processes.get(id);
        if (known !== undefined) return known;
        const found = await tolerating([404], () => this.#docker.getContainer(id).inspect());
        if (!found?.State.Running) return undefined;
        const process = { pid: found.State.Pid, hostNetwork: found.HostConfig.NetworkMode === 'host' };
        this.#processes.set(id, process);
        return process;
    }
}

/** Sums of a process's network namespace, without loopback. */
async function networkUsage(pid: number): Promise<ContainerStats['network']> {
    const text = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => '');
    return parseNetworkUsage(text);
}

/** The content of /proc/<pid>/net/dev. */
export function parseNetworkUsage(text: string): NonNullable<ContainerStats['network']> {
    const sum = { rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 };
    for (const line of text.split('\n').slice(2)) {
        const [device, figures] = line.trim().split(':');
        if (figures === undefined || device === 'lo') continue;
        const values = figures.trim().split(/\s+/).map(Number);
        sum.rxBytes += values[0] ?? 0;
        sum.rxErrors += values[2] ?? 0;
        sum.txBytes += values[8] ?? 0;
        sum.txErrors += values[10] ?? 0;
    }
    return sum;
}
