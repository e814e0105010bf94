import type { V1Service } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

/** Seconds for which a client keeps its endpoint with ClientIP affinity. */
const affinitySecondsDefault = 10_800;

/** Types that answer outside the cluster. */
export function isExternallyAccessible({ spec }: V1Service): boolean {
    return (
        spec?.type === 'LoadBalancer' ||
        spec?.type === 'NodePort' ||
        (spec?.type === 'ClusterIP' && items(spec.externalIPs).length > 0)
    );
}

export function needsHealthCheck({ spec }: V1Service): boolean {
    return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** True for `clusterIP: None`. */
export function isHeadless({ spec }: V1Service): boolean {
    return (spec?.clusterIPs?.[0] ?? spec?.clusterIP) === 'None';
}

/** Defaults of a Service; addresses, families and node ports are the allocators' business. */
export function defaultService(service: V1Service): void {
    service.spec ??= {};
    const { spec } = service;
    spec.sessionAffinity ??= 'None';
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
    if (spec.sessionAffinity === 'ClientIP') {
        spec.sessionAffinityConfig ??= {};
        spec.sessionAffinityConfig.clientIP ??= {};
        spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinitySecondsDefault;
    }
    spec.type ??= 'ClusterIP';
    for (const port of items(spec.ports)) {
        port.protocol ??= 'TCP';
        if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
            port.targetPort = port.port;
        }
    }
    if (isExternallyAccessible(service)) spec.externalTrafficPolicy ??= 'Cluster';
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') {
        spec.allocateLoadBalancerNodePorts ??= true;
        for (const ingress of items(service.status?.loadBalancer?.ingress)) {
            if (ingress.ip) ingress.ipMode ??= 'VIP';
        }
    }
}

/** `clusterIP` and the first of `clusterIPs` say the same: what the client gave fills in the other. */
export function normalizeClusterIps(service: V1Service, old: V1Service | undefined): void {
    const { spec } = service;
    if (spec === undefined) return;
    const before = old?.spec;
    if (before === undefined) {
        if (spec.clusterIP && items(spec.clusterIPs).length === 0) spec.clusterIPs = [spec.clusterIP];
        return;
    }
    const ipChanged = spec.clusterIP !== before.clusterIP;
    const listUnchanged = (spec.clusterIPs ?? []).join() === (before.clusterIPs ?? []).join();
    if (!ipChanged || !listUnchanged) return;
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
    else if (before.clusterIP) delete spec.clusterIPs;
}
