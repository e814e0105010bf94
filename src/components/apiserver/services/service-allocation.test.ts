import { describe, expect, it } from '@jest/globals';
import type { ApiObject, Stored, V1Service, V1ServiceSpec } from '../../../api/meta/object.ts';
import type { ObjectReader } from '../object-reader.ts';
import { ipToNumber, numberToIp, parseIpRange } from './ip-range.ts';
import { ServiceAllocation } from './service-allocation.ts';

/** What is stored already, as a watch cache would say. */
function reader(services: readonly V1Service[]): ObjectReader {
    return {
        get: () => undefined,
        list: <T extends ApiObject>() => services as unknown as Stored<T>[],
        onChange: () => () => undefined,
        ready: async () => await Promise.resolve(),
    };
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
            'spec.clusterIPs: Invalid value: ["192.168.0.1"]: failed to allocate IP 192.168.0.1: the provided IP (192.168.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/24',
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
        await expect(subject.reserveForCreate(bad)).rejects.toThrow('not in the valid range');
        await expect(subject.reserveForCreate(service({}))).resolves.toBeDefined();
    });
});
