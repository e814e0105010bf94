import { beforeEach, describe, expect, it } from '@jest/globals';
import type { V1Service } from '../../../api/meta/object.ts';
import { serviceCidrs, services } from '../../../client/resource-type.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { fieldErrors } from '../../../api/meta/field-error.ts';
import type { RegistryHook, Reservation } from '../extensions.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { AllocationMetrics } from './allocation-metrics.ts';

const nothing: Reservation = { guard: undefined, release: () => undefined };
const service = (spec: object): V1Service => ({ metadata: { name: 's', namespace: 'shop' }, spec });

describe('figures about the addresses and ports of Services', () => {
    let reader: MemoryReader;
    let reserve: (object: V1Service) => void;
    let metrics: AllocationMetrics;
    let measured: RegistryHook;

    beforeEach(() => {
        reader = new MemoryReader();
        const run = (object: V1Service): Promise<Reservation> => {
            reserve(object);
            return Promise.resolve(nothing);
        };
        const hook: RegistryHook = {
            group: '',
            resource: 'services',
            reserveForCreate: run,
            reserveForUpdate: run,
        };
        metrics = new AllocationMetrics({
            reader,
            clusterIpRange: '10.96.0.0/24',
            nodePorts: { first: 30_000, last: 30_009 },
        });
        measured = metrics.measured(hook);
    });
    const figures = (): string => renderMetrics(metrics.source());

    it('tell what was given, and whether it was asked for by number', async () => {
        reserve = ({ spec }) => {
            spec!.clusterIP ??= '10.96.0.9';
            spec!.clusterIPs = [spec!.clusterIP];
            for (const port of spec!.ports ?? []) port.nodePort ??= 30_001;
        };
        await measured.reserveForCreate(service({ ports: [{ port: 80 }] }));
        await measured.reserveForCreate(
            service({ clusterIP: '10.96.0.3', ports: [{ port: 80, nodePort: 30_005 }] }),
        );
        // What is kept is not given again.
        const old = service({ clusterIP: '10.96.0.3', ports: [{ port: 80, nodePort: 30_005 }] });
        await measured.reserveForUpdate(structuredClone(old), old);
        await measured.reserveForCreate(service({ clusterIP: 'None', clusterIPs: ['None'] }));
        for (const scope of ['static', 'dynamic']) {
            expect(figures()).toContain(
                `kube_apiserver_clusterip_allocator_allocation_total{cidr="10.96.0.0/24",scope="${scope}"} 1`,
            );
            expect(figures()).toContain(
                `kube_apiserver_nodeport_allocator_allocation_total{scope="${scope}"} 1`,
            );
        }
        expect(figures()).toContain(
            'kube_apiserver_clusterip_allocator_allocation_duration_seconds_count{cidr="10.96.0.0/24"} 2',
        );
    });

    it('tell what could not be had', async () => {
        const failing = async (error: Error, spec: object = {}): Promise<void> => {
            reserve = () => {
                throw error;
            };
            await expect((async () => await measured.reserveForCreate(service(spec)))()).rejects.toBe(error);
        };
        const taken = (field: string): Error =>
            statusErrors.invalid('Service', '', 's', [fieldErrors.invalid(field, 'x', 'already allocated')]);
        await failing(taken('spec.clusterIPs'), { clusterIP: '10.96.0.3' });
        await failing(statusErrors.internal('failed to allocate a serviceIP: range is full'));
        await failing(taken('spec.ports[0].nodePort'));
        await failing(statusErrors.internal('failed to allocate a nodePort: range is full'));
        await failing(taken('spec.type'));
        for (const scope of ['static', 'dynamic']) {
            expect(figures()).toContain(
                `kube_apiserver_clusterip_allocator_allocation_errors_total{cidr="10.96.0.0/24",scope="${scope}"} 1`,
            );
            expect(figures()).toContain(
                `kube_apiserver_nodeport_allocator_allocation_errors_total{scope="${scope}"} 1`,
            );
        }
    });

    it('tell what is taken of each range and what is left', () => {
        reader.set(serviceCidrs, {
            metadata: { name: 'more' },
            spec: { cidrs: ['fd00::/120', '10.97.0.0/30'] },
        } as never);
        reader.set(services, service({ clusterIP: '10.96.0.3', clusterIPs: ['10.96.0.3', 'fd00::1'] }));
        reader.set(services, {
            metadata: { name: 'b', namespace: 'shop' },
            spec: {
                clusterIP: '10.96.0.4',
                ports: [{ port: 1, nodePort: 30_001 }],
                healthCheckNodePort: 30_002,
            },
        } as V1Service);
        for (const line of [
            'clusterip_allocator_allocated_ips{cidr="10.96.0.0/24"} 2',
            'clusterip_allocator_available_ips{cidr="10.96.0.0/24"} 252',
            'clusterip_allocator_allocated_ips{cidr="fd00::/120"} 1',
            'clusterip_allocator_available_ips{cidr="fd00::/120"} 254',
            'clusterip_allocator_available_ips{cidr="10.97.0.0/30"} 2',
            'nodeport_allocator_allocated_ports 2',
            'nodeport_allocator_available_ports 8',
        ])
            expect(figures()).toContain(`kube_apiserver_${line}\n`);
    });
});
