import { parseAddress, parsePrefix } from '../../../api/cel/library/ip-address.ts';
import { allocatorName, isGivenBy, managedByLabel } from '../../../api/groups/networking/service-networks.ts';
import {
    objectKey,
    splitObjectKey,
    type Stored,
    type V1IPAddress,
    type V1Service,
} from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import { ipAddresses, serviceCidrs, services } from '../../../client/resource-type.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import type { ObjectReader } from '../object-reader.ts';
import { addressesOf, addressObject, hasOwnLabels, serviceKeyOf } from './address-object.ts';
import { allNetworks } from './address-ranges.ts';

export interface AddressRepairOptions {
    /** As system:apiserver. */
    client: Client;
    reader: ObjectReader;
    /** --service-cluster-ip-range */
    clusterIpRange: string;
    /** Makes the ServiceCIDR of that range when it is missing; writes nothing when it is there. */
    ensureRange: () => Promise<void>;
    /** Told about Services and IPAddresses that are not in order. */
    events: Pick<EventRecorder, 'event'>;
    clock: Clock;
    logger: Logger;
}

const rangeName = 'kubernetes';
const [rangeKey, servicePrefix, addressPrefix] = ['range', 'service ', 'address '];

/**
 * Keeps Services and IPAddresses one to one (upstream's ipallocator-repair-controller), and the cluster's own
 * ServiceCIDR there. Writes of the API do that by themselves: this one is for Services from before they did, and
 * for what people do to IPAddresses. All is looked at once when it starts, then what changes.
 *
 *   Service X with address A  <-->  IPAddress A of X            nothing to do
 *   Service X with address A        no IPAddress                made
 *   Service X with address A  <-->  IPAddress A of Y, or with
 *                                   other labels                made anew, unless Y has the address too
 *                                   the allocator's IPAddress
 *                                   of a Service without it     deleted
 */
export class AddressRepair implements Stoppable {
    readonly #options: AddressRepairOptions;
    readonly #controller: Controller;
    /** Services whose address another one has, by address: looked at again when it is given free. */
    readonly #waiting = new Map<string, string>();
    #stopFollowing: (() => void)[] = [];

