import { readFile, statfs } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { uptime } from 'node:os';

/** The node's own figures, from the kernel's files. */
export interface NodeStats {
    startTimeMs: number;
    cpuUsageNanos: number;
    memoryUsageBytes: number;
    memoryAvailableBytes: number;
    memoryWorkingSetBytes: number;
    memoryRssBytes: number;
    pageFaults: number;
    majorPageFaults: number;
    network: { name: string; rxBytes: number; rxErrors: number; txBytes: number; txErrors: number }[];
    processes: { now: number; max: number };
}

export interface FilesystemStats {
    availableBytes: number;
    capacityBytes: number;
    usedBytes: number;
    inodesFree: number;
    inodes: number;
    inodesUsed: number;
}

/** Unit of the figures in /proc/stat: all kernels that matter count in hundredths of a second. */
const nanosPerTick = 10_000_000;
const kibibyte = 1024;

export async function readNodeStats(nowMs: number): Promise<NodeStats> {
    const [stat, meminfo, vmstat, network, pidMax] = await Promise.all(
        ['stat', 'meminfo', 'vmstat', 'net/dev', 'sys/kernel/pid_max'].map((name) =>
            readFile(`/proc/${name}`, 'utf8'),
        ),
    );
    const memory = parseMeminfo(meminfo ?? '');
    const faults = parseFlat(vmstat ?? '');
    const total = memory('MemTotal');
    const usage = total - memory('MemFree');
    return {
        startTimeMs: nowMs - uptime() * 1000,
        cpuUsageNanos: parseCpuNanos(stat ?? ''),
        memoryUsageBytes: usage,
        memoryAvailableBytes: memory('MemAvailable'),
        memoryWorkingSetBytes: Math.max(usage - memory('Inactive(file)'), 0),
        memoryRssBytes: memory('AnonPages'),
        pageFaults: faults('pgfault'),
        majorPageFaults: faults('pgmajfault'),
        network: parseInterfaces(network ?? ''),
        processes: { now: countProcesses(), max: Number(pidMax) },
    };
}

export async function readFilesystemStats(path: string): Promise<FilesystemStats> {
    const { bsize, bavail, bfree, blocks, ffree, files } = await statfs(path);
    return {
        availableBytes: bavail * bsize,
        capacityBytes: blocks * bsize,
        usedBytes: (blocks - bfree) * bsize,
        inodesFree: ffree,
        inodes: files,
        inodesUsed: files - ffree,
    };
}

/** The sum of the "cpu" line without idle and iowait; guest time is already in user time. */
export function parseCpuNanos(stat: string): number {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
        /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
    return (user + nice + system + irq + softirq + steal) * nanosPerTick;
}

function parseMeminfo(text: string): (name: string) => number {
    const values = new Map(
        [...text.matchAll(/^([^:]+): +(\d+)/gm)].map(([, name, kib]) => [name, Number(kib) * kibibyte]),
    );
    return (name) => values.get(name) ?? 0;
}

function parseFlat(text: string): (name: string) => number {
    const values = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
    return (name) => Number(values.get(name) ?? 0);
}

/** Real interfaces only: the pods' ends of virtual pairs are counted with the pods. */
function parseInterfaces(text: string): NodeStats['network'] {
    return text
        .split('\n')
        .slice(2)
        .flatMap((line) => {
            const [name, figures] = line.trim().split(':');
            if (name === undefined || figures === undefined || /^(lo$|veth|docker|cni|br-)/.test(name))
                return [];
            const values = figures.trim().split(/\s+/).map(Number);
            return [
                {
                    name,
                    rxBytes: values[0] ?? 0,
                    rxErrors: values[2] ?? 0,
                    txBytes: values[8] ?? 0,
                    txErrors: values[10] ?? 0,
                },
            ];
        });
}

function countProcesses(): number {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}
