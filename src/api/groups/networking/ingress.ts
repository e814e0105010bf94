import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isIpAddress, isWildcardDns1123Subdomain } from '../../meta/names.ts';
import type { V1HTTPIngressPath, V1Ingress, V1IngressBackend, V1IngressSpec } from '../../meta/object.ts';
import { ageColumn, cellItemsMax, column, nameColumn, orNone } from '../columns.ts';
import { ingressAddresses } from '../core/service/columns.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import {
    dnsSubdomain,
    each,
    formatErrors,
    isBlank,
    items,
    oneOf,
    portNumber,
    required,
} from '../validation/basic.ts';

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const invalidSequences = ['//', '/./', '/../', '%2f', '%2F'];
const invalidSuffixes = ['/..', '/.'];

const classAnnotation = 'kubernetes.io/ingress.class';

function validateIngress({ spec }: V1Ingress): FieldError[] {
    const { rules, defaultBackend, tls, ingressClassName } = spec ?? {};
    const errors: FieldError[] = [];
    if (items(rules).length === 0 && defaultBackend === undefined) {
        errors.push(
            fieldErrors.invalid('spec', rules ?? [], 'either `defaultBackend` or `rules` must be specified'),
        );
    }
    if (defaultBackend !== undefined) errors.push(...validateBackend(defaultBackend, 'spec.defaultBackend'));
    errors.push(
        ...each(rules, 'spec.rules', ({ host, http }, path) => [
            ...validateHost(host, `${path}.host`),
            ...(http === undefined
                ? []
                : items(http.paths).length === 0
                  ? [fieldErrors.required(`${path}.http.paths`)]
                  : each(http.paths, `${path}.http.paths`, validatePath)),
        ]),
        ...each(tls, 'spec.tls', ({ hosts }, path) => each(hosts, `${path}.hosts`, validateHost)),
        ...(ingressClassName === undefined ? [] : dnsSubdomain(ingressClassName, 'spec.ingressClassName')),
    );
    return errors;
}

function validateHost(host: string | undefined, path: string): FieldError[] {
    if (host === undefined || isBlank(host)) return [];
    if (isIpAddress(host).length === 0) {
        return [fieldErrors.invalid(path, host, 'must be a DNS name, not an IP address')];
    }
    return host.includes('*')
        ? formatErrors(host, path, isWildcardDns1123Subdomain(host))
        : dnsSubdomain(host, path);
}

function validatePath(
    { path: urlPath = '', pathType, backend }: V1HTTPIngressPath,
    path: string,
): FieldError[] {
    const errors = isBlank(pathType)
        ? [fieldErrors.required(`${path}.pathType`, 'pathType must be specified')]
        : oneOf(pathType, `${path}.pathType`, pathTypes);
    if (pathType === 'Exact' || pathType === 'Prefix') {
        if (!urlPath.startsWith('/')) {
            errors.push(fieldErrors.invalid(`${path}.path`, urlPath, 'must be an absolute path'));
        }
        for (const sequence of invalidSequences.filter((one) => urlPath.includes(one))) {
            errors.push(fieldErrors.invalid(`${path}.path`, urlPath, `must not contain '${sequence}'`));
        }
        for (const suffix of invalidSuffixes.filter((one) => urlPath.endsWith(one))) {
            errors.push(fieldErrors.invalid(`${path}.path`, urlPath, `cannot end with '${suffix}'`));
        }
    } else if (urlPath !== '' && !urlPath.startsWith('/')) {
        errors.push(fieldErrors.invalid(`${path}.path`, urlPath, 'must be an absolute path'));
    }
    return [...errors, ...validateBackend(backend, `${path}.backend`)];
}

function validateBackend(backend: V1IngressBackend | undefined, path: string): FieldError[] {
    const { service, resource } = backend ?? {};
    if (service !== undefined && resource !== undefined) {
        return [fieldErrors.invalid(path, '', 'cannot set both resource and service backends')];
    }
    if (resource !== undefined) {
        return [
            ...required(resource.kind, `${path}.resource.kind`),
            ...required(resource.name, `${path}.resource.name`),
        ];
    }
    if (service === undefined)
        return [fieldErrors.invalid(path, '', 'resource or service backend is required')];
    const errors = required(service.name, `${path}.service.name`);
    const { name, number } = service.port ?? {};
    if (name && number) {
        errors.push(fieldErrors.invalid(path, '', 'cannot set both port name & port number'));
    } else if (name === undefined && number === undefined) {
        errors.push(fieldErrors.required(path, 'port name or number is required'));
    } else if (number !== undefined) {
        errors.push(...portNumber(number, `${path}.service.port.number`));
    }
    return errors;
}

function hostsText(spec: V1IngressSpec | undefined): string {
    const rules = items(spec?.rules);
    const hosts = rules.map(({ host }) => host ?? '').filter((host) => host !== '');
    if (hosts.length === 0) return '*';
    const shown = hosts.slice(0, cellItemsMax).join(',');
    return hosts.length > cellItemsMax ? `${shown} + ${rules.length - cellItemsMax} more...` : shown;
}

function classWarnings({ metadata, spec }: V1Ingress): string[] {
    const annotated = metadata?.annotations?.[classAnnotation] !== undefined;
    return annotated && spec?.ingressClassName === undefined
        ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
        : [];
}

export const ingressStrategy: Strategy<V1Ingress> = withStatus<V1Ingress>({
    hasGeneration: true,
    prepareForCreate(ingress) {
        ingress.status = { loadBalancer: {} };
    },
    validate: validateIngress,
    validateUpdate: (ingress) => validateIngress(ingress),
    warnings: (ingress, old) => (old === undefined ? classWarnings(ingress) : []),
    columns: [
        nameColumn,
        column('Class', ({ spec }) => orNone(spec?.ingressClassName)),
        column('Hosts', ({ spec }) => hostsText(spec)),
        column('Address', ({ status }) => ingressAddresses(status?.loadBalancer?.ingress).join(',')),
        column('Ports', ({ spec }) => (items(spec?.tls).length > 0 ? '80, 443' : '80')),
        ageColumn,
    ],
});
