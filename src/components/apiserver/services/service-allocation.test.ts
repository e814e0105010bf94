import { describe, expect, it } from '@jest/globals';
import type { V1IPAddress, V1Service, V1ServiceCIDR, V1ServiceSpec } from '../../../api/meta/object.ts';
import { ipAddresses, serviceCidrs, services as servicesType } from '../../../client/resource-type.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { addressObject } from './address-object.ts';
import { ipToNumber, numberToIp, parseIpRange } from './ip-range.ts';
import { ServiceAllocation } from './service-allocation.ts';

/** What is stored already, as a watch cache would say. */
function reader(services: readonly V1Service[]): MemoryReader {
    return new MemoryReader().set(servicesType, ...services);
}
const allocation = (
    services: readonly V1Service[] = [],
    clusterIpRange = '10.96.0.0/24',
): ServiceAllocation =>
    new ServiceAllocation({
        reader: reader(services),
        clusterIpRange,
        nodePorts: { first: 30_000, last: 30_099 },
    });
const service = (spec: V1ServiceSpec): V1Service => ({ metadata: { name: 'web' }, spec });

describe('ServiceAllocation', () => {
    it('gives a cluster IP of the upper part of the range, and single-stack fields', async () => {
        const subject = service({ ports: [{ port: 80 }] });
        await allocation().reserveForCreate(subject);
        const last = Number(subject.spec?.clusterIP?.split('.')[3]);
        expect(last).toBeGreaterThan(16);
        expect(subject.spec).toMatchObject({
            clusterIPs: [subject.spec?.clusterIP],
            ipFamilies: ['IPv4'],
            ipFamilyPolicy: 'SingleStack',
        });
    });

    it('never gives one address twice while writes are under way, and frees it when a write fails', async () => {
        const tight = allocation([], '10.96.0.0/30');
        const [a, b, c] = [service({}), service({}), service({})];
        const held = await tight.reserveForCreate(a);
        await tight.reserveForCreate(b);
        expect(a.spec?.clusterIP).not.toBe(b.spec?.clusterIP);
        await expect(tight.reserveForCreate(c)).rejects.toThrow('range is full');
        held.release();
        await tight.reserveForCreate(c);
        expect(c.spec?.clusterIP).toBe(a.spec?.clusterIP);
    });

    it.each([
        [
            '192.168.0.1',
            'spec.clusterIPs: Invalid value: ["192.168.0.1"]: failed to allocate IP 192.168.0.1: the provided network does not match the current range',
        ],
        [
            '10.96.0.9',
            'spec.clusterIPs: Invalid value: ["10.96.0.9"]: failed to allocate IP 10.96.0.9: provided IP is already allocated',
        ],
    ])('refuses the wanted address %s', async (clusterIP, message) => {
        const there = [service({ clusterIP: '10.96.0.9' })];
        await expect(allocation(there).reserveForCreate(service({ clusterIP }))).rejects.toThrow(message);
    });

    it('leaves headless and ExternalName Services without address', async () => {
        const headless = service({ clusterIP: 'None' });
        await allocation().reserveForCreate(headless);
        expect(headless.spec?.clusterIPs).toEqual(['None']);
        const external = service({ type: 'ExternalName', externalName: 'example.org' });
        await allocation().reserveForCreate(external);
        expect(external.spec?.clusterIP).toBeUndefined();
    });

    it('gives node ports to NodePort and LoadBalancer Services only', async () => {
        const [node, balancer, plain] = [
            service({ type: 'NodePort', ports: [{ port: 80 }, { name: 'b', port: 81 }] }),
            service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] }),
            service({ type: 'ClusterIP', ports: [{ port: 80 }] }),
        ];
        const subject = allocation();
        for (const each of [node, balancer, plain]) await subject.reserveForCreate(each);
        const ports = [...(node.spec?.ports ?? []), ...(balancer.spec?.ports ?? [])].map(
            ({ nodePort }) => nodePort,
        );
        expect(new Set([...ports, balancer.spec?.healthCheckNodePort]).size).toBe(4);
        expect(plain.spec?.ports?.[0]?.nodePort).toBeUndefined();
    });

    it.each([
        [80, 'provided port is not in the valid range. The range of valid ports is 30000-30099'],
        [30_080, 'provided port is already allocated'],
    ])('refuses the wanted node port %d', async (nodePort, message) => {
        const there = [service({ clusterIP: '10.96.0.9', ports: [{ port: 1, nodePort: 30_080 }] })];
        const wanted = service({ type: 'NodePort', ports: [{ port: 80, nodePort }] });
        await expect(allocation(there).reserveForCreate(wanted)).rejects.toThrow(
            `spec.ports[0].nodePort: Invalid value: ${nodePort}: ${message}`,
        );
    });

    it('lets TCP and UDP of one Service share a node port', async () => {
        const ports = [
            { name: 't', port: 53, protocol: 'TCP', nodePort: 30_053 },
            { name: 'u', port: 53, protocol: 'UDP', nodePort: 30_053 },
        ];
        await expect(
            allocation().reserveForCreate(service({ type: 'NodePort', ports })),
        ).resolves.toBeDefined();
    });

    it('keeps what was allotted through an update that does not name it, and drops node ports with the type', async () => {
        const old = service({
            type: 'NodePort',
            clusterIP: '10.96.0.9',
            clusterIPs: ['10.96.0.9'],
            ports: [{ port: 80, nodePort: 30_080 }],
        });
        const same = service({ type: 'NodePort', ports: [{ port: 80 }] });
        await allocation([old]).reserveForUpdate(same, old);
        expect(same.spec).toMatchObject({ clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30_080 }] });
        const plain = service({
            type: 'ClusterIP',
            clusterIP: '10.96.0.9',
            ports: [{ port: 80, nodePort: 30_080 }],
        });
        await allocation([old]).reserveForUpdate(plain, old);
        expect(plain.spec?.ports).toEqual([{ port: 80 }]);
    });
});

