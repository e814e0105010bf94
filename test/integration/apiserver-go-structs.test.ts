import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
    V1Deployment,
    V1ObjectMeta,
    V1PodDisruptionBudget,
    V1Status,
} from '../../src/api/meta/object.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

/** What clients see of the server's objects being Go structs upstream: zeros that are lost, bytes on the wire. */
describe('objects as Go structs', () => {
    let server: ApiServerFixture;
    beforeAll(async () => {
        server = await ApiServerFixture.start();
        await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'shop' } } });
    });
    afterAll(async () => {
        await server.stop();
    });

    const merge = { 'content-type': 'application/merge-patch+json' };
    const deployments = '/apis/apps/v1/namespaces/shop/deployments';
    const deployment = (name: string, spec: object = {}, podSpec: object = {}): object => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: {
            selector: { matchLabels: { app: name } },
            template: {
                metadata: { labels: { app: name } },
                spec: { containers: [{ name: 'c', image: 'busybox', stdin: false }], ...podSpec },
            },
            ...spec,
        },
    });

    it('plain values that are zero get their defaults, or are not there', async () => {
        const body = deployment(
            'zeros',
            { paused: false, minReadySeconds: 0, replicas: 0, strategy: { type: '' } },
            { hostNetwork: false, dnsPolicy: '', restartPolicy: '', enableServiceLinks: false },
        );
        const { spec } = (await server.call('POST', deployments, { body })).json<V1Deployment>();
        expect(spec).not.toHaveProperty('paused');
        expect(spec).not.toHaveProperty('minReadySeconds');
        expect(spec).toMatchObject({ replicas: 0, strategy: { type: 'RollingUpdate' } });
        const pod = spec?.template.spec;
        expect(pod).not.toHaveProperty('hostNetwork');
        expect(pod?.containers[0]).not.toHaveProperty('stdin');
        expect(pod).toMatchObject({
            dnsPolicy: 'ClusterFirst',
            restartPolicy: 'Always',
            enableServiceLinks: false,
        });
        const service = await server.call('POST', '/api/v1/namespaces/shop/services', {
            body: { metadata: { name: 's' }, spec: { type: '', ports: [{ port: 80, protocol: '' }] } },
        });
        expect(service.json<object>()).toMatchObject({
            spec: { type: 'ClusterIP', sessionAffinity: 'None', ports: [{ port: 80, protocol: 'TCP' }] },
        });
    });

    it('a merge patch that makes a plain value zero takes it off the object', async () => {
        await server.call('POST', deployments, { body: deployment('patched', { paused: true }) });
        const path = `${deployments}/patched`;
        const answer = await server.call('PATCH', path, {
            body: { spec: { paused: false } },
            headers: merge,
        });
        expect(answer.json<V1Deployment>().spec).not.toHaveProperty('paused');
    });

    it('an applied zero is owned, though the object does not have it', async () => {
        const path = `${deployments}/applied?fieldManager=me`;
        const headers = { 'content-type': 'application/apply-patch+yaml' };
        const apply = async () =>
            (
                await server.call('PATCH', path, { body: deployment('applied', { paused: false }), headers })
            ).json<V1Deployment>();
        const first = await apply();
        expect(first.spec).not.toHaveProperty('paused');
        expect(JSON.stringify(first.metadata?.managedFields)).toContain('"f:paused":{}');
        expect((await apply()).metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    });

    it('levels and schemas of flow control have defaults in place of zeros', async () => {
        const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
        const queuing = { queues: 0, handSize: 0, queueLengthLimit: 0 };
        const level = await server.call('POST', `${group}/prioritylevelconfigurations`, {
            body: {
                metadata: { name: 'zeros' },
                spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } },
            },
        });
        expect(level.json<object>()).toMatchObject({
            spec: {
                limited: { limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } },
            },
        });
        const flow = await server.call('POST', `${group}/flowschemas`, {
            body: {
                metadata: { name: 'zeros' },
                spec: { matchingPrecedence: 0, priorityLevelConfiguration: { name: 'zeros' } },
            },
        });
        expect(flow.json<object>()).toMatchObject({ spec: { matchingPrecedence: 1000 } });
    });

    it('writes of a status change as much of the metadata as the kind allows', async () => {
        const change = async (path: string): Promise<V1ObjectMeta> => {
            const metadata = { labels: { by: 'status' }, annotations: { by: 'status' } };
            const answer = await server.call('PATCH', `${path}/status`, {
                body: { metadata },
                headers: merge,
            });
            expect(answer.status).toBe(200);
            return answer.json<{ metadata: V1ObjectMeta }>().metadata;
        };
        await server.call('POST', deployments, { body: deployment('labelled') });
        expect((await change(`${deployments}/labelled`)).labels).toBeUndefined();
        const service = '/api/v1/namespaces/shop/services';
        await server.call('POST', service, {
            body: { metadata: { name: 'labelled' }, spec: { ports: [{ port: 1 }] } },
        });
        expect(await change(`${service}/labelled`)).toMatchObject({
            labels: { by: 'status' },
            annotations: { by: 'status' },
        });
        const flows = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
        await server.call('POST', flows, {
            body: { metadata: { name: 'kept' }, spec: { priorityLevelConfiguration: { name: 'kept' } } },
        });
        const kept = await change(`${flows}/kept`);
        expect([kept.labels, kept.annotations]).toEqual([undefined, undefined]);
    });

    it('a disruption budget is replaced with its resourceVersion alone', async () => {
        const path = '/apis/policy/v1/namespaces/shop/poddisruptionbudgets';
        const made = await server.call('POST', path, { body: { metadata: { name: 'b' }, spec: {} } });
        const budget = made.json<V1PodDisruptionBudget>();
        const { resourceVersion, ...metadata } = budget.metadata ?? {};
        const refused = await server.call('PUT', `${path}/b`, { body: { ...budget, metadata } });
        expect(refused.status).toBe(422);
        expect(refused.json<V1Status>().message).toContain('must be specified for an update');
        const body = { ...budget, metadata: { ...metadata, resourceVersion } };
        expect((await server.call('PUT', `${path}/b`, { body })).status).toBe(200);
    });

    /** Fields of a message that are strings or messages, by number. */
    const message = (...fields: [number, string | Buffer][]): Buffer =>
        Buffer.concat(
            fields.flatMap(([number, value]) => {
                const content = Buffer.from(value as string);
                return [Buffer.from([number * 8 + 2, content.length]), content];
            }),
        );
    const encoded = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
        Buffer.concat([Buffer.from('k8s\0'), message([1, message([1, apiVersion], [2, kind])], [2, raw])]);

    it.each([
        [
            'storage.k8s.io/v1',
            'VolumeAttributesClass',
            'volumeattributesclasses',
            message([1, message([1, 'gold'])], [2, 'csi.example.com'], [3, message([1, 'a'], [2, 'b'])]),
            { driverName: 'csi.example.com', parameters: { a: 'b' } },
        ],
        [
            'resource.k8s.io/v1',
            'DeviceClass',
            'deviceclasses',
            message(
                [1, message([1, 'gpu'])],
                [2, message([1, message([1, message([1, 'device.driver == "x"'])])])],
            ),
            { spec: { selectors: [{ cel: { expression: 'device.driver == "x"' } }] } },
        ],
        [
            'admissionregistration.k8s.io/v1',
            'MutatingAdmissionPolicyBinding',
            'mutatingadmissionpolicybindings',
            message([1, message([1, 'binding'])], [2, message([1, 'policy'])]),
            { spec: { policyName: 'policy' } },
        ],
    ])('%s %s is read from protobuf', async (apiVersion, kind, plural, raw, expected) => {
        const answer = await server.call('POST', `/apis/${apiVersion}/${plural}`, {
            body: encoded(apiVersion, kind, raw),
            headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
        });
        expect(answer.status).toBe(201);
        expect(answer.json<object>()).toMatchObject({ apiVersion, kind, ...expected });
    });
});
