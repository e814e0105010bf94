import { semanticEqual } from '../../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import { isIpAddress, validateLabels } from '../../../meta/names.ts';
import type { V1LoadBalancerIngress, V1Service, V1ServicePort, V1ServiceSpec } from '../../../meta/object.ts';
import {
    dnsLabel,
    dnsSubdomain,
    each,
    isBlank,
    items,
    oneOf,
    optionalOneOf,
    portNumber,
    portNumberOrName,
    qualifiedName,
} from '../../validation/basic.ts';
import { cidr, ipAddress, reachableIp } from '../../validation/ip-fields.ts';
import { protocols } from '../pod/validation/ports.ts';
import { validateClusterIps } from './cluster-ips.ts';
import { isExternallyAccessible, isHeadless, needsHealthCheck } from './defaults.ts';

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const trafficPolicies = ['Cluster', 'Local'];
const affinitySecondsMax = 86_400;

/** `before`: the spec that is replaced, whose addresses may stay as they are. */
export function validateService(service: V1Service, before?: V1ServiceSpec): FieldError[] {
    const spec = service.spec ?? {};
    return [
        ...(items(spec.ports).length === 0 && !isHeadless(service) && spec.type !== 'ExternalName'
            ? [fieldErrors.required('spec.ports')]
            : []),
        ...validateType(service, spec),
        ...validatePorts(spec),
        ...validateLabels(spec.selector, 'spec.selector'),
        ...validateAffinity(spec),
        ...validateClusterIps(spec, before),
        ...each(spec.externalIPs, 'spec.externalIPs', (ip, path) =>
            reachableIp(ip, path, before?.externalIPs),
        ),
        ...oneOf(spec.type, 'spec.type', serviceTypes),
        ...validateNodePorts(spec),
        ...validateLoadBalancerFields(spec, before),
        ...validateTraffic(service, spec),
    ];
}

function validateType(service: V1Service, spec: V1ServiceSpec): FieldError[] {
    switch (spec.type) {
        case 'LoadBalancer':
        case 'NodePort':
            return isHeadless(service)
                ? [
                      fieldErrors.invalid(
                          'spec.clusterIPs[0]',
                          'None',
                          `may not be set to 'None' for ${spec.type} services`,
                      ),
                  ]
                : [];
        case 'ExternalName':
            return validateExternalName(spec);
        default:
            return [];
    }
}

function validateExternalName(spec: V1ServiceSpec): FieldError[] {
    const detail = 'may not be set for ExternalName services';
    const errors = (['clusterIPs', 'ipFamilies'] as const)
        .filter((field) => items(spec[field]).length > 0)
        .map((field) => fieldErrors.forbidden(`spec.${field}`, detail));
    if (spec.ipFamilyPolicy !== undefined) errors.push(fieldErrors.forbidden('spec.ipFamilyPolicy', detail));
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    return [
        ...errors,
        ...(name === ''
            ? [fieldErrors.required('spec.externalName')]
            : dnsSubdomain(name, 'spec.externalName')),
    ];
}

function validatePorts(spec: V1ServiceSpec): FieldError[] {
    const names = new Set<string>();
    const ports = new Set<string>();
    const needsName = items(spec.ports).length > 1;
    return each(spec.ports, 'spec.ports', (port, path) => {
        const errors = [
            ...validatePortName(port, `${path}.name`, { names, needsName }),
            ...validatePort(port, path),
        ];
        const key = `${port.protocol ?? ''}/${port.port}`;
        if (ports.has(key)) {
            errors.push(fieldErrors.duplicate(path, { port: port.port, protocol: port.protocol }));
        }
        ports.add(key);
        return errors;
    });
}

function validatePortName(
    { name }: V1ServicePort,
    path: string,
    { names, needsName }: { names: Set<string>; needsName: boolean },
): FieldError[] {
    if (name === undefined || name === '') return needsName ? [fieldErrors.required(path)] : [];
    const errors = dnsLabel(name, path);
    if (names.has(name)) errors.push(fieldErrors.duplicate(path, name));
    names.add(name);
    return errors;
}