describe('ServiceAllocation with ServiceCIDRs and IPAddresses', () => {
    const range = (name: string, cidrs: string[], ready?: 'True' | 'False'): V1ServiceCIDR => {
        const condition = { type: 'Ready', status: ready ?? 'True', reason: '', message: '' };
        const conditions = [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }];
        return {
            metadata: { name },
            spec: { cidrs },
            ...(ready === undefined ? {} : { status: { conditions } }),
        };
    };
    const over = (...ranges: V1ServiceCIDR[]): { subject: ServiceAllocation; known: MemoryReader } => {
        const known = new MemoryReader().set(serviceCidrs, ...ranges);
        const nodePorts = { first: 30_000, last: 30_099 };
        return {
            subject: new ServiceAllocation({ reader: known, clusterIpRange: '10.96.0.0/30', nodePorts }),
            known,
        };
    };
    const given = async (subject: ServiceAllocation): Promise<string | undefined> => {
        const one = service({});
        await subject.reserveForCreate(one);
        return one.spec?.clusterIP;
    };

    it('goes on in another range when one is full, without network and broadcast addresses', async () => {
        const { subject } = over(
            range('kubernetes', ['10.96.0.0/30']),
            range('more', ['10.97.0.0/30'], 'True'),
        );
        const all = [await given(subject), await given(subject), await given(subject), await given(subject)];
        expect(all.sort()).toEqual(['10.96.0.1', '10.96.0.2', '10.97.0.1', '10.97.0.2']);
        await expect(given(subject)).rejects.toThrow('failed to allocate a serviceIP: range is full');
    });

    it('gives one address once, also where ranges overlap', async () => {
        const { subject } = over(range('a', ['10.96.0.0/30']), range('b', ['10.96.0.0/30']));
        expect(new Set([await given(subject), await given(subject)]).size).toBe(2);
        await expect(given(subject)).rejects.toThrow('range is full');
    });

    it.each([
        ['is not ready', range('more', ['10.97.0.0/24'], 'False')],
        ['is being deleted', leaving(range('more', ['10.97.0.0/24'], 'True'))],
        ['has no network of IPv4', range('more', ['2001:db8::/112'], 'True')],
    ])('takes nothing from a range that %s', async (_what, other) => {
        const { subject } = over(other);
        await expect(given(subject)).rejects.toThrow('range is full');
        await expect(subject.reserveForCreate(service({ clusterIP: '10.97.0.9' }))).rejects.toThrow(
            'failed to allocate IP 10.97.0.9: the provided network does not match the current range',
        );
    });

    it('leaves an address alone that has an IPAddress, whosever it is', async () => {
        const { subject, known } = over(range('kubernetes', ['10.96.0.0/30']));
        const gateway = { resource: 'gateways', group: 'example.org', name: 'g' };
        const foreign: V1IPAddress = { metadata: { name: '10.96.0.1' }, spec: { parentRef: gateway } };
        known.set(ipAddresses, foreign);
        expect(await given(subject)).toBe('10.96.0.2');
        await expect(subject.reserveForCreate(service({ clusterIP: '10.96.0.1' }))).rejects.toThrow(
            'provided IP is already allocated',
        );
    });

    describe('companions', () => {
        const stored = (spec: V1ServiceSpec): V1Service => ({
            metadata: { namespace: 'default', name: 'web' },
            spec: { type: 'ClusterIP', ...spec },
        });
        const plain = stored({ clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'] });
        const external = stored({ type: 'ExternalName', externalName: 'example.org' });

        it('come with a Service, and when it stops being an ExternalName', () => {
            const { subject } = over();
            for (const old of [undefined, external]) {
                expect(subject.companions(plain, old)).toMatchObject([
                    {
                        type: 'create',
                        object: {
                            metadata: {
                                name: '10.96.0.1',
                                labels: {
                                    'ipaddress.kubernetes.io/ip-family': 'IPv4',
                                    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
                                },
                            },
                            spec: {
                                parentRef: { resource: 'services', namespace: 'default', name: 'web' },
                            },
                        },
                    },
                ]);
            }
        });

        it('are none of headless Services and of writes that change no address', () => {
            const { subject } = over();
            expect(
                subject.companions(stored({ clusterIP: 'None', clusterIPs: ['None'] }), undefined),
            ).toEqual([]);
            expect(subject.companions(plain, plain)).toEqual([]);
        });

        it('go with a Service, but only its own', () => {
            const { subject, known } = over();
            expect(subject.companions(undefined, plain)).toEqual([]);
            known.set(ipAddresses, addressObject('10.96.0.1', plain));
            for (const next of [undefined, external])
                expect(subject.companions(next, plain).map(({ type }) => type)).toEqual(['delete']);
            const other: V1IPAddress = addressObject('10.96.0.1', {
                metadata: { namespace: 'a', name: 'b' },
            });
            known.set(ipAddresses, other);
            expect(subject.companions(undefined, plain)).toEqual([]);
        });
    });

    function leaving(of: V1ServiceCIDR): V1ServiceCIDR {
        return { ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    }
});

describe('parseIpRange', () => {
    it('masks the host part and counts addresses', () => {
        expect(parseIpRange('10.96.5.7/16')).toEqual({
            cidr: '10.96.5.7/16',
            first: ipToNumber('10.96.0.0'),
            size: 65_536,
        });
    });
    it.each(['10.96.0.0', '10.96.0.0/33', '300.1.1.1/8', 'fd00::/64'])('refuses %s', (cidr) => {
        expect(() => parseIpRange(cidr)).toThrow('is no IPv4 network');
    });
    it('writes addresses back', () => {
        expect(numberToIp(ipToNumber('255.1.2.254') ?? 0)).toBe('255.1.2.254');
    });
});

describe('ServiceAllocation with other masters', () => {
    const contended = (services: readonly V1Service[] = []): ServiceAllocation =>
        new ServiceAllocation({
            reader: reader(services),
            clusterIpRange: '10.96.0.0/24',
            nodePorts: { first: 30_000, last: 30_099 },
            rivals: { exist: () => true, revision: () => 41 },
        });

    it('guards what it takes by what it knew when it chose', async () => {
        const { guard } = await contended().reserveForCreate(service({}));
        expect(guard?.compare).toMatchObject({ target: 'modRevision', result: 'less', value: 42 });
        expect(guard?.write.key).toBe(guard?.compare.key);
    });

    it('needs no guard where nothing is taken', async () => {
        const { guard } = await contended().reserveForCreate(service({ clusterIP: 'None' }));
        expect(guard).toBeUndefined();
    });

    it('lets a second write choose only after the first has ended', async () => {
        const subject = contended();
        const first = await subject.reserveForCreate(service({}));
        const order: string[] = [];
        const second = subject.reserveForCreate(service({})).then((held) => {
            order.push('second');
            held.release();
        });
        await new Promise((resolve) => setImmediate(resolve));
        order.push('first ends');
        first.release();
        await second;
        expect(order).toEqual(['first ends', 'second']);
    });

    it('lets the next one in when a choice fails', async () => {
        const subject = contended();
        const bad = service({ clusterIP: '192.168.0.1' });
        await expect(subject.reserveForCreate(bad)).rejects.toThrow('does not match the current range');
        await expect(subject.reserveForCreate(service({}))).resolves.toBeDefined();
    });
});
