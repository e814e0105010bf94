import type { V1Service } from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

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
    if (isHeadless) {
        if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
        if (hasExternalIps) warnings.push('spec.externalIPs is ignored for headless services');
        if ((spec.sessionAffinity ?? 'None') !== 'None')
            warnings.push('spec.SessionAffinity is ignored for headless services');
    } else if (hasExternalIps && type !== 'ExternalName') {
        warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
    }
    if (type === 'ExternalName' && hasExternalIps)
        warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
    if (type !== 'ExternalName' && externalName !== '')
        warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
    if (trafficDistribution === 'PreferClose') {
        warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
    }
    return warnings;
}
