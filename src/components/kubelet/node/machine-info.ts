import { readFile, readdir, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, release } from 'node:os';

/** What the machine has and is. Sizes in bytes. */
export interface MachineInfo {
    cpus: number;
    memoryBytes: number;
    /** Bytes of huge pages by size: "2Mi" → 0. */
    hugePages: Record<string, number>;
    machineId: string;
    systemUuid: string;
    bootId: string;
    kernelVersion: string;
    osImage: string;
}

export interface MachineUsage {
    memoryAvailableBytes: number;
    diskBytes: number;
    diskAvailableBytes: number;
    inodes: number;
    inodesFree: number;
}

async function readText(path: string): Promise<string> {
    return (await readFile(path, 'utf8').catch(() => '')).trim();
}

/** A field of /proc/meminfo in bytes. */
async function memInfo(field: string): Promise<number> {
    const text = await readFile('/proc/meminfo', 'utf8');
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text);
    return Number(match?.[1] ?? 0) * 1024;
}

/** Read once at start: it does not change. */
export async function readMachineInfo(): Promise<MachineInfo> {
    const osRelease = await readText('/etc/os-release');
    const machineId = (await readText('/etc/machine-id')) || (await readText('/var/lib/dbus/machine-id'));
    return {
        cpus: Math.max(cpus().length, availableParallelism()),
        memoryBytes: await memInfo('MemTotal'),
        hugePages: await readHugePages(),
        machineId,
        systemUuid: (await readText('/sys/class/dmi/id/product_uuid')) || machineId,
        bootId: await readText('/proc/sys/kernel/random/boot_id'),
        kernelVersion: release(),
        osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'linux',
    };
}

async function readHugePages(): Promise<Record<string, number>> {
    const root = '/sys/kernel/mm/hugepages';
    const result: Record<string, number> = {};
    for (const name of await readdir(root).catch(() => [])) {
        const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
        if (kib === 0) continue;
        const count = Number(await readText(`${root}/${name}/nr_hugepages`));
        const size =
            kib % 1048576 === 0 ? `${kib / 1048576}Gi` : kib % 1024 === 0 ? `${kib / 1024}Mi` : `${kib}Ki`;
        result[size] = count * kib * 1024;
    }
    return result;
}

/** What is left of memory, and of the disk below `directory`. */
export async function readMachineUsage(directory: string): Promise<MachineUsage> {
    const disk = await statfs(directory);
    return {
        memoryAvailableBytes: await memInfo('MemAvailable'),
        diskBytes: disk.blocks * disk.bsize,
        diskAvailableBytes: disk.bavail * disk.bsize,
        inodes: disk.files,
        inodesFree: disk.ffree,
    };
}
