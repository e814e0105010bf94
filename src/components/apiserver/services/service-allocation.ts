import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { isIpAddress } from '../../../api/meta/names.ts';
import type { V1Service, V1ServicePort, V1ServiceSpec } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Companion, RegistryHook, Reservation, ReservationGuard } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import { companionsOf } from './address-companions.ts';
import { ClusterIps } from './cluster-ips.ts';
import { parseIpRange } from './ip-range.ts';
import { NumberAllocator, staticBandOf } from './number-allocator.ts';
import { Turns } from './turns.ts';

export interface ServiceAllocationOptions {
    reader: ObjectReader;
    /** --service-cluster-ip-range */
    clusterIpRange: string;
    /** --service-node-port-range, both ends included. */
    nodePorts: { first: number; last: number };
    /** Other masters that allot from the same ranges. Absent: there are none. */
    rivals?: Rivals;
}

export interface Rivals {
    exist(): boolean;
    /** Up to which revision of the store `reader` knows everything. */
    revision(): number;
}

const servicesResource = { group: '', version: 'v1', resource: 'services' };
const headless = 'None';
/** Written by every transaction that takes numbers while there are several masters. */
const rangesKey = '/registry/ranges/services';

/**
 * Gives Services their cluster IP and node ports (upstream's registry/core/service/storage). What
 * Services hold is read from the watch cache, what is being written is reserved in memory.
 *
 * Each address has an IPAddress, written in the transaction that writes the Service, on the condition that there
 * is none yet: whoever else takes the address meanwhile, another master or a user, one of the two loses.
 *
 * With several masters, memory is not enough for the rest. Every write that takes a number then also writes one key, on
 * the condition that this key is no newer than the cache that said which numbers are free: of two masters
 * which choose at the same time one loses, and chooses again when it knows what the other took. In one
 * process they take turns, or they would make each other lose.
 */
export class ServiceAllocation implements RegistryHook {
    readonly group = '';
    readonly resource = 'services';
    readonly #reader: ObjectReader;
    readonly #ips: ClusterIps;
    readonly #ports: NumberAllocator;
    readonly #portsText: string;
    readonly #rivals: Rivals;
    readonly #turns = new Turns();

