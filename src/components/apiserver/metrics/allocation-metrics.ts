import { BlockList, isIPv6 } from 'node:net';
import type { ApiObject, V1Service, V1ServiceCIDR, V1ServiceSpec } from '../../../api/meta/object.ts';
import { StatusError } from '../../../api/meta/status-error.ts';
import { serviceCidrs, services } from '../../../client/resource-type.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import type { RegistryHook, Reservation } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import { Counters, Histograms } from './series.ts';

/** Prometheus' own bounds: upstream names no others here. */
const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** An IPv6 range counts for no more than this. */
const addressesMax = 2 ** 62;

type Scope = 'static' | 'dynamic';

export interface AllocationRanges {
    reader: ObjectReader;
    /** --service-cluster-ip-range. */
    clusterIpRange: string;
    /** --service-node-port-range, both ends included. */
    nodePorts: { first: number; last: number };
}

interface AddressRange {
    cidr: string;
    size: number;
    contains(address: string): boolean;
}

/**
 * Figures about the hook that gives Services their addresses and ports: how many were given, asked for by number
 * (static) or not (dynamic), in which range, how often that failed, and how many are left. What is taken is counted
 * when somebody asks.
 */
export class AllocationMetrics {
    readonly #ranges: AllocationRanges;
    readonly #addresses = new Counters({
        name: 'kube_apiserver_clusterip_allocator_allocation_total',
        help: 'Number of Cluster IPs allocations',
        labels: ['cidr', 'scope'],
    });
    readonly #addressErrors = new Counters({
        name: 'kube_apiserver_clusterip_allocator_allocation_errors_total',
        help: 'Number of errors trying to allocate Cluster IPs',
        labels: ['cidr', 'scope'],
    });
    readonly #durations = new Histograms(
        {
            name: 'kube_apiserver_clusterip_allocator_allocation_duration_seconds',
            help: 'Duration in seconds to allocate a Cluster IP by ServiceCIDR',
            labels: ['cidr'],
        },
        boundsSeconds,
    );
    readonly #ports = new Counters({
        name: 'kube_apiserver_nodeport_allocator_allocation_total',
        help: 'Number of NodePort allocations',
        labels: ['scope'],
    });
    readonly #portErrors = new Counters({
        name: 'kube_apiserver_nodeport_allocator_allocation_errors_total',
        help: 'Number of errors trying to allocate NodePort',
        labels: ['scope'],
    });

    constructor(ranges: AllocationRanges) {
        this.#ranges = ranges;
    }

    /** The same hook, whose reservations are counted from now on; whatever else it does it goes on doing. */
    measured<T extends RegistryHook>(hook: T): T {
        const create = hook.reserveForCreate.bind(hook);
        const update = hook.reserveForUpdate.bind(hook);
        hook.reserveForCreate = async (object: ApiObject) =>
            await this.#counted(object, undefined, () => create(object));
        hook.reserveForUpdate = async (object: ApiObject, old: ApiObject) =>
            await this.#counted(object, old, () => update(object, old));
        return hook;
    }

    readonly source = (): Metric[] => [
        ...[this.#addresses, this.#addressErrors, this.#durations, this.#ports, this.#portErrors].map(
            (each) => each.metric(),
        ),
        ...this.#gauges(),
    ];

    async #counted(
        service: V1Service,
        old: V1Service | undefined,
        reserve: () => Promise<Reservation>,
    ): Promise<Reservation> {
        const held = { addresses: addressesOf(old?.spec), ports: nodePortsOf(old?.spec) };
        const asked = { addresses: addressesOf(service.spec), ports: nodePortsOf(service.spec) };
        const startMs = performance.now();
        let reservation: Reservation;
        try {
            reservation = await reserve();
        } catch (error) {
            this.#failed(error, asked);
            throw error;
        }
        const seconds = (performance.now() - startMs) / 1000;
        const scopeOf = (isAsked: boolean): Scope => (isAsked ? 'static' : 'dynamic');
        for (const address of addressesOf(service.spec)) {
            if (held.addresses.has(address)) continue;
            const cidr = this.#rangeOf(address);
            this.#addresses.add(cidr, scopeOf(asked.addresses.has(address)));
            this.#durations.observe(seconds, cidr);
        }
        for (const port of nodePortsOf(service.spec))
            if (!held.ports.has(port)) this.#ports.add(scopeOf(asked.ports.has(port)));
        return reservation;
    }

    /** What could not be had is what the answer to the client is about. */
    #failed(error: unknown, asked: { addresses: ReadonlySet<string> }): void {
        if (!(error instanceof StatusError)) return;
        const { message, details } = error.status;
        const fields = (details?.causes ?? []).flatMap(({ field }) => field ?? []);
        const isStatic = fields.length > 0;
        const scope: Scope = isStatic ? 'static' : 'dynamic';
        if (isStatic ? fields.some((field) => /nodePort/i.test(field)) : message.includes('nodePort'))
            this.#portErrors.add(scope);
        else if (
            isStatic ? fields.some((field) => field.includes('clusterIP')) : message.includes('serviceIP')
        )
            this.#addressErrors.add(this.#rangeOf([...asked.addresses][0] ?? ''), scope);
    }

    #gauges(): Metric[] {
        const { reader, nodePorts } = this.#ranges;
        const all = reader.list<V1Service>(services);
        const addresses = new Set(all.flatMap(({ spec }) => [...addressesOf(spec)]));
        const ports = new Set(all.flatMap(({ spec }) => [...nodePortsOf(spec)]));
        const counts = this.#addressRanges().map((range) => {
            const taken = [...addresses].filter((address) => range.contains(address)).length;
            return { labels: { cidr: range.cidr }, taken, left: Math.max(0, range.size - taken) };
        });
        const isPort = (port: number): boolean => port >= nodePorts.first && port <= nodePorts.last;
        const portsTaken = [...ports].filter(isPort).length;
        const portsLeft = nodePorts.last - nodePorts.first + 1 - portsTaken;
        const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
            name: `kube_apiserver_${name}`,
            help,
            type: 'gauge',
            samples,
        });
        return [
            gauge(
                'clusterip_allocator_allocated_ips',
                'Gauge measuring the number of allocated IPs for Services',
                counts.map(({ labels, taken }) => ({ labels, value: taken })),
            ),
            gauge(
                'clusterip_allocator_available_ips',
                'Gauge measuring the number of available IPs for Services',
                counts.map(({ labels, left }) => ({ labels, value: left })),
            ),
            gauge(
                'nodeport_allocator_allocated_ports',
                'Gauge measuring the number of allocated NodePorts for Services',
                [{ labels: {}, value: portsTaken }],
            ),
            gauge(
                'nodeport_allocator_available_ports',
                'Gauge measuring the number of available NodePorts for Services',
                [{ labels: {}, value: portsLeft }],
            ),
        ];
    }

    /** The range of an address; for none, that of the flag. */
    #rangeOf(address: string): string {
        const found = this.#addressRanges().find((range) => range.contains(address));
        return found?.cidr ?? this.#ranges.clusterIpRange.split(',')[0] ?? '';
    }

    /** Those of the flag and of ServiceCIDRs, each once. */
    #addressRanges(): AddressRange[] {
        const { reader, clusterIpRange } = this.#ranges;
        const own = reader.list<V1ServiceCIDR>(serviceCidrs).flatMap(({ spec }) => spec?.cidrs ?? []);
        return [...new Set([...clusterIpRange.split(','), ...own])].map(addressRange);
    }
}

function addressRange(cidr: string): AddressRange {
    const [address = '', prefix = ''] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const bits = (family === 'ipv6' ? 128 : 32) - Number(prefix);
    const list = new BlockList();
    list.addSubnet(address, Number(prefix), family);
    // Neither the network's own address nor, of IPv4, its broadcast address.
    const size = Math.min(2 ** bits - (family === 'ipv6' ? 1 : 2), addressesMax);
    return {
        cidr,
        size: Math.max(1, size),
        contains: (one) => one !== '' && list.check(one, isIPv6(one) ? 'ipv6' : 'ipv4'),
    };
}

function addressesOf(spec: V1ServiceSpec | undefined): Set<string> {
    const all = [spec?.clusterIP, ...(spec?.clusterIPs ?? [])];
    return new Set(all.flatMap((address) => (address && address !== 'None' ? [address] : [])));
}

function nodePortsOf(spec: V1ServiceSpec | undefined): Set<number> {
    const all = [spec?.healthCheckNodePort, ...(spec?.ports ?? []).map(({ nodePort }) => nodePort)];
    return new Set(all.flatMap((port) => (port ? [port] : [])));
}
