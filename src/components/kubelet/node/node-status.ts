import type { V1ContainerImage, V1Node, V1NodeStatus } from '../../../api/meta/object.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { gitVersion, goArch } from '../../../util/version.ts';
import type { ImageInfo } from '../runtime/runtime.ts';
import type { MachineInfo } from './machine-info.ts';
import { nodeConditions, type NodeHealth } from './node-conditions.ts';
import type { NodeResources } from './node-resources.ts';

const imagesMax = 50;
const namesPerImageMax = 5;

export interface NodeStatusInput {
    machine: MachineInfo;
    resources: NodeResources;
    health: NodeHealth;
    images: readonly ImageInfo[];
    nodeIps: readonly string[];
    hostname: string;
    runtimeVersion: string;
    kubeletPort: number;
    old: V1NodeStatus;
    nowMs: number;
}

/** The status that the kubelet reports of its node. Pure. */
export function makeNodeStatus(input: NodeStatusInput): V1NodeStatus {
    const { machine, resources, health, nodeIps, hostname, old } = input;
    return {
        capacity: resources.capacity,
        allocatable: resources.allocatable,
        conditions: nodeConditions(health, old.conditions ?? [], rfc3339(input.nowMs)),
        addresses: [
            ...nodeIps.map((address) => ({ type: 'InternalIP', address })),
            { type: 'Hostname', address: hostname },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: input.kubeletPort } },
        nodeInfo: {
            machineID: machine.machineId,
            systemUUID: machine.systemUuid,
            bootID: machine.bootId,
            kernelVersion: machine.kernelVersion,
            osImage: machine.osImage,
            containerRuntimeVersion: input.runtimeVersion,
            kubeletVersion: gitVersion,
            kubeProxyVersion: '',
            operatingSystem: 'linux',
            architecture: goArch(),
        },
        images: largestImages(input.images),
    };
}

function largestImages(images: readonly ImageInfo[]): V1ContainerImage[] {
    return images
        .map(({ repoTags, repoDigests, sizeBytes }) => ({
            names: [...repoDigests, ...repoTags].slice(0, namesPerImageMax),
            sizeBytes,
        }))
        .filter(({ names }) => names.length > 0)
        .sort((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, imagesMax);
}

/** Labels that every node carries. */
export function defaultNodeLabels(hostname: string): Record<string, string> {
    return {
        'beta.kubernetes.io/arch': goArch(),
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': goArch(),
        'kubernetes.io/hostname': hostname,
        'kubernetes.io/os': 'linux',
    };
}

/** The status without what changes at every heartbeat. */
export function withoutHeartbeats(status: V1NodeStatus): V1NodeStatus {
    return {
        ...status,
        conditions: (status.conditions ?? []).map((condition) => ({
            ...condition,
            lastHeartbeatTime: undefined,
        })),
    };
}

/** The parts of a node's status that the kubelet owns, of the object in the API. */
export function ownStatusOf(node: V1Node, own: V1NodeStatus): V1NodeStatus {
    const status = (node.status ?? {}) as Record<string, unknown>;
    const keys = Object.keys(own);
    const picked = Object.fromEntries(keys.map((key) => [key, status[key]])) as V1NodeStatus;
    const types = (own.conditions ?? []).map(({ type }) => type);
    return { ...picked, conditions: (picked.conditions ?? []).filter(({ type }) => types.includes(type)) };
}
