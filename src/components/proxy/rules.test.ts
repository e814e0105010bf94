import { describe, expect, it } from '@jest/globals';
import { differenceTransaction } from './iptables.ts';
import { buildRules, type RuleOptions } from './rules.ts';
import { servicePorts, type ServicePort } from './service-ports.ts';

const options: RuleOptions = { clusterCidr: '10.244.0.0/16', masqueradeAll: false, nodePortAddresses: [] };

function port(overrides: Partial<ServicePort> = {}): ServicePort {
    return {
        name: 'default/web',
        service: 'default/web',
        protocol: 'TCP',
        clusterIp: '10.96.0.10',
        port: 80,
        nodePort: 0,
        externalIps: [],
        loadBalancerIps: [],
        sourceRanges: [],
        affinitySeconds: 0,
        internalLocal: false,
        externalLocal: false,
        endpoints: [
            { ip: '10.244.0.5', port: 8080, local: true },
            { ip: '10.244.1.6', port: 8080, local: false },
        ],
        ...overrides,
    };
}

const chainOf = (rules: Map<string, string[]>, prefix: string): string[] =>
    [...rules.entries()].find(([name]) => name.startsWith(prefix))?.[1] ?? [];

describe('buildRules', () => {
    it('names chains as kube-proxy does', () => {
        // Known from clusters that run kube-proxy: the API server's own Service.
        const kubernetes = port({ name: 'default/kubernetes:https', clusterIp: '10.96.0.1', port: 443 });
        expect([...buildRules([kubernetes], options).nat.keys()]).toContain('KUBE-SVC-NPX46M4PTMTKRN6Y');
    });

    it('gives every endpoint the same chance', () => {
        const balancer = chainOf(buildRules([port()], options).nat, 'KUBE-SVC-');
        expect(balancer).toHaveLength(3);
        expect(balancer[1]).toContain('--probability 0.5000000000');
        expect(balancer[2]).not.toContain('--probability');
    });

    it('rejects connections to a Service without endpoints, outside addresses included', () => {
        const rules = buildRules(
            [port({ endpoints: [], nodePort: 30080, externalIps: ['192.0.2.1'] })],
            options,
        );
        expect(chainOf(rules.nat, 'KUBE-SVC-')).toEqual([]);
        expect(rules.filter.get('KUBE-SERVICES')?.[0]).toContain('-d 10.96.0.10/32 --dport 80 -j REJECT');
        expect(rules.filter.get('KUBE-EXTERNAL-SERVICES')).toHaveLength(2);
    });

    it('remembers the client with ClientIP affinity', () => {
        const rules = buildRules([port({ affinitySeconds: 60 })], options);
        expect(
            chainOf(rules.nat, 'KUBE-SVC-').filter((rule) => rule.includes('--rcheck --seconds 60')),
        ).toHaveLength(2);
        expect(chainOf(rules.nat, 'KUBE-SEP-')[1]).toContain('-m recent --name KUBE-SEP-');
    });

    it('keeps the jump to node ports last', () => {
        const rules = buildRules([port({ nodePort: 30080 })], options);
        expect(rules.nat.get('KUBE-SERVICES')?.at(-1)).toMatch(/-j KUBE-NODEPORTS$/);
        expect(rules.nat.get('KUBE-NODEPORTS')?.[0]).toContain('--dport 30080 -j KUBE-EXT-');
    });

    it('sends outside traffic to local endpoints only under externalTrafficPolicy Local', () => {
        const rules = buildRules([port({ nodePort: 30080, externalLocal: true })], options);
        const local = chainOf(rules.nat, 'KUBE-SVL-');
        expect(local).toHaveLength(1);
        expect(local[0]).toContain('10.244.0.5:8080');
    });

    it('drops outside traffic under externalTrafficPolicy Local when no endpoint is here', () => {
        const remote = [{ ip: '10.244.1.6', port: 8080, local: false }];
        const rules = buildRules(
            [port({ nodePort: 30080, externalLocal: true, endpoints: remote })],
            options,
        );
        expect(rules.filter.get('KUBE-EXTERNAL-SERVICES')?.[0]).toMatch(/--dport 30080 -j DROP$/);
    });
});

describe('differenceTransaction', () => {
    it('is empty when nothing changed', () => {
        expect(differenceTransaction(buildRules([port()], options), buildRules([port()], options))).toBe('');
    });

    it('touches only the chains of the Service that changed', () => {
        const other = port({ name: 'default/other', clusterIp: '10.96.0.11' });
        const text = differenceTransaction(
            buildRules([port(), other], options),
            buildRules([port({ endpoints: port().endpoints.slice(0, 1) }), other], options),
        );
        expect(text).not.toContain('default/other');
        expect(text).toMatch(/^-X KUBE-SEP-/m);
    });

    it('edits a large chain in place when one Service is added among many', () => {
        const many = Array.from({ length: 1000 }, (_, i) =>
            port({ name: `default/s${i}`, clusterIp: `10.97.${i >> 8}.${i & 255}` }),
        );
        const text = differenceTransaction(buildRules(many, options), buildRules([...many, port()], options));
        expect(text).toMatch(/^-I KUBE-SERVICES 1 .*10\.96\.0\.10/m);
        expect(text.split('\n').length).toBeLessThan(20);
    });
});

describe('servicePorts', () => {
    const service = {
        metadata: { name: 'web', namespace: 'default' },
        spec: { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    };
    const slice = (ready: boolean, serving = ready, terminating = false) => ({
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: [
            { addresses: ['10.244.0.5'], conditions: { ready, serving, terminating }, nodeName: 'a' },
        ],
    });

    it('gives none for headless and ExternalName Services', () => {
        expect(
            servicePorts({ ...service, spec: { ...service.spec, clusterIP: 'None' } }, () => [], 'a'),
        ).toEqual([]);
        expect(
            servicePorts({ ...service, spec: { ...service.spec, type: 'ExternalName' } }, () => [], 'a'),
        ).toEqual([]);
    });

    it('takes ready endpoints with the port of the same name', () => {
        expect(servicePorts(service, () => [slice(true)], 'a')[0]?.endpoints).toEqual([
            { ip: '10.244.0.5', port: 8080, local: true },
        ]);
    });

    it('falls back to endpoints that serve while they terminate', () => {
        expect(servicePorts(service, () => [slice(false, true, true)], 'a')[0]?.endpoints).toHaveLength(1);
        expect(servicePorts(service, () => [slice(false, false, true)], 'a')[0]?.endpoints).toHaveLength(0);
    });
});