    constructor(options: ServiceAllocationOptions) {
        this.#reader = options.reader;
        this.#rivals = options.rivals ?? { exist: () => false, revision: () => 0 };
        this.#ips = new ClusterIps(options.reader, parseIpRange(options.clusterIpRange).cidr);
        const { first, last } = options.nodePorts;
        const ports = last - first + 1;
        this.#portsText = `${first}-${last}`;
        this.#ports = new NumberAllocator({
            first,
            size: ports,
            staticBand: staticBandOf(ports, { min: 16, step: 32, max: 128 }),
        });
    }

    async reserveForCreate(object: V1Service): Promise<Reservation> {
        return await this.#reserve(object, undefined);
    }

    async reserveForUpdate(object: V1Service, old: V1Service): Promise<Reservation> {
        carryOver(object, old);
        return await this.#reserve(object, old);
    }

    companions(service: V1Service | undefined, old: V1Service | undefined): Companion[] {
        return companionsOf(this.#reader, service, old);
    }

    async #reserve(service: V1Service, old: V1Service | undefined): Promise<Reservation> {
        if (!this.#rivals.exist()) {
            return { guard: undefined, release: releaseAll(this.#allocate(service, old)) };
        }
        const leave = await this.#turns.enter();
        try {
            const guard = guardAt(this.#rivals.revision());
            const held = this.#allocate(service, old);
            return { guard: held.length === 0 ? undefined : guard, release: releaseAll([...held, leave]) };
        } catch (error) {
            leave();
            throw error;
        }
    }

    /** Fills in what is missing. Each number stays reserved until its function is called. */
    #allocate(service: V1Service, old: V1Service | undefined): (() => void)[] {
        const { spec } = service;
        const held: (() => void)[] = [];
        if (spec === undefined) return held;
        try {
            this.#allocateIp(service, spec, old?.spec, held);
            this.#allocatePorts(service, spec, old?.spec, held);
        } catch (error) {
            releaseAll(held)();
            throw error;
        }
        return held;
    }

    #allocateIp(
        service: V1Service,
        spec: V1ServiceSpec,
        old: V1ServiceSpec | undefined,
        undo: (() => void)[],
    ): void {
        if (spec.type === 'ExternalName') return;
        spec.ipFamilies ??= ['IPv4'];
        spec.ipFamilyPolicy ??= 'SingleStack';
        const wanted = spec.clusterIP || spec.clusterIPs?.[0];
        // Left to validation.
        if (wanted !== undefined && wanted !== headless && isIpAddress(wanted).length > 0) return;
        if (wanted === headless) {
            spec.clusterIP = headless;
            spec.clusterIPs = [headless];
            return;
        }
        if (wanted !== undefined && wanted === old?.clusterIP && old.type !== 'ExternalName') {
            spec.clusterIP = wanted;
            spec.clusterIPs ??= [wanted];
            return;
        }
        const ip = wanted === undefined ? this.#anyIp() : this.#wantedIp(service, wanted);
        undo.push(() => {
            this.#ips.release(ip);
        });
        spec.clusterIP = ip;
        spec.clusterIPs = [ip];
    }

    #anyIp(): string {
        const ip = this.#ips.reserveAny();
        if (ip === undefined) throw statusErrors.internal('failed to allocate a serviceIP: range is full');
        return ip;
    }

    #wantedIp(service: V1Service, wanted: string): string {
        const failure = this.#ips.reserve(wanted);
        if (failure === undefined) return wanted;
        const why =
            failure === 'allocated'
                ? 'provided IP is already allocated'
                : 'the provided network does not match the current range';
        throw invalid(service, [
            fieldErrors.invalid('spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: ${why}`),
        ]);
    }

    #allocatePorts(
        service: V1Service,
        spec: V1ServiceSpec,
        old: V1ServiceSpec | undefined,
        undo: (() => void)[],
    ): void {
        const needsPorts =
            spec.type === 'NodePort' ||
            (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
        const ports = spec.ports ?? [];
        const taken = this.#takenPorts();
        const held = new Set((old?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
        if (old?.healthCheckNodePort) held.add(old.healthCheckNodePort);
        for (const number of held) taken.delete(number);
        // One number may serve several protocols of one Service.
        const own = new Map<number, string>();
        const reserve = (number: number): boolean => {
            if (this.#ports.reserve(number, taken) !== undefined) return false;
            undo.push(() => {
                this.#ports.release(number);
            });
            return true;
        };
        ports.forEach((port, index) => {
            if (!port.nodePort || (!needsPorts && spec.type !== 'LoadBalancer')) return;
            const protocol = port.protocol ?? 'TCP';
            const shared = own.get(port.nodePort);
            if (
                shared === undefined
                    ? !held.has(port.nodePort) && !reserve(port.nodePort)
                    : shared.includes(protocol)
            )
                throw invalid(service, [this.#portError(`spec.ports[${index}].nodePort`, port.nodePort)]);
            own.set(port.nodePort, `${shared ?? ''},${protocol}`);
        });
        if (needsPorts)
            for (const port of ports) if (!port.nodePort) port.nodePort = this.#anyPort(taken, undo);
        if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
            if (!spec.healthCheckNodePort) spec.healthCheckNodePort = this.#anyPort(taken, undo);
            else if (!held.has(spec.healthCheckNodePort) && !reserve(spec.healthCheckNodePort))
                throw invalid(service, [
                    this.#portError('spec.healthCheckNodePort', spec.healthCheckNodePort),
                ]);
        }
    }

    #anyPort(taken: ReadonlySet<number>, undo: (() => void)[]): number {
        const port = this.#ports.reserveAny(taken);
        if (port === undefined) throw statusErrors.internal('failed to allocate a nodePort: range is full');
        undo.push(() => {
            this.#ports.release(port);
        });
        return port;
    }

    #portError(field: string, port: number): FieldError {
        const [first = 0, last = 0] = this.#portsText.split('-').map(Number);
        const why =
            port < first || port > last
                ? `provided port is not in the valid range. The range of valid ports is ${this.#portsText}`
                : 'provided port is already allocated';
        return fieldErrors.invalid(field, port, why);
    }

    #takenPorts(): Set<number> {
        const taken = new Set<number>();
        for (const { spec } of this.#reader.list<V1Service>(servicesResource)) {
            for (const { nodePort } of spec?.ports ?? []) if (nodePort) taken.add(nodePort);
            if (spec?.healthCheckNodePort) taken.add(spec.healthCheckNodePort);
        }
        return taken;
    }
}

function guardAt(revision: number): ReservationGuard {
    return {
        compare: { key: rangesKey, target: 'modRevision', result: 'less', value: revision + 1 },
        write: { type: 'put', key: rangesKey, value: Buffer.alloc(0) },
    };
}

function releaseAll(held: readonly (() => void)[]): () => void {
    return () => {
        for (const release of held) release();
    };
}

/** An update that says nothing of what was allotted keeps it; a change of type drops what no longer applies. */
function carryOver(service: V1Service, old: V1Service): void {
    const { spec } = service;
    const before = old.spec;
    if (spec === undefined || before === undefined) return;
    if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
        if (!spec.clusterIP && !spec.clusterIPs?.length) {
            spec.clusterIP = before.clusterIP;
            spec.clusterIPs = before.clusterIPs;
        }
        spec.ipFamilies ??= before.ipFamilies;
        spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
    }
    if (spec.type === 'ExternalName') {
        if (spec.clusterIP === before.clusterIP) delete spec.clusterIP;
        if (spec.clusterIPs?.[0] === before.clusterIPs?.[0]) delete spec.clusterIPs;
        delete spec.ipFamilies;
        delete spec.ipFamilyPolicy;
    }
    const hasNodePorts = (type: string | undefined): boolean =>
        type === 'NodePort' || type === 'LoadBalancer';
    if (hasNodePorts(spec.type) && hasNodePorts(before.type)) {
        for (const port of spec.ports ?? []) if (!port.nodePort) keepNodePort(port, before.ports ?? []);
        if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local')
            spec.healthCheckNodePort ??= before.healthCheckNodePort;
    } else if (!hasNodePorts(spec.type) && hasNodePorts(before.type)) {
        const held = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
        for (const port of spec.ports ?? []) if (held.has(port.nodePort)) delete port.nodePort;
    }
}

function keepNodePort(port: V1ServicePort, before: readonly V1ServicePort[]): void {
    const same = before.find(
        (candidate) =>
            candidate.port === port.port && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (same?.nodePort !== undefined) port.nodePort = same.nodePort;
}

function invalid(service: V1Service, errors: readonly FieldError[]): Error {
    return statusErrors.invalid('Service', '', service.metadata?.name ?? '', errors);
}