function validatePort(port: V1ServicePort, path: string): FieldError[] {
    return [
        ...portNumber(port.port, `${path}.port`),
        ...oneOf(port.protocol, `${path}.protocol`, protocols),
        ...portNumberOrName(port.targetPort, `${path}.targetPort`),
        ...(port.appProtocol === undefined ? [] : qualifiedName(port.appProtocol, `${path}.appProtocol`)),
    ];
}

function validateAffinity(spec: V1ServiceSpec): FieldError[] {
    const { sessionAffinity, sessionAffinityConfig: config } = spec;
    const path = 'spec.sessionAffinityConfig';
    const errors = oneOf(sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None']);
    if (sessionAffinity === 'ClientIP') {
        const secondsPath = `${path}.clientIP.timeoutSeconds`;
        const seconds = config?.clientIP?.timeoutSeconds;
        if (seconds === undefined) {
            errors.push(fieldErrors.required(secondsPath, 'when session affinity type is ClientIP'));
        } else if (seconds <= 0 || seconds > affinitySecondsMax) {
            const detail = `must be greater than 0 and less than ${affinitySecondsMax}`;
            errors.push(fieldErrors.invalid(secondsPath, seconds, detail));
        }
    } else if (sessionAffinity === 'None' && config !== undefined) {
        errors.push(fieldErrors.forbidden(path, 'must not be set when session affinity is None'));
    }
    return errors;
}

function validateNodePorts(spec: V1ServiceSpec): FieldError[] {
    const seen = new Set<string>();
    return each(spec.ports, 'spec.ports', ({ nodePort = 0, protocol = '' }, path) => {
        if (nodePort === 0) return [];
        const nodePortPath = `${path}.nodePort`;
        const errors: FieldError[] = [];
        if (spec.type === 'ClusterIP') {
            errors.push(fieldErrors.forbidden(nodePortPath, "may not be used when `type` is 'ClusterIP'"));
        }
        const key = `${protocol}/${nodePort}`;
        if (seen.has(key)) errors.push(fieldErrors.duplicate(nodePortPath, nodePort));
        seen.add(key);
        return errors;
    });
}

const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";

function validateLoadBalancerFields(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): FieldError[] {
    const isLoadBalancer = spec.type === 'LoadBalancer';
    const rangesPath = 'spec.LoadBalancerSourceRanges';
    const ranges = items(spec.loadBalancerSourceRanges);
    const errors: FieldError[] = [];
    if (ranges.length > 0 && !isLoadBalancer)
        errors.push(fieldErrors.forbidden(rangesPath, onlyLoadBalancer));
    const kept = items(before?.loadBalancerSourceRanges).map((range) => range.trim());
    errors.push(...each(ranges, rangesPath, (range, path) => cidr(range.trim(), path, kept)));
    if (spec.allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer) {
        errors.push(fieldErrors.forbidden('spec.allocateLoadBalancerNodePorts', onlyLoadBalancer));
    }
    if (spec.loadBalancerClass !== undefined) {
        errors.push(
            ...(isLoadBalancer
                ? qualifiedName(spec.loadBalancerClass, 'spec.loadBalancerClass')
                : [fieldErrors.forbidden('spec.loadBalancerClass', onlyLoadBalancer)]),
        );
    }
    return errors;
}

function validateTraffic(service: V1Service, spec: V1ServiceSpec): FieldError[] {
    const { externalTrafficPolicy, healthCheckNodePort = 0 } = spec;
    const errors: FieldError[] = [];
    if (isExternallyAccessible(service)) {
        errors.push(...oneOf(externalTrafficPolicy, 'spec.externalTrafficPolicy', trafficPolicies));
    } else if (!isBlank(externalTrafficPolicy)) {
        const detail = 'may only be set for externally-accessible services';
        errors.push(fieldErrors.invalid('spec.externalTrafficPolicy', externalTrafficPolicy, detail));
    }
    if (healthCheckNodePort !== 0) {
        const path = 'spec.healthCheckNodePort';
        const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(
            ...(needsHealthCheck(service)
                ? portNumber(healthCheckNodePort, path)
                : [fieldErrors.invalid(path, healthCheckNodePort, detail)]),
        );
    }
    return [
        ...errors,
        ...optionalOneOf(spec.internalTrafficPolicy, 'spec.internalTrafficPolicy', trafficPolicies),
        ...optionalOneOf(spec.trafficDistribution, 'spec.trafficDistribution', [
            'PreferClose',
            'PreferSameNode',
            'PreferSameZone',
        ]),
    ];
}

export function validateServiceUpdate(service: V1Service, old: V1Service): FieldError[] {
    const spec = service.spec ?? {};
    const before = old.spec ?? {};
    return [
        ...validatePrimaryKept(spec, before),
        ...validateClassKept(spec, before),
        ...(needsHealthCheck(service) &&
        needsHealthCheck(old) &&
        spec.healthCheckNodePort !== before.healthCheckNodePort
            ? [fieldErrors.forbidden('spec.healthCheckNodePort', 'field is immutable')]
            : []),
        ...validateService(service, before),
    ];
}

/** The primary address and family stay for good, except from or to ExternalName. */
function validatePrimaryKept(spec: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
    if (spec.type === 'ExternalName' || before.type === 'ExternalName') return [];
    const errors: FieldError[] = [];
    const primary = before.clusterIPs?.[0] ?? before.clusterIP;
    if (primary !== undefined && primary !== '' && spec.clusterIPs?.[0] !== primary) {
        const detail =
            items(spec.clusterIPs).length === 0
                ? 'primary clusterIP can not be unset'
                : 'may not change once set';
        errors.push(fieldErrors.invalid('spec.clusterIPs[0]', spec.clusterIPs, detail));
    }
    const family = before.ipFamilies?.[0];
    if (family !== undefined && spec.ipFamilies?.[0] !== undefined && spec.ipFamilies[0] !== family) {
        errors.push(fieldErrors.invalid('spec.ipFamilies[0]', spec.ipFamilies[0], 'may not change once set'));
    }
    return errors;
}

function validateClassKept(spec: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
    if (spec.type !== 'LoadBalancer' || before.type !== 'LoadBalancer') return [];
    return semanticEqual(spec.loadBalancerClass, before.loadBalancerClass)
        ? []
        : [fieldErrors.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set')];
}

export function validateServiceStatusUpdate(service: V1Service, old: V1Service): FieldError[] {
    const ingressPath = 'status.loadBalancer.ingress';
    const ingress = service.status?.loadBalancer?.ingress;
    if (items(ingress).length > 0 && service.spec?.type !== 'LoadBalancer') {
        const detail = "may only be used when `spec.type` is 'LoadBalancer'";
        return [fieldErrors.forbidden(ingressPath, detail)];
    }
    const kept = items(old.status?.loadBalancer?.ingress).flatMap(({ ip }) => ip ?? []);
    return validateIngressPoints(ingress, ingressPath, kept);
}

function validateIngressPoints(
    points: V1LoadBalancerIngress[] | undefined,
    path: string,
    kept: readonly string[],
): FieldError[] {
    return each(points, path, ({ ip, hostname, ipMode }, itemPath) => {
        const errors = ip ? ipAddress(ip, `${itemPath}.ip`, kept) : [];
        if (ipMode !== undefined && !ip) {
            errors.push(
                fieldErrors.forbidden(`${itemPath}.ipMode`, 'may not be specified when `ip` is not set'),
            );
        }
        errors.push(...optionalOneOf(ipMode, `${itemPath}.ipMode`, ['Proxy', 'VIP']));
        if (hostname) {
            errors.push(...dnsSubdomain(hostname, `${itemPath}.hostname`));
            if (isIpAddress(hostname).length === 0) {
                const detail = 'must be a DNS name, not an IP address';
                errors.push(fieldErrors.invalid(`${itemPath}.hostname`, hostname, detail));
            }
        }
        return errors;
    });
}
