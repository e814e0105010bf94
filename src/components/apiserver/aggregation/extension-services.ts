import { isConditionTrue } from '../../../api/meta/conditions.ts';
import type { V1APIService, V1EndpointSlice, V1Service } from '../../../api/meta/object.ts';
import type { KubeletTls } from '../node-proxy/forward.ts';
import type { ObjectReader } from '../object-reader.ts';
import { aggregationGroup } from './priorities.ts';
import { apiServiceName, apiServices, endpointSlices, serviceNameLabel, services } from './resources.ts';

const defaultPort = 443;

/** A group and version that another server answers for. */
export interface ExtensionService {
    /** Of the APIService: "v1.fruits.example.com". */
    name: string;
    uid: string;
    group: string;
    version: string;
    /** What the last check of the APIService's condition found. */
    isAvailable: boolean;
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

export interface Address {
    host: string;
    port: number;
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
        return this.byName(apiServiceName(group, version));
    }

    byName(name: string): ExtensionService | undefined {
        const found = this.#reader.get<V1APIService>(apiServices, '', name);
        return found && this.#extensionOf(found);
    }

    list(): ExtensionService[] {
        return this.#reader
            .list<V1APIService>(apiServices)
            .map((one) => this.#extensionOf(one))
            .filter((one) => one !== undefined);
    }

    /**
     * A ready endpoint of the Service, at random; the name of an ExternalName Service. Throws an Error when there is
     * no way to it.
     */
    addressOf(extension: ExtensionService): Address {
        const candidates = this.addressesOf(extension);
        const chosen = candidates[Math.floor(Math.random() * candidates.length)];
        if (chosen === undefined) {
            throw new Error(`no endpoints available for service "${extension.service.name}"`);
        }
        return chosen;
    }

    /** All that `addressOf` chooses from. */
    addressesOf({ service: { namespace, name, port } }: ExtensionService): Address[] {
        const service = this.#reader.get<V1Service>(services, namespace, name);
        if (service === undefined) throw new Error(`service "${name}" not found`);
        const { type, externalName = '', ports = [] } = service.spec ?? {};
        if (type === 'ExternalName') return [{ host: externalName, port }];
        const wanted = ports.find((each) => each.port === port);
        if (wanted === undefined) {
            throw new Error(`no service port ${port} found for service "${name}"`);
        }
        return this.#reader
            .list<V1EndpointSlice>(endpointSlices, namespace)
            .filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name)
            .flatMap((slice) => {
                const number = slice.ports?.find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port;
                if (number === undefined) return [];
                return (slice.endpoints ?? [])
                    .filter(({ conditions }) => conditions?.ready !== false)
                    .flatMap(({ addresses }) => addresses.slice(0, 1))
                    .map((host) => ({ host, port: number }));
            });
    }

    #extensionOf(object: V1APIService): ExtensionService | undefined {
        const known = this.#known.get(object);
        if (known !== undefined) return known;
        const { metadata, spec, status } = object;
        const { namespace, name, port = defaultPort } = spec?.service ?? {};
        if (spec === undefined || !namespace || !name || !spec.version) return undefined;
        const { group = '', version } = spec;
        // Whoever could take this group over could not be got rid of.
        if (group === aggregationGroup) return undefined;
        const caBundle = spec.caBundle ? Buffer.from(spec.caBundle, 'base64').toString() : '';
        const extension: ExtensionService = {
            name: metadata?.name ?? '',
            uid: metadata?.uid ?? '',
            group,
            version,
            isAvailable: isConditionTrue(status?.conditions, 'Available'),
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
