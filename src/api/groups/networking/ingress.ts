import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isIpAddress, isPortName, isWildcardDns1123Subdomain } from '../../meta/names.ts';
import type {
    V1HTTPIngressPath,
    V1Ingress,
    V1IngressBackend,
    V1IngressServiceBackend,
    V1IngressSpec,
    V1IngressTLS,
} from '../../meta/object.ts';
import { ageColumn, cellItemsMax, column, nameColumn, orNone } from '../columns.ts';
import { ingressAddresses } from '../core/service/columns.ts';
import { ingressIpWarnings } from '../core/service/warnings.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import {
    dnsLabel,
    dnsSubdomain,
    each,
    formatErrors,
    isBlank,
    items,
    oneOf,
    portNumber,
} from '../validation/basic.ts';
import { validateTypedReference } from './typed-reference.ts';

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
        ...each(tls, 'spec.tls', validateTls),
        ...(ingressClassName === undefined ? [] : dnsSubdomain(ingressClassName, 'spec.ingressClassName')),
    );
    return errors;
}

/** Hosts of certificates, which are not those of rules: nobody asks whether they are addresses. */
function validateTls({ hosts, secretName }: V1IngressTLS, path: string): FieldError[] {
    return [
        ...each(hosts, `${path}.hosts`, validateDnsName),
        ...(isBlank(secretName) ? [] : dnsSubdomain(secretName, `${path}.secretName`)),
    ];
}

function validateHost(host: string | undefined, path: string): FieldError[] {
    if (host === undefined || isBlank(host)) return [];
    if (isIpAddress(host).length === 0) {
        return [fieldErrors.invalid(path, host, 'must be a DNS name, not an IP address')];
    }
    return validateDnsName(host, path);
}

function validateDnsName(host: string, path: string): FieldError[] {
    return host.includes('*')
        ? formatErrors(host, path, isWildcardDns1123Subdomain(host))
        : dnsSubdomain(host, path);
}

/** New ingresses name their class in one place; old ones may keep it in two. */
function validateNewIngress(ingress: V1Ingress): FieldError[] {
    const errors = validateIngress(ingress);
    const annotation = ingress.metadata?.annotations?.[classAnnotation];
    if (annotation === undefined || ingress.spec?.ingressClassName === undefined) return errors;
    const detail = 'can not be set when the class field is also set';
    return [...errors, fieldErrors.invalid(`annotations.${classAnnotation}`, annotation, detail)];
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
    if (resource !== undefined) return validateTypedReference(resource, `${path}.resource`);
    if (service === undefined)
        return [fieldErrors.invalid(path, '', 'resource or service backend is required')];
    return validateServiceBackend(service, path);
}

function validateServiceBackend(service: Incomplete<V1IngressServiceBackend>, path: string): FieldError[] {
    const servicePath = `${path}.service`;
    const errors = isBlank(service.name)
        ? [fieldErrors.required(`${servicePath}.name`)]
        : dnsLabel(service.name, `${servicePath}.name`);
    const { name = '', number = 0 } = service.port ?? {};
    if (name !== '' && number !== 0) {
        errors.push(fieldErrors.invalid(path, '', 'cannot set both port name & port number'));
    } else if (name !== '') {
        errors.push(...formatErrors(name, `${servicePath}.port.name`, isPortName(name)));
    } else if (number !== 0) {
        errors.push(...portNumber(number, `${servicePath}.port.number`));
    } else {
        errors.push(fieldErrors.required(path, 'port name or number is required'));
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
    validate: validateNewIngress,
    validateUpdate: (ingress) => validateIngress(ingress),
    warnings: (ingress, old) => (old === undefined ? classWarnings(ingress) : []),
    statusWarnings: ({ status }) => ingressIpWarnings(status?.loadBalancer?.ingress),
    columns: [
        nameColumn,
        column('Class', ({ spec }) => orNone(spec?.ingressClassName)),
        column('Hosts', ({ spec }) => hostsText(spec)),
        column('Address', ({ status }) => ingressAddresses(status?.loadBalancer?.ingress).join(',')),
        column('Ports', ({ spec }) => (items(spec?.tls).length > 0 ? '80, 443' : '80')),
        ageColumn,
    ],
});
