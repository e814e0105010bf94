import type { V1APIService, V1EndpointSlice, V1Service } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { KubeletTls } from '../node-proxy/forward.ts';
import type { ObjectReader } from '../object-reader.ts';

const apiServices = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
const services = { group: '', version: 'v1', resource: 'services' };
const endpointSlices = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
const defaultPort = 443;

/** A group and version that another server answers for. */
export interface ExtensionService {
    group: string;
    version: string;
    groupPriority: number;
    versionPriority: number;
    service: { namespace: string; name: string; port: number };
    /** Unchanged as long as the object is. */
    tls: ExtensionTls;
}

export type ExtensionTls = KubeletTls & { servername: string; insecure: boolean };

/** What this server shows to extension servers. PEM. */
export interface FrontProxyCertificate {
    cert: string;
    key: string;
}

/** The APIServices that name a Service, as the watch cache has them. */
export class ExtensionServices {
    readonly #reader: ObjectReader;
    readonly #certificate: FrontProxyCertificate;
    readonly #known = new WeakMap<V1APIService, ExtensionService>();

    constructor(reader: ObjectReader, certificate: FrontProxyCertificate) {
        this.#reader = reader;
        this.#certificate = certificate;
    }

    get(group: string, version: string): ExtensionService | undefined {
        const found = this.#reader.get<V1APIService>(apiServices, '', `${version}.${group}`);
        return found && this.#extensionOf(found);
    }

    list(): ExtensionService[] {
        return this.#reader
            .list<V1APIService>(apiServices)
            .map((one) => this.#extensionOf(one))
            .filter((one) => one !== undefined);
    }

    /** A ready endpoint of the Service, at random; its cluster address where no endpoints are kept. Throws a 503. */
    addressOf({ service: { namespace, name, port } }: ExtensionService): { host: string; port: number } {
        const service = this.#reader.get<V1Service>(services, namespace, name);
        const wanted = service?.spec?.ports?.find((each) => each.port === port);
        if (service === undefined || wanted === undefined) throw unavailable();
        if (service.spec?.type === 'ExternalName') {
            return { host: service.spec.externalName ?? '', port };
        }
        const candidates = this.#reader
            .list<V1EndpointSlice>(endpointSlices, namespace)
            .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
            .flatMap((slice) => {
                const number = slice.ports?.find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port;
                if (number === undefined) return [];
                return (slice.endpoints ?? [])
                    .filter(({ conditions }) => conditions?.ready !== false)
                    .flatMap(({ addresses }) => addresses.slice(0, 1))
                    .map((host) => ({ host, port: number }));
            });
        const chosen = candidates[Math.floor(Math.random() * candidates.length)];
        if (chosen === undefined) throw unavailable();
        return chosen;
    }

    #extensionOf(object: V1APIService): ExtensionService | undefined {
        const known = this.#known.get(object);
        if (known !== undefined) return known;
        const { spec } = object;
        const { namespace, name, port = defaultPort } = spec?.service ?? {};
        if (spec === undefined || !namespace || !name || !spec.group || !spec.version) return undefined;
        const caBundle = spec.caBundle ? Buffer.from(spec.caBundle, 'base64').toString() : '';
        const extension: ExtensionService = {
            group: spec.group,
            version: spec.version,
            groupPriority: spec.groupPriorityMinimum,
            versionPriority: spec.versionPriority,
            service: { namespace, name, port },
            tls: {
                ...this.#certificate,
                ...(caBundle === '' ? {} : { ca: caBundle }),
                servername: `${name}.${namespace}.svc`,
                insecure: spec.insecureSkipTLSVerify === true,
            },
        };
        this.#known.set(object, extension);
        return extension;
    }
}

const unavailable = (): Error => statusErrors.serviceUnavailable('service unavailable');
