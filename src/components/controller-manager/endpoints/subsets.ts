import { isIPv6 } from 'node:net';
import type {
    CoreV1EndpointPort,
    Stored,
    V1EndpointAddress,
    V1EndpointSubset,
    V1Pod,
    V1Service,
} from '../../../api/meta/object.ts';
import { isPodReady } from '../shared/pod-status.ts';
import { belongsInEndpoints, isHeadless, publishesHostname, targetPortOf } from '../shared/service-pods.ts';

/** Addresses in one Endpoints object at most. */
export const addressesMax = 1000;

interface Entry {
    address: V1EndpointAddress;
    ready: boolean;
    ports: CoreV1EndpointPort[];
}

/**
 * The subsets for a Service's pods in canonical form (upstream's RepackSubsets): addresses with the same
 * ports share a subset; subsets, addresses and ports are sorted.
 */
export function subsetsOf(service: V1Service, pods: readonly Stored<V1Pod>[]): V1EndpointSubset[] {
    const publishAll = service.spec?.publishNotReadyAddresses === true;
    const entries: Entry[] = [];
    for (const pod of pods) {
        if (!belongsInEndpoints(pod, publishAll)) continue;
        const address = addressOf(pod, service);
        const ports = portsOf(pod, service);
        if (address === undefined || ports === undefined) continue;
        entries.push({ address, ready: publishAll || isPodReady(pod), ports });
    }
    return pack(entries);
}

function addressOf(pod: Stored<V1Pod>, service: V1Service): V1EndpointAddress | undefined {
    const wantsIpv6 = primaryFamily(service) === 'IPv6';
    const ips = pod.status?.podIPs?.flatMap(({ ip }) => (ip ? [ip] : [])) ?? [];
    const ip = [...ips, pod.status?.podIP ?? ''].find((text) => text !== '' && isIPv6(text) === wantsIpv6);
    if (ip === undefined) return undefined;
    const { namespace, name, uid } = pod.metadata;
    return {
        ip,
        ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
        ...(publishesHostname(pod, service) ? { hostname: pod.spec?.hostname } : {}),
        targetRef: { kind: 'Pod', namespace, name, uid },
    };
}

function primaryFamily({ spec }: V1Service): string {
    if (spec?.ipFamilies?.[0] !== undefined) return spec.ipFamilies[0];
    return spec?.clusterIP !== undefined && isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4';
}

/** Undefined when the pod has none of the ports. */
function portsOf(pod: V1Pod, service: V1Service): CoreV1EndpointPort[] | undefined {
    const wanted = service.spec?.ports ?? [];
    if (wanted.length === 0) return isHeadless(service) ? [] : undefined;
    const ports = wanted.flatMap((servicePort) => {
        const port = targetPortOf(pod, servicePort);
        if (port === undefined) return [];
        const { name, protocol, appProtocol } = servicePort;
        return [
            {
                ...(name ? { name } : {}),
                port,
                protocol: protocol ?? 'TCP',
                ...(appProtocol === undefined ? {} : { appProtocol }),
            },
        ];
    });
    return ports.length === 0 ? undefined : ports;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const portText = ({ name, port, protocol, appProtocol }: CoreV1EndpointPort): string =>
    JSON.stringify([name ?? '', port, protocol ?? 'TCP', appProtocol ?? '']);

function pack(entries: readonly Entry[]): V1EndpointSubset[] {
    const byPorts = new Map<string, Entry[]>();
    for (const entry of entries) {
        entry.ports.sort((a, b) => compareText(portText(a), portText(b)));
        const key = entry.ports.map(portText).join();
        byPorts.set(key, [...(byPorts.get(key) ?? []), entry]);
    }
    return [...byPorts]
        .sort(([a], [b]) => compareText(a, b))
        .map(([, group]) => {
            const addresses = addressesWith(group, true);
            const notReadyAddresses = addressesWith(group, false);
            const ports = group[0]?.ports ?? [];
            return {
                ...(addresses.length === 0 ? {} : { addresses }),
                ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
                ...(ports.length === 0 ? {} : { ports }),
            };
        });
}

const addressesWith = (group: readonly Entry[], ready: boolean): V1EndpointAddress[] =>
    group
        .filter((entry) => entry.ready === ready)
        .map(({ address }) => address)
        .sort(
            (a, b) => compareText(a.ip, b.ip) || compareText(a.targetRef?.uid ?? '', b.targetRef?.uid ?? ''),
        );

/**
 * The subsets with `addressesMax` addresses at most: ready ones first, each subset giving in proportion
 * to what it has. The same array when nothing had to go.
 */
export function truncateSubsets(subsets: V1EndpointSubset[]): V1EndpointSubset[] {
    const ready = sum(subsets.map(({ addresses }) => addresses?.length ?? 0));
    const notReady = sum(subsets.map(({ notReadyAddresses }) => notReadyAddresses?.length ?? 0));
    if (ready + notReady <= addressesMax) return subsets;
    const readyKept = Math.min(ready, addressesMax);
    const notReadyKept = addressesMax - readyKept;
    const share = (
        list: V1EndpointAddress[] | undefined,
        kept: number,
        total: number,
    ): V1EndpointAddress[] =>
        list === undefined || total === 0 ? [] : list.slice(0, Math.floor((list.length * kept) / total));
    return subsets
        .map((subset) => ({
            ...subset,
            addresses: share(subset.addresses, readyKept, ready),
            notReadyAddresses: share(subset.notReadyAddresses, notReadyKept, notReady),
        }))
        .filter(({ addresses, notReadyAddresses }) => addresses.length + notReadyAddresses.length > 0);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
