import { quantityToNumber } from '../../../api/meta/quantity.ts';
import type { MachineInfo, MachineUsage } from './machine-info.ts';

/** Thresholds by signal: "memory.available" → "100Mi" or "10%". */
export type EvictionThresholds = Readonly<Record<string, string>>;

/** Upstream's defaults of --eviction-hard. */
export const evictionHardDefault: EvictionThresholds = {
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
};

/** A threshold as an amount: percentages count from `total`. */
export function thresholdValue(threshold: string | undefined, total: number): number {
    if (threshold === undefined || threshold === '') return 0;
    if (threshold.endsWith('%')) return (total * Number(threshold.slice(0, -1))) / 100;
    return quantityToNumber(threshold);
}

function inKi(bytes: number): string {
    return `${Math.floor(bytes / 1024)}Ki`;
}

export interface NodeResources {
    capacity: Record<string, string>;
    allocatable: Record<string, string>;
}

/** Capacity, and what of it pods may ask for: what evictions keep free is not theirs. */
export function nodeResources(
    machine: MachineInfo,
    diskBytes: number,
    { maxPods, evictionHard }: { maxPods: number; evictionHard: EvictionThresholds },
): NodeResources {
    const hugePages = Object.fromEntries(
        Object.entries(machine.hugePages).map(([size, bytes]) => [
            `hugepages-${size}`,
            bytes === 0 ? '0' : inKi(bytes),
        ]),
    );
    const reservedHuge = Object.values(machine.hugePages).reduce((sum, bytes) => sum + bytes, 0);
    const memoryKept = thresholdValue(evictionHard['memory.available'], machine.memoryBytes);
    const diskKept = thresholdValue(evictionHard['nodefs.available'], diskBytes);
    const shared = { cpu: String(machine.cpus), pods: String(maxPods), ...hugePages };
    return {
        capacity: { ...shared, memory: inKi(machine.memoryBytes), 'ephemeral-storage': inKi(diskBytes) },
        allocatable: {
            ...shared,
            memory: inKi(Math.max(machine.memoryBytes - memoryKept - reservedHuge, 0)),
            'ephemeral-storage': String(Math.max(Math.floor(diskBytes - diskKept), 0)),
        },
    };
}

/** True per resource when less is left than its threshold. */
export function pressures(
    { memoryBytes }: MachineInfo,
    usage: MachineUsage,
    evictionHard: EvictionThresholds,
): { memory: boolean; disk: boolean; pid: boolean } {
    const below = (signal: string, available: number, total: number) =>
        available < thresholdValue(evictionHard[signal], total);
    return {
        memory: below('memory.available', usage.memoryAvailableBytes, memoryBytes),
        disk:
            below('nodefs.available', usage.diskAvailableBytes, usage.diskBytes) ||
            (usage.inodes > 0 && below('nodefs.inodesFree', usage.inodesFree, usage.inodes)),
        pid: false,
    };
}
