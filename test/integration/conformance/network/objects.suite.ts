import { expect, it } from '@jest/globals';
import { expectDiscovered, expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import type { V1Ingress } from '../../../../src/api/meta/object.ts';
import type { Live } from '../support/objects.ts';

const group = { group: 'networking.k8s.io', version: 'v1' } as const;

/** The resources of networking.k8s.io that are nothing but objects. */
export function networkObjectCases(cluster: () => Cluster): void {
    it('Ingresses can be created, read, changed and deleted, and have a status', async () => {
        const namespace = await cluster().namespace('ingresses');
        await expectDiscovered(cluster(), group.group, ['ingresses', 'ingresses/status']);
        const ingress = [{ ip: '169.1.1.1' }];
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'ingresses', kind: 'Ingress', namespace },
            make: () => ({
                spec: {
                    defaultBackend: { service: { name: 'default-backend', port: { number: 80 } } },
                },
            }),
            statusPatches: [
                {
                    type: 'merge',
                    body: {
                        metadata: { annotations: { patchedstatus: 'true' } },
                        status: { loadBalancer: { ingress } },
                    },
                    shows: {
                        metadata: { annotations: { patchedstatus: 'true' } },
                        status: { loadBalancer: { ingress } },
                    },
                },
            ],
            statusUpdate: {
                change: (object) => {
                    const status = { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } };
                    (object as Live<V1Ingress>).status = status;
                },
                shows: { status: { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } } },
            },
        });
    });

    it('IngressClasses can be created, read, changed and deleted', async () => {
        await expectDiscovered(cluster(), group.group, ['ingressclasses']);
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'ingressclasses', kind: 'IngressClass' },
            make: () => ({ spec: { controller: 'example.com/controller' } }),
        });
    });

    it('NetworkPolicies can be created, read, changed and deleted', async () => {
        const namespace = await cluster().namespace('policies');
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'networkpolicies', kind: 'NetworkPolicy', namespace },
            make: () => ({ spec: { podSelector: {}, policyTypes: ['Ingress'] } }),
        });
    });

    it('IPAddresses can be created, read, changed and deleted, of both families', async () => {
        await expectDiscovered(cluster(), group.group, ['ipaddresses']);
        const parentRef = { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' };
        await expectOperations(cluster(), {
            ...{ ...group, plural: 'ipaddresses', kind: 'IPAddress' },
            names: ['255.255.255.255', 'fe80::42:1dff:fe84:f9e2', '192.0.2.1'],
            make: () => ({ spec: { parentRef } }),
        });
        for (const name of ['not-an-address', '010.0.0.1', 'FE80::1']) {
            const body = { metadata: { name }, spec: { parentRef } };
            const refusal = await cluster().refused('POST', '/apis/networking.k8s.io/v1/ipaddresses', {
                body,
            });
            expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
        }
    });

    it('ServiceCIDRs are patched and deleted', async () => {
        const path = '/apis/networking.k8s.io/v1/servicecidrs';
        await cluster().create(path, { metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } });
        const condition = {
            ...{ type: 'Ready', status: 'False', reason: 'Tested', message: 'patched' },
            lastTransitionTime: '2026-01-02T03:04:05Z',
        };
        const patched = await cluster().patch(`${path}/more/status`, 'merge', {
            status: { conditions: [condition] },
        });
        expect(patched).toMatchObject({ status: { conditions: [condition] } });
        const body = { metadata: { name: 'bad' }, spec: { cidrs: ['203.0.113.1/24'] } };
        expect(await cluster().refused('POST', path, { body })).toMatchObject({ code: 422 });
        await cluster().delete(`${path}/more`);
    });
}
