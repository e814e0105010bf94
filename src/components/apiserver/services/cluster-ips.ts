import type { V1Service } from '../../../api/meta/object.ts';
import type { ObjectReader } from '../object-reader.ts';
import { readyNetworks } from './address-ranges.ts';
import { ipToNumber, numberToIp, parseIpRange } from './ip-range.ts';
import { NumberAllocator, staticBandOf, type Taken } from './number-allocator.ts';

export const addressesResource = {
    group: 'networking.k8s.io',
    version: 'v1',
    resource: 'ipaddresses',
} as const;
const servicesResource = { group: '', version: 'v1', resource: 'services' } as const;

/**
 * Hands out cluster IPs from every network of a ServiceCIDR that is ready. Taken is what has an IPAddress,
 * whosever it is, and what a Service has that nobody has made an IPAddress for yet (it was stored by an older
 * version); what is being written is reserved in memory. Networks may overlap: they share these.
 */
export class ClusterIps {
    readonly #reader: ObjectReader;
    readonly #defaultNetwork: string;
    readonly #reserved = new Set<number>();

    /** @param defaultNetwork --service-cluster-ip-range, used while there is no ServiceCIDR */
    constructor(reader: ObjectReader, defaultNetwork: string) {
        this.#reader = reader;
        this.#defaultNetwork = defaultNetwork;
    }

    /** Reserves any free address, until `release`; undefined when all are taken. */
    reserveAny(): string | undefined {
        const taken = this.#taken();
        for (const network of this.#networks()) {
            const number = this.#allocatorOf(network).reserveAny(taken);
            if (number !== undefined) return numberToIp(number);
        }
        return undefined;
    }

    /** Reserves this address, until `release`; says why it cannot be had. */
    reserve(address: string): 'notInRange' | 'allocated' | undefined {
        const number = ipToNumber(address);
        if (number === undefined) return 'notInRange';
        const taken = this.#taken();
        for (const network of this.#networks()) {
            const failure = this.#allocatorOf(network).reserve(number, taken);
            if (failure !== 'notInRange') return failure;
        }
        return 'notInRange';
    }

    release(address: string): void {
        const number = ipToNumber(address);
        if (number !== undefined) this.#reserved.delete(number);
    }

    /** Those of IPv4; Services here have no other addresses. */
    #networks(): string[] {
        return readyNetworks(this.#reader, this.#defaultNetwork).filter((cidr) => !cidr.includes(':'));
    }

    #allocatorOf(network: string): NumberAllocator {
        const range = parseIpRange(network);
        // Neither the network's own address nor its broadcast address.
        const size = Math.max(0, range.size - 2);
        const staticBand = staticBandOf(size, { min: 16, step: 16, max: 256 });
        return new NumberAllocator(
            { first: range.first + 1, size, staticBand },
            { reserved: this.#reserved },
        );
    }

    #taken(): Taken {
        const held = new Set<number>();
        for (const { spec } of this.#reader.list<V1Service>(servicesResource)) {
            const number = spec?.clusterIP === undefined ? undefined : ipToNumber(spec.clusterIP);
            if (number !== undefined) held.add(number);
        }
        return {
            has: (number) =>
                held.has(number) || this.#reader.get(addressesResource, '', numberToIp(number)) !== undefined,
        };
    }
}
