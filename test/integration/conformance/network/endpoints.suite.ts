import { expect, it } from '@jest/globals';
import type { V1EndpointSlice, V1Endpoints } from '../../../../src/api/meta/object.ts';
import { eventually } from '../../support/api-server.ts';
import type { Cluster } from '../support/cluster.ts';
import { type Live, type Pod, podSpec } from '../support/objects.ts';

type Slice = Live<V1EndpointSlice>;
type Endpoints = Live<V1Endpoints>;

const core = (namespace: string, plural: string): string => `/api/v1/namespaces/${namespace}/${plural}`;
const slicesOf = (namespace: string, service: string): string =>
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3D${service}`;

const newPod = (name: string, app: string, ports: object[]): object => ({
    metadata: { name, labels: { app } },
    spec: { ...podSpec(), containers: [{ name: 'main', image: 'registry.example/agnhost:2', ports }] },
});

/** Endpoints and EndpointSlices: as objects, and what controllers make of Services and pods. */
export function endpointCases(cluster: () => Cluster): void {
    const ready = async (path: string): Promise<Slice[] | false> => {
        const { items } = await cluster().list<Slice>(path);
        return items.length > 0 && items;
    };
    /** Names of the ready pods that the slices of a Service lead to, each with its port numbers. */
    const portsByPod = async (namespace: string, service: string): Promise<Record<string, number[]>> => {
        const { items } = await cluster().list<Slice>(slicesOf(namespace, service));
        const result: Record<string, number[]> = {};
        for (const { endpoints, ports } of items) {
            for (const { targetRef, conditions } of endpoints ?? []) {
                if (targetRef?.name === undefined || conditions?.ready !== true) continue;
                const numbers = (ports ?? []).map(({ port }) => port ?? 0);
                result[targetRef.name] = [...(result[targetRef.name] ?? []), ...numbers].sort();
            }
        }
        return result;
    };

    it('Endpoints are created, updated, patched and deleted by their label', async () => {
        const namespace = await cluster().namespace('endpoints');
        const path = core(namespace, 'endpoints');
        const labels = { 'test-endpoint-static': 'true' };
        const watch = await cluster().watch<Endpoints>(`${path}?labelSelector=test-endpoint-static%3Dtrue`);
        await cluster().create(path, {
            metadata: { name: 'testservice', labels },
            subsets: [
                { addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
            ],
        });
        expect((await watch.next()).type).toBe('ADDED');
        const all = await cluster().list('/api/v1/endpoints?labelSelector=test-endpoint-static%3Dtrue');
        expect(all.items).toHaveLength(1);
        await cluster().change(`${path}/testservice`, ({ metadata }) => {
            metadata.labels!['test-service'] = 'updated';
        });
        await watch.until(({ object }) => object.metadata.labels?.['test-service'] === 'updated');
        await cluster().patch(`${path}/testservice`, 'strategic', {
            metadata: { labels: { 'test-service': 'patched' } },
            subsets: [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080 }] }],
        });
        const { object } = await watch.until(
            (event) => event.object.metadata.labels?.['test-service'] === 'patched',
        );
        expect(object.subsets).toEqual([
            { addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] },
        ]);
        await cluster().must('DELETE', `${path}?labelSelector=test-endpoint-static%3Dtrue`);
        await watch.until(({ type }) => type === 'DELETED');
        watch.close();
        expect(await cluster().find(`${path}/testservice`)).toBeUndefined();
    });

    it('a Service that matches no pod has empty Endpoints and an empty slice, which go with it', async () => {
        const namespace = await cluster().namespace('endpoints');
        const services = core(namespace, 'services');
        await cluster().create(services, {
            metadata: { name: 'empty', labels: { env: 'test' } },
            spec: {
                selector: {
                    'does-not-match-anything': 'endpoints-and-endpoint-slices-should-still-be-created',
                },
                ports: [{ port: 80 }],
            },
        });
        const endpoints = `${core(namespace, 'endpoints')}/empty`;
        const found = await eventually(
            'Endpoints are made',
            async () => await cluster().find<Endpoints>(endpoints),
        );
        expect(found.subsets ?? []).toEqual([]);
        expect(found.metadata.labels).toMatchObject({
            'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
        });
        const [slice] = await eventually(
            'a slice is made',
            async () => await ready(slicesOf(namespace, 'empty')),
        );
        expect(slice?.addressType).toBe('IPv4');
        expect(slice?.endpoints ?? []).toEqual([]);
        expect(slice?.metadata.labels).toMatchObject({
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        });
        expect(slice?.metadata.ownerReferences).toMatchObject([{ kind: 'Service', name: 'empty' }]);
        await cluster().delete(`${services}/empty`);
        await eventually('both have gone', async () => {
            const { items } = await cluster().list(slicesOf(namespace, 'empty'));
            return items.length === 0 && (await cluster().find(endpoints)) === undefined;
        });
    });

    it('slices follow the pods that a Service matches, with named ports and addresses that are not ready', async () => {
        const namespace = await cluster().namespace('endpoints');
        const [services, pods] = [core(namespace, 'services'), core(namespace, 'pods')];
        const ports = [
            { name: 'example-name', containerPort: 3000 },
            { name: 'other-port', containerPort: 3001 },
        ];
        await cluster().create(pods, newPod('pod1', 'foo', ports));
        await cluster().create(pods, newPod('pod2', 'bar', [{ name: 'example-name', containerPort: 3001 }]));
        const named = (selector: object, targetPort: string): object => ({
            selector,
            publishNotReadyAddresses: true,
            ports: [{ name: 'example', port: 80, targetPort, protocol: 'TCP' }],
        });
        const twoPorts = {
            selector: { app: 'bar' },
            ports: [
                { name: 'a', port: 80, targetPort: 'example-name' },
                { name: 'b', port: 81, targetPort: 3000 },
            ],
        };
        await cluster().create(services, {
            metadata: { name: 'one' },
            spec: named({ app: 'foo' }, 'example-name'),
        });
        await cluster().create(services, { metadata: { name: 'two' }, spec: twoPorts });
        await eventually('the first leads to its pod', async () => {
            const found = await portsByPod(namespace, 'one');
            return found['pod1']?.join() === '3000' && Object.keys(found).length === 1;
        });
        await eventually(
            'the second leads to both ports of its pod',
            async () => (await portsByPod(namespace, 'two'))['pod2']?.join() === '3000,3001',
        );
        await eventually('Endpoints say the same', async () => {
            const { subsets } = await cluster().get<Endpoints>(`${core(namespace, 'endpoints')}/two`);
            const ports = (subsets ?? []).flatMap((subset) => (subset.ports ?? []).map(({ port }) => port));
            return ports.sort().join() === '3000,3001';
        });
        for (const name of ['pod1', 'pod2']) await cluster().delete(`${pods}/${name}`);
        await eventually('nobody is left', async () => {
            const left = [await portsByPod(namespace, 'one'), await portsByPod(namespace, 'two')];
            return left.every((found) => Object.keys(found).length === 0);
        });
        for (const name of ['one', 'two']) await cluster().delete(`${services}/${name}`);
        await eventually('slices go with their Services', async () => {
            const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
            return (await cluster().list(path)).items.length === 0;
        });
    });

    it('pods that come and go are added to the endpoints of a Service and taken off', async () => {
        const namespace = await cluster().namespace('endpoints');
        const [services, pods] = [core(namespace, 'services'), core(namespace, 'pods')];
        const ports = [
            { name: 'portname1', port: 80, targetPort: 'svc1' },
            { name: 'portname2', port: 81, targetPort: 'svc2' },
        ];
        await cluster().create(services, {
            metadata: { name: 'multi' },
            spec: { selector: { app: 'multi' }, ports },
        });
        const expectPods = async (expected: Record<string, number[]>): Promise<void> => {
            await eventually(`endpoints are ${JSON.stringify(expected)}`, async () => {
                const found = await portsByPod(namespace, 'multi');
                const sort = (record: object): string => JSON.stringify(Object.entries(record).sort());
                return sort(found) === sort(expected);
            });
        };
        await expectPods({});
        await cluster().create(pods, newPod('pod1', 'multi', [{ name: 'svc1', containerPort: 100 }]));
        await expectPods({ pod1: [100] });
        await cluster().create(pods, newPod('pod2', 'multi', [{ name: 'svc2', containerPort: 101 }]));
        await expectPods({ pod1: [100], pod2: [101] });
        await cluster().delete(`${pods}/pod1`);
        await expectPods({ pod2: [101] });
        await cluster().delete(`${pods}/pod2`);
        await expectPods({});
        const gone = await cluster().list<Pod>(pods);
        expect(gone.items).toEqual([]);
    });

    it('Endpoints that people write are mirrored into slices, changed and deleted', async () => {
        const namespace = await cluster().namespace('endpoints');
        const [services, endpoints] = [core(namespace, 'services'), core(namespace, 'endpoints')];
        const name = 'example-custom-endpoints';
        await cluster().create(services, {
            metadata: { name },
            spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
        });
        const subsets = (ip: string): object[] => [
            { ports: [{ name: 'example', port: 80, protocol: 'TCP' }], addresses: [{ ip }] },
        ];
        await cluster().create(endpoints, { metadata: { name }, subsets: subsets('10.1.2.3') });
        const expectMirrored = async (ip: string): Promise<void> => {
            await eventually(`${ip} is mirrored`, async () => {
                const slices = await ready(slicesOf(namespace, name));
                if (slices === false || slices.length !== 1) return false;
                const [slice] = slices;
                expect(slice?.metadata.labels).toMatchObject({
                    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
                });
                expect(slice?.ports).toMatchObject([{ name: 'example', port: 80, protocol: 'TCP' }]);
                return slice?.endpoints?.length === 1 && slice.endpoints[0]?.addresses[0] === ip;
            });
        };
        await expectMirrored('10.1.2.3');
        await cluster().change<Endpoints>(`${endpoints}/${name}`, (object) => {
            object.subsets = subsets('10.2.3.4');
        });
        await expectMirrored('10.2.3.4');
        await cluster().delete(`${endpoints}/${name}`);
        await eventually('the slice has gone', async () => !(await ready(slicesOf(namespace, name))));
    });
}