    constructor(options: AddressRepairOptions) {
        this.#options = options;
        const { logger, clock } = options;
        this.#controller = new Controller({
            name: 'ipallocator-repair-controller',
            logger,
            clock,
            workers: 1,
            reconcile: async (key) => await this.#reconcile(key),
        });
    }

    /** Resolves when everything has been looked at once. What could not be written is tried again. */
    async start(): Promise<void> {
        const { reader, logger } = this.#options;
        this.#follow(reader);
        const keys = [
            ...reader.list<V1Service>(services).map((service) => servicePrefix + objectKey(service)),
            ...reader.list<V1IPAddress>(ipAddresses).map((address) => addressPrefix + objectKey(address)),
        ];
        for (const key of keys) {
            try {
                await this.#reconcile(key);
            } catch (err) {
                logger.warn({ err, key }, 'cannot repair an address');
                this.#controller.enqueue(key);
            }
        }
        this.#controller.start();
    }

    async stop(): Promise<void> {
        for (const stop of this.#stopFollowing) stop();
        await this.#controller.stop();
    }

    #follow(reader: ObjectReader): void {
        this.#stopFollowing = [
            reader.onChange(services, (service: V1Service, isDeleted) => {
                if (!isDeleted) this.#controller.enqueue(servicePrefix + objectKey(service));
                for (const address of addressesOf(service)) this.#controller.enqueue(addressPrefix + address);
            }),
            reader.onChange(ipAddresses, (address) => {
                const name = objectKey(address);
                this.#controller.enqueue(addressPrefix + name);
                const concerned = [serviceKeyOf(address as V1IPAddress), this.#waiting.get(name)];
                this.#waiting.delete(name);
                for (const service of concerned)
                    if (service !== undefined) this.#controller.enqueue(servicePrefix + service);
            }),
            reader.onChange(serviceCidrs, ({ metadata }, isDeleted) => {
                if (isDeleted && metadata?.name === rangeName) this.#controller.enqueue(rangeKey);
            }),
        ];
    }

    async #reconcile(key: string): Promise<Outcome> {
        if (key === rangeKey) await this.#options.ensureRange();
        else if (key.startsWith(servicePrefix)) await this.#repairService(key.slice(servicePrefix.length));
        else await this.#repairAddress(key.slice(addressPrefix.length));
        return done;
    }

    async #repairService(key: string): Promise<void> {
        const service = this.#serviceOf(key);
        for (const address of addressesOf(service)) {
            if (service !== undefined) await this.#ensure(address, service);
        }
    }

    async #ensure(address: string, service: Stored<V1Service>): Promise<void> {
        const { reader, client, clusterIpRange, events } = this.#options;
        const warn = (reason: string, message: string): void => {
            events.event(service, 'Warning', reason, message);
        };
        const text = `[${address.includes(':') ? 'IPv6' : 'IPv4'}]: ${address}`;
        if (!isInSome(allNetworks(reader, clusterIpRange), address)) {
            const message = `Cluster IP ${text} is not within any configured Service CIDR; please recreate service`;
            warn('ClusterIPOutOfRange', message);
            return;
        }
        const found = reader.get<V1IPAddress>(ipAddresses, '', address);
        const key = objectKey(service);
        const owner = found && serviceKeyOf(found);
        if (found !== undefined && owner === key && hasOwnLabels(found)) return;
        if (owner !== undefined && owner !== key && addressesOf(this.#serviceOf(owner)).includes(address)) {
            const message = `Cluster IP ${text} was assigned to multiple services; please recreate service`;
            warn('ClusterIPAlreadyAllocated', message);
            this.#waiting.set(address, key);
            return;
        }
        if (found === undefined) {
            warn('ClusterIPNotAllocated', `Cluster IP ${text} is not allocated; repairing`);
        } else {
            const message = `the ClusterIP ${text} for Service ${key} has a wrong reference; repairing`;
            if (owner !== key) warn('ClusterIPNotAllocated', message);
            await this.#delete(found);
        }
        try {
            await client.resource(ipAddresses).create(addressObject(address, service));
        } catch (error) {
            // Another master has repaired it.
            if (!isReason(error, 'AlreadyExists')) throw error;
        }
    }

    /** An address that the allocator once gave, and nobody has. */
    async #repairAddress(name: string): Promise<void> {
        const { reader, events } = this.#options;
        const address = reader.get<V1IPAddress>(ipAddresses, '', name);
        if (address === undefined || address.metadata.labels?.[managedByLabel] !== allocatorName) return;
        if (address.metadata.deletionTimestamp !== undefined) return;
        const owner = serviceKeyOf(address);
        if (owner !== undefined && addressesOf(this.#serviceOf(owner)).includes(name)) return;
        const message =
            owner !== undefined && this.#serviceOf(owner) === undefined
                ? `IPAddress: ${name} for Service ${owner} appears to have leaked: cleaning up`
                : `IPAddress: ${name} has a wrong reference; cleaning up`;
        events.event(address, 'Warning', 'IPAddressNotAllocated', message);
        await this.#delete(address);
    }

    #serviceOf(key: string): Stored<V1Service> | undefined {
        const { namespace, name } = splitObjectKey(key);
        return this.#options.reader.get<V1Service>(services, namespace, name);
    }

    /** Only as it is known here: who has changed it meanwhile is looked at again. */
    async #delete({ metadata: { name, uid, resourceVersion } }: Stored<V1IPAddress>): Promise<void> {
        const preconditions = {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        try {
            await this.#options.client.resource(ipAddresses).delete({ name }, { preconditions });
        } catch (error) {
            if (!isReason(error, 'NotFound')) throw error;
        }
    }
}

function isInSome(networks: readonly string[], text: string): boolean {
    const address = parseAddress(text);
    return networks.some((cidr) => {
        const network = parsePrefix(cidr);
        return network !== undefined && address !== undefined && isGivenBy(network, address);
    });
}
