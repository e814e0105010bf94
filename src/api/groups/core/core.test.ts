import { describe, expect, it } from '@jest/globals';
import type { ApiObject, V1Secret, V1Service } from '../../meta/object.ts';
import { createErrors, prepared, rowOf, strategyOf, updateErrors } from '../testing.ts';

const service = (spec: V1Service['spec'], status?: V1Service['status']): V1Service => ({
    metadata: { name: 's', namespace: 'default' },
    spec,
    ...(status === undefined ? {} : { status }),
});

describe('services', () => {
    const services = strategyOf('services');

    it('get upstream defaults, and none that the allocators decide', () => {
        expect(prepared(services, service({ ports: [{ port: 80 }] }))).toMatchObject({
            spec: {
                type: 'ClusterIP',
                sessionAffinity: 'None',
                internalTrafficPolicy: 'Cluster',
                ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
            },
            status: { loadBalancer: {} },
        });
        const balanced = prepared(services, service({ type: 'LoadBalancer', ports: [{ port: 80 }] }));
        expect(balanced.spec).toMatchObject({
            externalTrafficPolicy: 'Cluster',
            allocateLoadBalancerNodePorts: true,
        });
    });

    it.each<[string, V1Service['spec'], string[]]>([
        ['no ports', {}, ['spec.ports: Required value']],
        [
            'a port out of range',
            { ports: [{ port: 70000 }] },
            [
                'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
                'spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
            ],
        ],
        [
            'unnamed ports',
            { ports: [{ port: 80, name: 'a' }, { port: 81 }] },
            ['spec.ports[1].name: Required value'],
        ],
        [
            'a bad type',
            { type: 'Magic', ports: [{ port: 80 }] },
            [
                'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
            ],
        ],
        [
            'a node port without the type',
            { ports: [{ port: 80, nodePort: 30000 }] },
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ],
        ['no external name', { type: 'ExternalName' }, ['spec.externalName: Required value']],
        [
            'a loopback address outside',
            { externalIPs: ['127.0.0.1'], ports: [{ port: 80 }] },
            [
                'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            ],
        ],
    ])('are refused with %s', (_name, spec, expected) => {
        expect(createErrors(services, service(spec))).toEqual(expected);
    });

    it('keep their address, and may not get another', () => {
        const old = service({ clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ port: 80 }] });
        expect(
            updateErrors(services, old, (copy: V1Service) => {
                delete copy.spec?.clusterIP;
                delete copy.spec?.clusterIPs;
            }),
        ).toEqual([]);
        expect(
            updateErrors(services, old, (copy: V1Service) => (copy.spec!.clusterIP = '10.96.0.8')),
        ).toEqual(['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set']);
    });

    it('lose their node ports when they become ClusterIP', () => {
        const old = service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] });
        expect(updateErrors(services, old, (copy: V1Service) => (copy.spec!.type = 'ClusterIP'))).toEqual([]);
    });

    it.each<[V1Service['spec'], V1Service['status'], object]>([
        [
            { type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ port: 80, protocol: 'TCP' }] },
            {},
            { 'Cluster-IP': '10.0.0.1', 'External-IP': '<none>', 'Port(s)': '80/TCP' },
        ],
        [
            {
                type: 'LoadBalancer',
                clusterIP: '10.0.0.1',
                ports: [{ port: 80, nodePort: 31000, protocol: 'TCP' }],
            },
            {},
            { 'External-IP': '<pending>', 'Port(s)': '80:31000/TCP' },
        ],
        [
            { type: 'LoadBalancer', externalIPs: ['1.2.3.4'] },
            { loadBalancer: { ingress: [{ ip: '5.6.7.8' }] } },
            { 'External-IP': '5.6.7.8,1.2.3.4', 'Port(s)': '<none>' },
        ],
        [
            { type: 'ExternalName', externalName: 'example.com' },
            {},
            { 'Cluster-IP': '<none>', 'External-IP': 'example.com' },
        ],
    ])('are printed as kubectl does', (spec, status, expected) => {
        expect(rowOf(services, service(spec, status))).toMatchObject(expected);
    });
});

describe('secrets', () => {
    const secrets = strategyOf('secrets');
    const secret = (change: Partial<V1Secret>): V1Secret => ({ metadata: { name: 's' }, ...change });

    it('fold stringData into data, over what is there', () => {
        const written = prepared(
            secrets,
            secret({ data: { a: 'eA==', b: 'eQ==' }, stringData: { a: 'hello' } }),
        );
        expect(written).toEqual({
            metadata: { name: 's' },
            type: 'Opaque',
            data: { a: 'aGVsbG8=', b: 'eQ==' },
        });
    });

    it.each<[string, Partial<V1Secret>, string[]]>([
        [
            'a bad key',
            { data: { 'a b': '' } },
            [
                "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            ],
        ],
        [
            'no certificate',
            { type: 'kubernetes.io/tls', data: { 'tls.key': '' } },
            ['data[tls.crt]: Required value'],
        ],
        [
            'no account',
            { type: 'kubernetes.io/service-account-token' },
            ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
        ],
        [
            'more than a mebibyte',
            { data: { a: 'A'.repeat(1_500_000) } },
            ['data: Too long: may not be more than 1048576 bytes'],
        ],
    ])('are refused with %s', (_name, change, expected) => {
        expect(createErrors(secrets, secret(change))).toEqual(expected);
    });

    it('stay as they are when they were declared immutable', () => {
        const old = secret({ immutable: true, data: { a: 'eA==' } });
        expect(updateErrors(secrets, old, (copy: V1Secret) => (copy.data = { a: 'eQ==' }))).toEqual([
            'data: Forbidden: field is immutable when `immutable` is set',
        ]);
    });
});

describe('namespaces, nodes and events', () => {
    it('a namespace is Active, has its finalizer and its name as a label', () => {
        expect(prepared(strategyOf('namespaces'), { metadata: { name: 'n' } })).toEqual({
            metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
            spec: { finalizers: ['kubernetes'] },
            status: { phase: 'Active' },
        });
    });

    it('a node shows its state and roles', () => {
        const node = {
            metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/control-plane': '' } },
            spec: { unschedulable: true },
            status: {
                conditions: [{ type: 'Ready', status: 'True' }],
                addresses: [{ type: 'InternalIP', address: '10.0.0.2' }],
                nodeInfo: { kubeletVersion: 'v1.36.0' },
            },
        };
        expect(rowOf(strategyOf('nodes'), node as ApiObject)).toMatchObject({
            Status: 'Ready,SchedulingDisabled',
            Roles: 'control-plane',
            Version: 'v1.36.0',
            'Internal-IP': '10.0.0.2',
            'External-IP': '<none>',
            'OS-Image': '<unknown>',
        });
    });

    it('an event shows when it was last seen, and what it is about', () => {
        const event = {
            metadata: { name: 'e', namespace: 'default' },
            involvedObject: { kind: 'Pod', name: 'web', namespace: 'default' },
            type: 'Normal',
            reason: 'Started',
            message: 'Started container web\n',
            lastTimestamp: '2026-01-02T03:03:05Z',
        };
        for (const [group, version] of [['', 'v1']] as const) {
            expect(rowOf(strategyOf('events', group, version), event)).toMatchObject({
                'Last Seen': '60s',
                Object: 'pod/web',
                Message: 'Started container web',
                Count: '1',
            });
        }
        expect(
            createErrors(strategyOf('events'), { ...event, metadata: { name: 'e', namespace: 'other' } }),
        ).toEqual(['involvedObject.namespace: Invalid value: "default": does not match event.namespace']);
    });
});
