import type { ApiObject, V1Ingress, V1IngressBackend, V1IngressSpec } from '../../meta/object.ts';
import type { VersionConversion } from '../resource.ts';

interface LegacyBackend {
    resource?: V1IngressBackend['resource'];
    serviceName?: string;
    servicePort?: number | string;
}
interface LegacyIngressSpec {
    backend?: LegacyBackend;
    rules?: { host?: string | undefined; http?: { paths: LegacyPath[] } }[];
    ingressClassName?: string | undefined;
    tls?: V1IngressSpec['tls'] | undefined;
}
interface LegacyPath {
    backend: LegacyBackend;
    path?: string | undefined;
    pathType?: string;
}
interface LegacyIngress extends ApiObject {
    spec?: LegacyIngressSpec;
}

function toBackend({ resource, serviceName, servicePort }: LegacyBackend = {}): V1IngressBackend {
    const port = typeof servicePort === 'number' ? { number: servicePort } : { name: servicePort ?? '' };
    return {
        ...(resource !== undefined && { resource }),
        ...(serviceName !== undefined && { service: { name: serviceName, port } }),
    };
}

function fromBackend({ resource, service }: V1IngressBackend): LegacyBackend {
    const servicePort = service?.port?.number ?? service?.port?.name;
    return {
        ...(resource !== undefined && { resource }),
        ...(service !== undefined && { serviceName: service.name }),
        ...(servicePort !== undefined && { servicePort }),
    };
}

function toSpec({ backend, rules, ...rest }: LegacyIngressSpec): V1IngressSpec {
    return {
        ...rest,
        ...(backend !== undefined && { defaultBackend: toBackend(backend) }),
        ...(rules !== undefined && {
            rules: rules.map(({ http, ...rule }) => ({
                ...rule,
                ...(http !== undefined && {
                    http: {
                        paths: http.paths.map((path) => ({
                            ...path,
                            pathType: path.pathType ?? 'ImplementationSpecific',
                            backend: toBackend(path.backend),
                        })),
                    },
                }),
            })),
        }),
    };
}

function fromSpec({ defaultBackend, rules, ...rest }: V1IngressSpec): LegacyIngressSpec {
    return {
        ...rest,
        ...(defaultBackend !== undefined && { backend: fromBackend(defaultBackend) }),
        ...(rules !== undefined && {
            rules: rules.map(({ http, ...rule }) => ({
                ...rule,
                ...(http !== undefined && {
                    http: {
                        paths: http.paths.map((path) => ({ ...path, backend: fromBackend(path.backend) })),
                    },
                }),
            })),
        }),
    };
}

/** An Ingress before version 1: its Services are named by `serviceName` and `servicePort`. */
export const ingressConversion: VersionConversion<LegacyIngress> = {
    stored: { group: 'networking.k8s.io', version: 'v1' },
    toStored: ({ spec, ...rest }) => ({ ...rest, ...(spec !== undefined && { spec: toSpec(spec) }) }),
    fromStored: (object) => {
        const { spec, ...rest } = object as Partial<V1Ingress> & ApiObject;
        return { ...rest, ...(spec !== undefined && { spec: fromSpec(spec) }) };
    },
};
