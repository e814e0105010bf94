import { describe, expect, it } from '@jest/globals';
import type { V1NetworkPolicy, V1Service } from '../../meta/object.ts';
import { networkPolicyStrategy } from '../networking/network-policy.ts';
import { serviceStrategy } from '../core/service/strategy.ts';
import { canonicalCidr, cidrMessages, ipMessages } from './ip-fields.ts';

describe('addresses', () => {
    it.each<[string, string | undefined]>([
        ['10.0.0.1', undefined],
        ['2001:DB8:0::1', undefined],
        ['::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
        ['::ffff:102:304', 'must not be an IPv4-mapped IPv6 address'],
        ['010.0.0.1', 'must not have leading 0s'],
        ['::ffff:1.2.3.04', 'must not have leading 0s'],
        ['fe80::1%eth0', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
        ['10.0.0', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
        ['', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ])('%s', (value, message) => {
        expect(ipMessages(value)).toEqual(message === undefined ? [] : [message]);
    });
});

describe('networks', () => {
    it.each<[string, string | undefined]>([
        ['192.168.0.0/24', undefined],
        ['0.0.0.0/0', undefined],
        ['2001:db8::/64', undefined],
        ['192.168.0.5/24', 'must not have bits set beyond the prefix length'],
        ['192.168.0.0/024', 'must not have leading 0s in IP or prefix length'],
        ['192.168.00.0/24', 'must not have leading 0s in IP or prefix length'],
        ['::ffff:1.2.3.0/120', 'must not have an IPv4-mapped IPv6 address'],
        ['10.0.0.0/33', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
        ['10.0.0.0', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ])('%s', (value, message) => {
        expect(cidrMessages(value)).toEqual(message === undefined ? [] : [message]);
    });

    it('of newer fields are in canonical form', () => {
        expect(canonicalCidr('2001:db8::/64', 'spec.cidrs[0]')).toEqual([]);
        expect(canonicalCidr('2001:DB8::/64', 'spec.cidrs[0]')[0]?.message).toContain(
            'must be in canonical form ("2001:db8::/64")',
        );
    });
});

function service(externalIP: string, range: string): V1Service {
    return {
        metadata: { name: 'web', namespace: 'default' },
        spec: {
            type: 'LoadBalancer',
            sessionAffinity: 'None',
            externalTrafficPolicy: 'Cluster',
            ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
            externalIPs: [externalIP],
            loadBalancerSourceRanges: [range],
        },
    };
}

describe('a Service', () => {
    const [address, range] = ['::ffff:1.2.3.4', ' 192.168.0.5/24'];

    it('is not created with an address that can be read in two ways', () => {
        expect(serviceStrategy.validate?.(service(address, range)).map(({ field }) => field)).toEqual([
            'spec.externalIPs[0]',
            'spec.LoadBalancerSourceRanges[0]',
        ]);
    });

    it('may keep one that it has', () => {
        const old = service(address, range);
        expect(serviceStrategy.validateUpdate?.(service(address, range), old)).toEqual([]);
        expect(serviceStrategy.validateUpdate?.(service('::ffff:1.2.3.5', range), old)).toHaveLength(1);
    });
});

it('a NetworkPolicy may keep a network that it has, but get no new one with bits behind its prefix', () => {
    const policy = (block: string): V1NetworkPolicy => ({
        spec: {
            podSelector: {},
            policyTypes: ['Ingress'],
            ingress: [{ from: [{ ipBlock: { cidr: block } }] }],
        },
    });
    const [old, other] = [policy('10.0.0.5/8'), policy('10.0.0.6/8')];
    expect(networkPolicyStrategy.validate?.(old)).toHaveLength(1);
    expect(networkPolicyStrategy.validateUpdate?.(old, old)).toEqual([]);
    expect(networkPolicyStrategy.validateUpdate?.(other, old)).toHaveLength(1);
});
