import type { V1Node, V1Pod, V1Taint } from '../../api/meta/object.ts';
import {
    addAmounts,
    subtractAmounts,
    type ResourceAmounts,
    resourceAmounts,
} from '../../api/meta/pod-resources.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PodInfo } from './pod-info.ts';

/** What a pod without requests counts as when nodes are compared, so that it is spread all the same. */
const defaultMilliCpu = 100;
const defaultMemoryBytes = 200 * 1024 * 1024;

/**
 * One node with what runs on it, in the numbers that plugins need. Invariant: `requested`, `nonZero` and
 * the port table are the sums over `pods`.
 */
export class NodeInfo {
    readonly name: string;
    #node: V1Node | undefined;
    allocatable: ResourceAmounts = {};
    taints: readonly V1Taint[] = [];
    labels: Readonly<Record<string, string>> = {};
    images = new Set<string>();
    readonly requested: ResourceAmounts = {};
    /** Requests with defaults for what names none: only for scores. */
    readonly nonZero = { cpu: 0, memory: 0 };
    readonly pods = new Map<string, PodInfo>();
    readonly #ports = new Map<string, number>();

    constructor(name: string) {
        this.name = name;
    }

    /** Undefined while only pods of it are known. */
    get node(): V1Node | undefined {
        return this.#node;
    }

    setNode(node: V1Node | undefined): void {
        this.#node = node;
        this.allocatable = resourceAmounts(node?.status?.allocatable ?? node?.status?.capacity);
        this.taints = node?.spec?.taints ?? [];
        this.labels = node?.metadata?.labels ?? {};
        this.images = new Set((node?.status?.images ?? []).flatMap((image) => image.names ?? []));
    }

    addPod(info: PodInfo): void {
        this.pods.set(objectKey(info.pod), info);
        addAmounts(this.requested, info.requests);
        this.nonZero.cpu += info.requests['cpu'] ?? defaultMilliCpu;
        this.nonZero.memory += info.requests['memory'] ?? defaultMemoryBytes;
        for (const port of info.hostPorts) this.#ports.set(port, (this.#ports.get(port) ?? 0) + 1);
    }

    removePod(pod: V1Pod): void {
        const info = this.pods.get(objectKey(pod));
        if (info === undefined) return;
        this.pods.delete(objectKey(pod));
        subtractAmounts(this.requested, info.requests);
        this.nonZero.cpu -= info.requests['cpu'] ?? defaultMilliCpu;
        this.nonZero.memory -= info.requests['memory'] ?? defaultMemoryBytes;
        for (const port of info.hostPorts) {
            const left = (this.#ports.get(port) ?? 1) - 1;
            if (left === 0) this.#ports.delete(port);
            else this.#ports.set(port, left);
        }
    }

    /** True when a host port of the pod is taken; 0.0.0.0 clashes with every address. */
    portsClash(info: PodInfo): boolean {
        return info.hostPorts.some((wanted) => {
            const [protocol, ip, port] = splitHostPort(wanted);
            if (this.#ports.has(wanted) || this.#ports.has(`${protocol}|0.0.0.0|${port}`)) return true;
            if (ip !== '0.0.0.0') return false;
            return [...this.#ports.keys()].some((taken) => {
                const [takenProtocol, , takenPort] = splitHostPort(taken);
                return takenProtocol === protocol && takenPort === port;
            });
        });
    }

    /** Cpu and memory that would be claimed with this pod, for scores. */
    nonZeroWith(info: PodInfo): { cpu: number; memory: number } {
        return {
            cpu: this.nonZero.cpu + (info.requests['cpu'] ?? defaultMilliCpu),
            memory: this.nonZero.memory + (info.requests['memory'] ?? defaultMemoryBytes),
        };
    }
}

function splitHostPort(text: string): [protocol: string, ip: string, port: string] {
    const [protocol = '', ip = '', port = ''] = text.split('|');
    return [protocol, ip, port];
}
