import type {
    DiscoveryV1EndpointPort,
    V1EndpointSlice,
    V1Service,
    V1ServicePort,
} from '../../api/meta/object.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** One port of one Service with everything that rules are made from: addresses, policies, endpoints. */
export interface ServicePort {
    /** "namespace/name:port", or "namespace/name" for an unnamed port: in comments and chain hashes. */
    name: string;
    /** Key of the Service: "namespace/name". */
    service: string;
    protocol: Protocol;
    clusterIp: string;
    port: number;
    /** 0 where the Service has none. */
    nodePort: number;
    externalIps: readonly string[];
    loadBalancerIps: readonly string[];
    /** CIDRs that may use the load balancer's addresses; empty for all. */
    sourceRanges: readonly string[];
    /** Seconds of ClientIP affinity; 0 for none. */
    affinitySeconds: number;
    internalLocal: boolean;
    externalLocal: boolean;
    /** Sorted; what new connections go to. */
    endpoints: readonly Endpoint[];
}

export interface Endpoint {
    ip: string;
    port: number;
    /** On this node. */
    local: boolean;
}

const defaultAffinitySeconds = 10_800;

/** Looks up the EndpointSlices of a Service by its key. */
export type SlicesOf = (service: string) => readonly V1EndpointSlice[];

/**
 * All ports of a Service that rules are written for; none for headless and ExternalName Services.
 * @param nodeName tells local endpoints from remote ones
 */
export function servicePorts(service: V1Service, slicesOf: SlicesOf, nodeName: string): ServicePort[] {
    const { spec, metadata } = service;
    const clusterIp = spec?.clusterIP ?? '';
    if (spec === undefined || clusterIp === '' || clusterIp === 'None' || spec.type === 'ExternalName')
        return [];
    if (clusterIp.includes(':')) return [];
    const key = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
    const slices = slicesOf(key).filter((slice) => slice.addressType === 'IPv4');
    return (spec.ports ?? []).map((port) => ({
        name: port.name ? `${key}:${port.name}` : key,
        service: key,
        protocol: (port.protocol ?? 'TCP') as Protocol,
        clusterIp,
        port: port.port,
        nodePort: port.nodePort ?? 0,
        externalIps: (spec.externalIPs ?? []).filter(isIpv4).sort(),
        loadBalancerIps: loadBalancerIps(service),
        sourceRanges: [...(spec.loadBalancerSourceRanges ?? [])].sort(),
        affinitySeconds:
            spec.sessionAffinity === 'ClientIP'
                ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds)
                : 0,
        internalLocal: spec.internalTrafficPolicy === 'Local',
        externalLocal: spec.externalTrafficPolicy === 'Local',
        endpoints: endpointsOf(port, slices, nodeName),
    }));
}

const isIpv4 = (ip: string): boolean => !ip.includes(':');

function loadBalancerIps(service: V1Service): string[] {
    return (service.status?.loadBalancer?.ingress ?? [])
        .filter((ingress) => ingress.ipMode !== 'Proxy')
        .flatMap((ingress) => (ingress.ip && isIpv4(ingress.ip) ? [ingress.ip] : []))
        .sort();
}

/**
 * Ready endpoints; where there is none, those that still serve while they terminate, so that the last
 * pod of a rolling update finishes its work (KEP-1669).
 */
function endpointsOf(port: V1ServicePort, slices: readonly V1EndpointSlice[], nodeName: string): Endpoint[] {
    const ready = new Map<string, Endpoint>();
    const terminating = new Map<string, Endpoint>();
    for (const slice of slices) {
        const slicePort = (slice.ports ?? []).find((candidate) => matches(candidate, port));
        if (slicePort?.port === undefined) continue;
        for (const { addresses, conditions, nodeName: node } of slice.endpoints ?? []) {
            const ip = addresses[0];
            if (ip === undefined) continue;
            const endpoint = { ip, port: slicePort.port, local: node === nodeName };
            const id = `${ip}:${endpoint.port}`;
            if (conditions?.ready !== false) ready.set(id, endpoint);
            else if (conditions.serving === true && conditions.terminating === true)
                terminating.set(id, endpoint);
        }
    }
    const chosen = ready.size > 0 ? ready : terminating;
    return [...chosen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

function matches(slicePort: DiscoveryV1EndpointPort, port: V1ServicePort): boolean {
    return (
        (slicePort.name ?? '') === (port.name ?? '') &&
        (slicePort.protocol ?? 'TCP') === (port.protocol ?? 'TCP')
    );
}
