import type { V1Service, V1ServiceSpec } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';
import { cidrWarnings, ipWarnings } from '../../validation/ip-warnings.ts';

const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const topologyMode = 'service.kubernetes.io/topology-mode';

/** What a client should hear about a Service (pkg/api/service/warnings.go). */
export function serviceWarnings({ metadata, spec }: V1Service): string[] {
    const warnings: string[] = [];
    if (metadata?.annotations?.[topologyHints] !== undefined) {
        warnings.push(`annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`);
    }
    if (spec === undefined) return warnings;
    const { type = 'ClusterIP', externalName = '', trafficDistribution } = spec;
    const isHeadless = type === 'ClusterIP' && spec.clusterIP === 'None';
    const hasExternalIps = items(spec.externalIPs).length > 0;
    warnings.push(...eachIp(spec.clusterIPs, 'spec.clusterIPs'));
    if (isHeadless) warnings.push(...headlessWarnings(spec));
    warnings.push(...eachIp(spec.externalIPs, 'spec.externalIPs'));
    if (hasExternalIps && !isHeadless && type !== 'ExternalName') {
        warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
    }
    warnings.push(
        ...ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'),
        ...items(spec.loadBalancerSourceRanges).flatMap((range, index) =>
            cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`),
        ),
    );
    if (type === 'ExternalName' && hasExternalIps)
        warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
    if (type !== 'ExternalName' && externalName !== '')
        warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
    if (trafficDistribution === 'PreferClose') {
        warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
    }
    return warnings;
}

function headlessWarnings({
    loadBalancerIP,
    externalIPs,
    sessionAffinity = 'None',
}: V1ServiceSpec): string[] {
    return [
        ...(loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
        ...(items(externalIPs).length > 0 ? ['spec.externalIPs is ignored for headless services'] : []),
        ...(sessionAffinity === 'None' ? [] : ['spec.SessionAffinity is ignored for headless services']),
    ];
}

function eachIp(addresses: readonly string[] | undefined, path: string): string[] {
    return items(addresses).flatMap((address, index) => ipWarnings(address, `${path}[${index}]`));
}

/** Of addresses of load balancers, in the status of Services and of Ingresses. */
export function ingressIpWarnings(points: readonly { ip?: string | undefined }[] | undefined): string[] {
    return items(points).flatMap(({ ip }, index) => ipWarnings(ip, `status.loadBalancer.ingress[${index}]`));
}
