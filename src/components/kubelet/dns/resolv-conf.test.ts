import { describe, expect, it } from '@jest/globals';
import type { V1PodSpec } from '../../../api/meta/object.ts';
import { formatResolvConf, parseResolvConf, podDns } from './resolv-conf.ts';

const host = parseResolvConf('# comment\nnameserver 9.9.9.9\nsearch lan.\noptions timeout:1\n');
const cluster = { servers: ['10.96.0.10'], domain: 'cluster.local' };

function resolvConf(spec: Partial<V1PodSpec>): string {
    const pod = { metadata: { namespace: 'shop' }, spec: { containers: [], ...spec } };
    return formatResolvConf(podDns(pod, host, cluster));
}

const hostText = 'search lan\nnameserver 9.9.9.9\noptions timeout:1\n';
const clusterText =
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:5\n';

describe('podDns', () => {
    it.each<[string, Partial<V1PodSpec>, string]>([
        ['ClusterFirst', {}, clusterText],
        ['ClusterFirst in the host network', { hostNetwork: true }, hostText],
        ['ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, clusterText],
        ['Default', { dnsPolicy: 'Default' }, hostText],
        [
            'None with its own configuration',
            {
                dnsPolicy: 'None',
                dnsConfig: {
                    nameservers: ['1.1.1.1'],
                    searches: ['x'],
                    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
                },
            },
            'search x\nnameserver 1.1.1.1\noptions ndots:2 edns0\n',
        ],
        [
            'ClusterFirst with additions',
            { dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] } },
            'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2\n',
        ],
    ])('%s', (_, spec, expected) => {
        expect(resolvConf(spec)).toBe(expected);
    });
});
