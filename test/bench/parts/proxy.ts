import type { V1EndpointSlice, V1Service } from '../../../src/api/meta/object.ts';
import { differenceTransaction } from '../../../src/components/proxy/iptables.ts';
import type { RuleSet } from '../../../src/components/proxy/rule-set.ts';
import { buildRules } from '../../../src/components/proxy/rules.ts';
import { servicePorts, type ServicePort } from '../../../src/components/proxy/service-ports.ts';
import type { BenchOptions } from '../options.ts';
import { count, row, spread, type Row } from '../report.ts';

const serviceCount = 10_000;
const endpointsPerService = 2;
const nodeName = 'node-1';
const options = { clusterCidr: '10.244.0.0/16', masqueradeAll: false, nodePortAddresses: [] };

/** The proxy's own work for one more Service: rules as data, and the difference to what is applied. */
export function proxy({ rounds }: BenchOptions): Promise<Row[]> {
    const ports = new Map<string, ServicePort[]>();
    for (let i = 0; i < serviceCount; i++) ports.set(`default/svc-${i}`, portsOf(i));
    const all = performance.now();
    let applied: RuleSet = buildRules([...ports.values()].flat(), options);
    const allMs = performance.now() - all;
    const times: number[] = [];
    let lines = 0;
    for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        const i = serviceCount + round;
        ports.set(`default/svc-${i}`, portsOf(i));
        const desired = buildRules([...ports.values()].flat(), options);
        lines = differenceTransaction(applied, desired).split('\n').length - 1;
        applied = desired;
        times.push(performance.now() - began);
    }
    return Promise.resolve([
        row('proxy, all rules of 10,000 Services as data', '', `${count(allMs)} ms`),
        row(
            'proxy, one Service added among 10,000',
            '100 ms',
            `${spread(times, 'ms')}, ${lines} lines for iptables-restore`,
        ),
    ]);
}

function portsOf(i: number): ServicePort[] {
    return servicePorts(service(i), () => [slice(i)], nodeName);
}

function service(i: number): V1Service {
    return {
        metadata: { namespace: 'default', name: `svc-${i}` },
        spec: {
            type: 'ClusterIP',
            clusterIP: `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
            ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
        },
    };
}

function slice(i: number): V1EndpointSlice {
    return {
        addressType: 'IPv4',
        metadata: { namespace: 'default', name: `svc-${i}-a` },
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: Array.from({ length: endpointsPerService }, (_, e) => ({
            addresses: [`10.244.${(i >> 7) & 255}.${((i << 1) & 255) + e}`],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: e === 0 ? nodeName : 'node-2',
        })),
    };
}
