import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One reading of a cgroup; cheap: three small files of the kernel. */
export interface CgroupUsage {
    cpuUsageNanos: number;
    memoryUsageBytes: number;
    /** Usage without what the kernel could drop at once (inactive file cache). */
    memoryWorkingSetBytes: number;
    memoryRssBytes: number;
}

const defaultRoot = '/sys/fs/cgroup';

/** Reads the cgroup (v1 or v2) that a process is in; undefined when the process or its cgroup is gone. */
export async function cgroupUsageOf(pid: number, root = defaultRoot): Promise<CgroupUsage | undefined> {
    try {
        const paths = parseCgroups(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
        return await cgroupUsage(paths, root);
    } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
    }
}

/** Controller to path; the unified hierarchy (v2) is "". */
export function parseCgroups(text: string): Map<string, string> {
    const paths = new Map<string, string>();
    for (const line of text.split('\n')) {
        const [, controllers, ...rest] = line.split(':');
        if (controllers === undefined) continue;
        for (const controller of controllers.split(',')) paths.set(controller, rest.join(':'));
    }
    return paths;
}

async function cgroupUsage(paths: ReadonlyMap<string, string>, root: string): Promise<CgroupUsage> {
    const memory = paths.get('memory');
    const cpu = paths.get('cpuacct');
    if (cpu !== undefined) return await usageV1(root, cpu, memory);
    return await usageV2(join(root, paths.get('') ?? '/'));
}

async function usageV1(root: string, cpuPath: string, memoryPath: string | undefined): Promise<CgroupUsage> {
    const cpuText = await readFile(join(root, 'cpuacct', cpuPath, 'cpuacct.usage'), 'utf8');
    const cpu = { cpuUsageNanos: Number(cpuText) };
    // Boards may boot without the memory controller.
    if (memoryPath === undefined) return { ...cpu, ...noMemory };
    const directory = join(root, 'memory', memoryPath);
    const [usageText, statText] = await Promise.all([
        readFile(join(directory, 'memory.usage_in_bytes'), 'utf8'),
        readFile(join(directory, 'memory.stat'), 'utf8'),
    ]);
    const stat = parseFlat(statText);
    return { ...cpu, ...memoryUsage(Number(usageText), stat('total_inactive_file'), stat('total_rss')) };
}

async function usageV2(directory: string): Promise<CgroupUsage> {
    const cpu = {
        cpuUsageNanos: parseFlat(await readFile(join(directory, 'cpu.stat'), 'utf8'))('usage_usec') * 1000,
    };
    try {
        const [currentText, statText] = await Promise.all([
            readFile(join(directory, 'memory.current'), 'utf8'),
            readFile(join(directory, 'memory.stat'), 'utf8'),
        ]);
        const stat = parseFlat(statText);
        return { ...cpu, ...memoryUsage(Number(currentText), stat('inactive_file'), stat('anon')) };
    } catch (error) {
        if (!isGone(error)) throw error;
        return { ...cpu, ...noMemory };
    }
}

const noMemory = { memoryUsageBytes: 0, memoryWorkingSetBytes: 0, memoryRssBytes: 0 };

function memoryUsage(usage: number, inactiveFile: number, rss: number): Omit<CgroupUsage, 'cpuUsageNanos'> {
    return {
        memoryUsageBytes: usage,
        memoryWorkingSetBytes: Math.max(usage - inactiveFile, 0),
        memoryRssBytes: rss,
    };
}

/** Lines of "name value". */
function parseFlat(text: string): (name: string) => number {
    const values = new Map<string, number>();
    for (const line of text.split('\n')) {
        const space = line.indexOf(' ');
        if (space > 0) values.set(line.slice(0, space), Number(line.slice(space + 1)));
    }
    return (name) => values.get(name) ?? 0;
}

function isGone(error: unknown): boolean {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV';
}
