import { describe, expect, it } from '@jest/globals';
import type { Stored, V1Node, V1Pod, V1Service } from '../../../api/meta/object.ts';
import { ObjectCache } from '../../../client/object-cache.ts';
import { subsetsOf, truncateSubsets } from '../endpoints/subsets.ts';
import { addressTypesOf, endpointsOfService } from './service-endpoints.ts';

const nodes = new ObjectCache<V1Node>();
nodes.put({ metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } });

interface PodOptions {
    ready?: boolean;
    ips?: string[];
    phase?: string;
    deleted?: boolean;
    node?: string;
    spec?: Partial<NonNullable<V1Pod['spec']>>;
}
const pod = (name: string, options: PodOptions = {}): Stored<V1Pod> => {
    const { ready = true, ips = ['10.0.0.1'], phase = 'Running', deleted = false, node = 'n1' } = options;
    return {
        metadata: {
            name,
            namespace: 'default',
            uid: `uid-${name}`,
            ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
        },
        spec: {
            nodeName: node,
            containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }] }],
            ...options.spec,
        },
        status: {
            phase,
            podIP: ips[0],
            podIPs: ips.map((ip) => ({ ip })),
            conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        },
    };
};
const service = (spec: V1Service['spec'] = {}): Stored<V1Service> => ({
    metadata: { name: 'svc', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ipFamilies: ['IPv4'], ports: [{ port: 80, targetPort: 'web' }], ...spec },
});
const first = (svc: Stored<V1Service>, p: Stored<V1Pod>, addressType: 'IPv4' | 'IPv6' = 'IPv4') => {
    const { groups } = endpointsOfService(svc, [p], { addressType, nodes });
    const [group] = [...groups.values()];
    return group === undefined
        ? undefined
        : { ports: group.ports, endpoint: [...group.endpoints.values()][0] };
};

describe('the endpoint of a pod', () => {
    it('has its address, node, zone and named port', () => {
        expect(first(service(), pod('a'))).toEqual({
            ports: [{ name: '', port: 8080, protocol: 'TCP' }],
            endpoint: {
                addresses: ['10.0.0.1'],
                conditions: { ready: true, serving: true, terminating: false },
                targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
                nodeName: 'n1',
                zone: 'z1',
            },
        });
    });

    it.each<[string, PodOptions, V1Service['spec'], unknown]>([
        ['not ready', { ready: false }, {}, { ready: false, serving: false, terminating: false }],
        ['on its way out', { deleted: true }, {}, { ready: false, serving: true, terminating: true }],
        [
            'not ready, published all the same',
            { ready: false },
            { publishNotReadyAddresses: true },
            { ready: true, serving: false, terminating: false },
        ],
    ])('that is %s', (_what, options, spec, conditions) => {
        expect(first(service(spec), pod('a', options))?.endpoint?.conditions).toEqual(conditions);
    });

    it.each<[string, PodOptions, V1Service['spec']]>([
        ['has ended', { phase: 'Succeeded' }, {}],
        ['has no address', { ips: [] }, {}],
        ['has only one of the other family', { ips: ['fd00::1'] }, {}],
        ['is on an unknown node', { node: 'n9' }, {}],
        ['belongs to a Service without ports that is not headless', {}, { ports: [] }],
    ])('is left out when the pod %s', (_what, options, spec) => {
        expect(first(service(spec), pod('a', options))).toBeUndefined();
    });

    it('has the IPv6 address in IPv6 slices', () => {
        expect(
            first(service(), pod('a', { ips: ['10.0.0.1', 'fd00::1'] }), 'IPv6')?.endpoint?.addresses,
        ).toEqual(['fd00::1']);
    });

    it('has the hostname when the Service is its subdomain', () => {
        const named = pod('a', { spec: { hostname: 'db-0', subdomain: 'svc' } });
        expect(first(service({ clusterIP: 'None', ports: [] }), named)).toMatchObject({
            ports: [],
            endpoint: { hostname: 'db-0' },
        });
    });

    it.each([
        ['PreferClose', { forZones: [{ name: 'z1' }] }],
        ['PreferSameZone', { forZones: [{ name: 'z1' }] }],
        ['PreferSameNode', { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] }],
    ])('hints by traffic distribution %s', (trafficDistribution, hints) => {
        expect(first(service({ trafficDistribution }), pod('a'))?.endpoint?.hints).toEqual(hints);
    });
});

describe('the address types of a Service', () => {
    it.each<[V1Service['spec'], string[]]>([
        [{ ipFamilies: ['IPv6', 'IPv4'] }, ['IPv6', 'IPv4']],
        [{ ipFamilies: [], clusterIP: 'fd00::1' }, ['IPv6']],
        [{ ipFamilies: [], clusterIP: 'None' }, ['IPv4', 'IPv6']],
    ])('of %j', (spec, types) => {
        expect(addressTypesOf({ spec })).toEqual(types);
    });
});

describe('subsets of Endpoints', () => {
    it('hold pods with the same ports together, sorted, ready apart from not ready', () => {
        const pods = [
            pod('c', { ips: ['10.0.0.3'] }),
            pod('b', { ips: ['10.0.0.2'], ready: false }),
            pod('a'),
        ];
        const [subset, ...others] = subsetsOf(service(), pods);
        expect(others).toEqual([]);
        expect(subset?.addresses?.map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.3']);
        expect(subset?.notReadyAddresses?.map(({ ip }) => ip)).toEqual(['10.0.0.2']);
        expect(subset?.ports).toEqual([{ port: 8080, protocol: 'TCP' }]);
    });

    it('leave pods on their way out out', () => {
        expect(subsetsOf(service(), [pod('a', { deleted: true })])).toEqual([]);
    });

    it('hold a thousand addresses at most, ready ones first', () => {
        const address = (n: number) => ({ ip: `10.1.${Math.floor(n / 250)}.${n % 250}` });
        const list = (count: number) => Array.from({ length: count }, (_, n) => address(n));
        const small = [{ addresses: list(999), notReadyAddresses: list(1) }];
        expect(truncateSubsets(small)).toBe(small);
        const [large] = truncateSubsets([{ addresses: list(900), notReadyAddresses: list(300) }]);
        expect([large?.addresses?.length, large?.notReadyAddresses?.length]).toEqual([900, 100]);
        const [full] = truncateSubsets([{ addresses: list(1500), notReadyAddresses: list(1) }]);
        expect([full?.addresses?.length, full?.notReadyAddresses?.length]).toEqual([1000, 0]);
    });
});
