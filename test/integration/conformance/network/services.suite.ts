import { expect, it } from '@jest/globals';
import { eventually } from '../../support/api-server.ts';
import { expectDiscovered } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Service } from '../support/objects.ts';

const servicesOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/services`;
const newService = (name: string, spec: object): object => ({
    metadata: { name, labels: { 'test-service-static': 'true' } },
    spec: { ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }], ...spec },
});

/** Services as objects: their status, and what their type makes of addresses and ports. */
export function serviceCases(cluster: () => Cluster): void {
    it('the Service kubernetes is there for pods to find the API', async () => {
        const { items } = await cluster().list<Service>('/api/v1/services');
        const found = items.find(({ metadata }) => metadata.name === 'kubernetes');
        expect(found?.metadata.namespace).toBe('default');
        expect(found?.spec?.ports).toMatchObject([{ name: 'https', port: 443, protocol: 'TCP' }]);
    });

    it('its Endpoints and EndpointSlice name the API server', async () => {
        const { subsets } = await cluster().get<
            {
                subsets: { addresses: { ip: string }[]; ports: object[] }[];
            } & Service
        >('/api/v1/namespaces/default/endpoints/kubernetes');
        expect(subsets).toHaveLength(1);
        const [subset] = subsets;
        const slices = await cluster().list<
            { endpoints: object[]; ports: object[]; addressType: string } & Service
        >(
            '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes',
        );
        expect(slices.items).toHaveLength(1);
        expect(slices.items[0]).toMatchObject({
            addressType: 'IPv4',
            endpoints: [{ addresses: subset?.addresses.map(({ ip }) => ip), conditions: { ready: true } }],
            ports: subset?.ports,
        });
    });

    it('status is read, patched and updated as a subresource; the Service is patched and deleted', async () => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        const watch = await cluster().watch<Service>(`${path}?labelSelector=test-service-static%3Dtrue`);
        const created = await cluster().create<Service>(path, newService('status', { type: 'LoadBalancer' }));
        expect(created.spec?.ports?.[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
        expect((await watch.next()).type).toBe('ADDED');
        const status = `${path}/status/status`;
        expect(await cluster().get(status)).toMatchObject({ status: { loadBalancer: {} } });

        const ingress = [{ ip: '203.0.113.1', ipMode: 'VIP' }];
        const patched = await cluster().patch<Service>(status, 'merge', {
            metadata: { annotations: { patchedstatus: 'true' } },
            status: { loadBalancer: { ingress } },
        });
        expect(patched).toMatchObject({
            metadata: { annotations: { patchedstatus: 'true' } },
            status: { loadBalancer: { ingress } },
        });
        await watch.until(({ object }) => object.metadata.annotations?.['patchedstatus'] === 'true');

        const condition = {
            ...{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' },
            lastTransitionTime: '2026-01-02T03:04:05Z',
        };
        const updated = await cluster().change<Service>(status, (service) => {
            service.status!.conditions = [...(service.status?.conditions ?? []), condition];
        });
        expect(conditionOf(updated.status?.conditions, 'StatusUpdate')).toEqual(condition);
        await watch.until(
            ({ object }) => conditionOf(object.status?.conditions, 'StatusUpdate') !== undefined,
        );

        await cluster().patch(`${path}/status`, 'strategic', {
            metadata: { labels: { 'test-service': 'patched' } },
        });
        await watch.until(({ object }) => object.metadata.labels?.['test-service'] === 'patched');
        await cluster().delete(`${path}/status`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
    });

    it('Services go as a collection by their labels', async () => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        for (const name of ['e2e-a', 'e2e-b', 'e2e-c']) {
            await cluster().create(path, {
                ...newService(name, {}),
                metadata: { name, labels: { collection: name === 'e2e-c' ? 'other' : 'e2e' } },
            });
        }
        await cluster().must('DELETE', `${path}?labelSelector=collection%3De2e`);
        const { items } = await cluster().list(path);
        expect(items.map(({ metadata }) => metadata.name)).toEqual(['e2e-c']);
    });

    it('a Service that becomes ExternalName gives up its cluster IP', async () => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        for (const type of ['ClusterIP', 'NodePort']) {
            const name = `from-${type.toLowerCase()}`;
            const created = await cluster().create<Service>(path, newService(name, { type }));
            const { clusterIP, ports } = created.spec!;
            expect(clusterIP).toMatch(/^\d+(\.\d+){3}$/);
            const external = await cluster().change<Service>(`${path}/${name}`, (service) => {
                service.spec!.type = 'ExternalName';
                service.spec!.externalName = 'www.example.com';
            });
            expect(external.spec?.clusterIP ?? '').toBe('');
            expect(external.spec?.clusterIPs ?? []).toEqual([]);
            expect(external.spec?.ports?.[0]?.nodePort).toBeUndefined();
            // What it gave up is free for another one.
            const nodePort = ports?.[0]?.nodePort;
            const port = { port: 80, ...(nodePort === undefined ? {} : { nodePort }) };
            const heir = newService(`heir-${name}`, { type, clusterIP, ports: [port] });
            expect(await cluster().create(path, heir)).toMatchObject({ spec: { clusterIP } });
        }
    });

    it('an ExternalName Service that becomes ClusterIP or NodePort gets its addresses', async () => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        for (const type of ['ClusterIP', 'NodePort']) {
            const name = `to-${type.toLowerCase()}`;
            const created = await cluster().create<Service>(path, {
                metadata: { name },
                spec: { type: 'ExternalName', externalName: 'foo.example.com' },
            });
            expect(created.spec?.clusterIP).toBeUndefined();
            const changed = await cluster().change<Service>(`${path}/${name}`, ({ spec }) => {
                spec!.type = type;
                spec!.externalName = '';
                spec!.ports = [{ port: 80, name: 'http', protocol: 'TCP', targetPort: 9376 }];
            });
            expect(changed.spec?.clusterIP).toMatch(/^\d+(\.\d+){3}$/);
            expect(changed.spec?.externalName ?? '').toBe('');
            const nodePort = changed.spec?.ports?.[0]?.nodePort;
            if (type === 'ClusterIP') expect(nodePort).toBeUndefined();
            else expect(nodePort).toBeGreaterThanOrEqual(30_000);
        }
    });

    it.each(['ClusterIP', 'NodePort'])('session affinity of a %s Service is switched', async (type) => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        const created = await cluster().create<Service>(
            path,
            newService('affinity', { type, sessionAffinity: 'ClientIP' }),
        );
        const config = { clientIP: { timeoutSeconds: 10_800 } };
        expect(created.spec).toMatchObject({ sessionAffinity: 'ClientIP', sessionAffinityConfig: config });
        const none = await cluster().change<Service>(`${path}/affinity`, ({ spec }) => {
            spec!.sessionAffinity = 'None';
            delete spec!.sessionAffinityConfig;
        });
        expect(none.spec?.sessionAffinity).toBe('None');
        expect(none.spec?.sessionAffinityConfig).toBeUndefined();
        const back = await cluster().change<Service>(`${path}/affinity`, ({ spec }) => {
            spec!.sessionAffinity = 'ClientIP';
        });
        expect(back.spec?.sessionAffinityConfig).toEqual(config);
    });

    it('Services have one port number for TCP and for UDP', async () => {
        const namespace = await cluster().namespace('services');
        const path = servicesOf(namespace);
        const ports = ['TCP', 'UDP'].map((protocol) => ({
            ...{ name: `${protocol.toLowerCase()}-port`, port: 80, protocol },
        }));
        const created = await cluster().create<Service>(path, newService('multiprotocol', { ports }));
        expect(created.spec?.ports).toHaveLength(2);
        const onlyUdp = await cluster().change<Service>(`${path}/multiprotocol`, ({ spec }) => {
            spec!.ports = [{ ...ports[1]!, targetPort: 80 }];
        });
        expect(onlyUdp.spec?.ports).toMatchObject([{ port: 80, protocol: 'UDP' }]);
        await expectDiscovered(cluster(), 'discovery.k8s.io', ['endpointslices']);
    });

    it('the Service range of the cluster is an object, with its status', async () => {
        await expectDiscovered(cluster(), 'networking.k8s.io', ['servicecidrs', 'servicecidrs/status']);
        const path = '/apis/networking.k8s.io/v1/servicecidrs';
        const found = await eventually('it is ready', async () => {
            const object = await cluster().find<Service>(`${path}/kubernetes`);
            return conditionOf(object?.status?.conditions, 'Ready')?.status === 'True' && object;
        });
        expect(found).toMatchObject({ kind: 'ServiceCIDR' });
        expect((found.spec as { cidrs?: string[] }).cidrs).toHaveLength(1);
        const status = await cluster().get(`${path}/kubernetes/status`);
        expect(status).toMatchObject({ kind: 'ServiceCIDR', metadata: { uid: found.metadata.uid } });
        expect((await cluster().list(path)).items).toHaveLength(1);
        const watch = await cluster().watch(path);
        expect(await watch.next()).toMatchObject({
            type: 'ADDED',
            object: { metadata: { name: 'kubernetes' } },
        });
        watch.close();
    });
}
