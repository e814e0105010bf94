import type { V1Service } from '../../../meta/object.ts';
import type { Strategy } from '../../resource.ts';
import { items } from '../../validation/basic.ts';
import { serviceColumns } from './columns.ts';
import { defaultService, isExternallyAccessible, needsHealthCheck, normalizeClusterIps } from './defaults.ts';
import { validateService, validateServiceStatusUpdate, validateServiceUpdate } from './validation.ts';
import { ingressIpWarnings, serviceWarnings } from './warnings.ts';

/** What the old type had and the new one may not have is dropped, unless the client sets it anew. */
function dropTypeDependentFields(service: V1Service, old: V1Service): void {
    const { spec } = service;
    const before = old.spec;
    if (spec === undefined || before === undefined) return;
    const hadNodePorts = before.type === 'NodePort' || before.type === 'LoadBalancer';
    if (hadNodePorts && spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
        const old = new Set(items(before.ports).map((port) => port.nodePort));
        for (const port of items(spec.ports)) if (old.has(port.nodePort)) delete port.nodePort;
    }
    if (before.type !== 'ExternalName' && spec.type === 'ExternalName') {
        if (spec.clusterIP === before.clusterIP) delete spec.clusterIP;
        delete spec.clusterIPs;
        delete spec.ipFamilies;
        delete spec.ipFamilyPolicy;
        delete spec.internalTrafficPolicy;
    }
    if (!needsHealthCheck(service) && needsHealthCheck(old)) delete spec.healthCheckNodePort;
    if (spec.type !== 'LoadBalancer' && before.type === 'LoadBalancer') {
        delete spec.allocateLoadBalancerNodePorts;
        if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
    }
    if (!isExternallyAccessible(service) && isExternallyAccessible(old)) delete spec.externalTrafficPolicy;
}

/** Addresses that a PUT leaves out are those the service has. */
function keepAddresses(service: V1Service, old: V1Service): void {
    const { spec } = service;
    const before = old.spec;
    if (spec === undefined || before === undefined) return;
    if (spec.type === 'ExternalName' || before.type === 'ExternalName') return;
    if (!spec.clusterIP && items(spec.clusterIPs).length === 0) {
        if (before.clusterIP !== undefined) spec.clusterIP = before.clusterIP;
        if (before.clusterIPs !== undefined) spec.clusterIPs = before.clusterIPs;
    }
    if (items(spec.ipFamilies).length === 0 && before.ipFamilies !== undefined) {
        spec.ipFamilies = before.ipFamilies;
    }
    if (before.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
    keepNodePorts(service, old);
}

function keepNodePorts({ spec }: V1Service, old: V1Service): void {
    if (spec?.type !== 'NodePort' && spec?.type !== 'LoadBalancer') return;
    const used = new Set(items(spec.ports).map((port) => port.nodePort));
    for (const port of items(spec.ports)) {
        if (port.nodePort) continue;
        const before = items(old.spec?.ports).find(
            (one) => one.port === port.port && one.protocol === port.protocol && one.nodePort,
        );
        if (before?.nodePort === undefined || used.has(before.nodePort)) continue;
        port.nodePort = before.nodePort;
        used.add(before.nodePort);
    }
    if (needsHealthCheck({ spec }) && needsHealthCheck(old) && old.spec?.healthCheckNodePort !== undefined) {
        spec.healthCheckNodePort ??= old.spec.healthCheckNodePort;
    }
}

export const serviceStrategy: Strategy<V1Service> = {
    nameFormat: 'dnsLabel',
    defaults: defaultService,
    prepareForCreate(service) {
        service.status = { loadBalancer: {} };
        normalizeClusterIps(service, undefined);
    },
    prepareForUpdate(service, old, { subresource }) {
        if (subresource !== undefined) return;
        service.status = old.status ?? { loadBalancer: {} };
        keepAddresses(service, old);
        dropTypeDependentFields(service, old);
        normalizeClusterIps(service, old);
        if (service.spec?.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
    },
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    validateStatusUpdate: validateServiceStatusUpdate,
    warnings: serviceWarnings,
    statusWarnings: ({ status }) => ingressIpWarnings(status?.loadBalancer?.ingress),
    selectableFields: ({ spec }) => ({
        'spec.clusterIP': spec?.clusterIP ?? '',
        'spec.type': spec?.type ?? '',
    }),
    columns: serviceColumns,
};
