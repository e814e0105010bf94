import { isIPv6 } from 'node:net';
import type {
    DiscoveryV1EndpointPort,
    Stored,
    V1Endpoint,
    V1EndpointHints,
    V1Node,
    V1Pod,
    V1Service,
} from '../../../api/meta/object.ts';
import type { Lister } from '../../../client/informer.ts';
import { isPodReady } from '../shared/pod-status.ts';
import { belongsInEndpoints, isHeadless, publishesHostname, targetPortOf } from '../shared/service-pods.ts';
import { endpointKey, portsKey, type EndpointGroup } from './slice-plan.ts';

export type AddressType = 'IPv4' | 'IPv6';

const zoneLabel = 'topology.kubernetes.io/zone';

/** The address types a Service has slices for. */
export function addressTypesOf({ spec }: V1Service): AddressType[] {
    if (spec?.ipFamilies !== undefined && spec.ipFamilies.length > 0) {
        return spec.ipFamilies.filter(
            (family): family is AddressType => family === 'IPv4' || family === 'IPv6',
        );
    }
    if (spec?.clusterIP && spec.clusterIP !== 'None') return [isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4'];
    return ['IPv4', 'IPv6'];
}

export interface ServiceEndpoints {
    /** By `portsKey`. */
    groups: Map<string, EndpointGroup>;
    /** Pods left out because their node is not known (yet). */
    withoutNode: { pod: string; node: string }[];
}

/** The endpoints of a Service in one address family, grouped by the ports that they have. */
export function endpointsOfService(
    service: Stored<V1Service>,
    pods: readonly Stored<V1Pod>[],
    { addressType, nodes }: { addressType: AddressType; nodes: Lister<V1Node> },
): ServiceEndpoints {
    const groups: ServiceEndpoints['groups'] = new Map();
    const withoutNode: ServiceEndpoints['withoutNode'] = [];
    for (const pod of pods) {
        if (!belongsInEndpoints(pod, true)) continue;
        const nodeName = pod.spec?.nodeName ?? '';
        const node = nodes.get(nodeName);
        if (node === undefined && nodeName !== '' && service.spec?.publishNotReadyAddresses !== true) {
            withoutNode.push({ pod: pod.metadata.name, node: nodeName });
            continue;
        }
        const endpoint = podEndpoint(pod, service, { node, addressType });
        if (endpoint.addresses.length === 0) continue;
        const ports = endpointPorts(service, pod);
        if (ports === undefined) continue;
        const key = portsKey(ports);
        const group = groups.get(key) ?? { ports, endpoints: new Map<string, V1Endpoint>() };
        group.endpoints.set(endpointKey(endpoint), endpoint);
        groups.set(key, group);
    }
    return { groups, withoutNode };
}

/** Undefined when none of the Service's ports can be found on the pod. */
function endpointPorts(service: V1Service, pod: V1Pod): DiscoveryV1EndpointPort[] | undefined {
    const wanted = service.spec?.ports ?? [];
    if (wanted.length === 0) return isHeadless(service) ? [] : undefined;
    return wanted.flatMap((servicePort) => {
        const port = targetPortOf(pod, servicePort);
        if (port === undefined) return [];
        const { name, protocol, appProtocol } = servicePort;
        return [
            {
                name: name ?? '',
                port,
                protocol: protocol ?? 'TCP',
                ...(appProtocol === undefined ? {} : { appProtocol }),
            },
        ];
    });
}

function podEndpoint(
    pod: Stored<V1Pod>,
    service: V1Service,
    { node, addressType }: { node: V1Node | undefined; addressType: AddressType },
): V1Endpoint {
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
    const zone = node?.metadata?.labels?.[zoneLabel];
    const { namespace, name, uid } = pod.metadata;
    const nodeName = pod.spec?.nodeName;
    const hints = ready ? hintsOf(service.spec?.trafficDistribution, zone, nodeName) : undefined;
    return {
        addresses: (pod.status?.podIPs ?? [])
            .flatMap(({ ip }) => (ip ? [ip] : []))
            .filter((ip) => isIPv6(ip) === (addressType === 'IPv6')),
        conditions: { ready, serving, terminating },
        targetRef: { kind: 'Pod', namespace, name, uid },
        ...(nodeName ? { nodeName } : {}),
        ...(zone ? { zone } : {}),
        ...(publishesHostname(pod, service) ? { hostname: pod.spec?.hostname } : {}),
        ...(hints === undefined ? {} : { hints }),
    };
}

/** Who is to prefer the endpoint, by the Service's `trafficDistribution`. */
function hintsOf(
    distribution: string | undefined,
    zone: string | undefined,
    nodeName: string | undefined,
): V1EndpointHints | undefined {
    const zones = zone ? { forZones: [{ name: zone }] } : {};
    switch (distribution) {
        case 'PreferClose':
        case 'PreferSameZone':
            return zone ? zones : undefined;
        case 'PreferSameNode':
            return nodeName ? { ...zones, forNodes: [{ name: nodeName }] } : undefined;
        default:
            return undefined;
    }
}
