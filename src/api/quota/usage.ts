import type {
    ApiObject,
    ResourceV1ResourceClaim,
    V1DeviceSubRequest,
    V1ExactDeviceRequest,
    V1PersistentVolumeClaim,
    V1Pod,
    V1Service,
} from '../meta/object.ts';
import { podAmounts, type ResourceAmounts } from '../meta/pod-resources.ts';
import { addQuantity, formatBytes, formatMilli } from '../meta/quantity.ts';

/** Quantities by the names that quotas count: "pods", "requests.cpu", "count/deployments.apps". */
export type Usage = Record<string, string>;

export interface CountedResource {
    group: string;
    /** Plural. */
    resource: string;
}

const plainNames = new Set([
    'pods',
    'services',
    'persistentvolumeclaims',
    'configmaps',
    'secrets',
    'replicationcontrollers',
    'resourcequotas',
]);

/** What one object uses of a namespace's quotas. */
export function usageOf({ group, resource }: CountedResource, object: ApiObject): Usage {
    const count: Usage = { [group === '' ? `count/${resource}` : `count/${resource}.${group}`]: '1' };
    if (group === 'resource.k8s.io' && resource === 'resourceclaims') {
        return { ...count, ...deviceUsage(object) };
    }
    if (group !== '') return count;
    switch (resource) {
        case 'pods':
            return { ...count, ...podUsage(object) };
        case 'services':
            return { ...count, ...serviceUsage(object) };
        case 'persistentvolumeclaims':
            return { ...count, ...claimUsage(object) };
        default:
            return plainNames.has(resource) ? { ...count, [resource]: '1' } : count;
    }
}

/** A pod that has ended uses nothing but its entry in the store. */
function podUsage(pod: V1Pod): Usage {
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') return {};
    const usage: Usage = { pods: '1' };
    for (const [name, quantity] of Object.entries(quantities(podAmounts(pod, 'requests')))) {
        if (/^(cpu|memory|ephemeral-storage)$/.test(name)) usage[name] = quantity;
        if (name.startsWith('hugepages-')) usage[name] = quantity;
        usage[`requests.${name}`] = quantity;
    }
    for (const [name, quantity] of Object.entries(quantities(podAmounts(pod, 'limits')))) {
        if (/^(cpu|memory|ephemeral-storage)$/.test(name)) usage[`limits.${name}`] = quantity;
    }
    return usage;
}

function quantities(amounts: ResourceAmounts): Usage {
    const format = (name: string, amount: number) => {
        if (name === 'cpu') return formatMilli(amount);
        return /^(memory|ephemeral-storage|hugepages-.*)$/.test(name) ? formatBytes(amount) : String(amount);
    };
    return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, format(name, amount)]));
}

function serviceUsage({ spec }: V1Service): Usage {
    const ports = spec?.ports ?? [];
    const usage: Usage = { services: '1' };
    if (spec?.type === 'NodePort') usage['services.nodeports'] = String(ports.length);
    if (spec?.type === 'LoadBalancer') {
        const allocated =
            spec.allocateLoadBalancerNodePorts === false
                ? ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0)
                : ports;
        usage['services.nodeports'] = String(allocated.length);
        usage['services.loadbalancers'] = '1';
    }
    return usage;
}

function claimUsage({ spec, metadata }: V1PersistentVolumeClaim): Usage {
    const usage: Usage = { persistentvolumeclaims: '1' };
    const storageClass =
        metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
    const prefix = storageClass === '' ? undefined : `${storageClass}.storageclass.storage.k8s.io`;
    if (prefix !== undefined) usage[`${prefix}/persistentvolumeclaims`] = '1';
    const storage = spec?.resources?.requests?.storage;
    if (storage !== undefined) {
        usage['requests.storage'] = storage;
        if (prefix !== undefined) usage[`${prefix}/requests.storage`] = storage;
    }
    return usage;
}

/** How many devices one claim may be given, as the API has it. */
const devicesPerClaimMax = 32;

/** Devices by their class, at worst; of what a request takes the first available of, the most of each class. */
function deviceUsage({ spec }: Partial<ResourceV1ResourceClaim>): Usage {
    const total = new Map<string, bigint>();
    for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
        const most = new Map<string, bigint>();
        const subRequests = firstAvailable ?? [];
        const alternatives = subRequests.length > 0 ? subRequests : exactly === undefined ? [] : [exactly];
        for (const one of alternatives) {
            const count = deviceCount(one);
            if (count > (most.get(one.deviceClassName) ?? -1n)) most.set(one.deviceClassName, count);
        }
        for (const [name, count] of most) total.set(name, (total.get(name) ?? 0n) + count);
    }
    return Object.fromEntries(
        [...total].map(([name, count]) => [`${name}.deviceclass.resource.k8s.io/devices`, String(count)]),
    );
}

function deviceCount({ allocationMode, count = 0 }: V1DeviceSubRequest | V1ExactDeviceRequest): bigint {
    switch (allocationMode) {
        case 'ExactCount':
            return BigInt(Math.trunc(count));
        case 'All':
            return BigInt(devicesPerClaimMax);
        default:
            return 0n;
    }
}

export function addUsage(total: Usage, usage: Usage): Usage {
    const sum = { ...total };
    for (const [name, quantity] of Object.entries(usage)) {
        sum[name] = sum[name] === undefined ? quantity : addQuantity(sum[name], quantity);
    }
    return sum;
}
