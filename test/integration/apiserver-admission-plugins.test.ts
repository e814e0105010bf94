import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../src/api/cel/compiler.ts';
import { namespaces, nodes } from '../../src/client/resource-type.ts';
import type { AdmissionPlugin } from '../../src/components/apiserver/admission.ts';
import { createAdmission } from '../../src/components/apiserver/admission/index.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import { eventually } from './support/api-server.ts';

let api: ApiServerFixture;
const compiler = createCelCompiler();
const widgets = '/apis/example.com/v1/namespaces/shop/widgets';
const expressions = async () => await Promise.resolve(compiler);

beforeAll(async () => {
    const admission: AdmissionPlugin[] = [];
    api = await ApiServerFixture.start({ admission, customResources: { cel: expressions } });
    admission.push(
        ...createAdmission({
            reader: api.caches,
            client: () => api.client,
            enable: [],
            disable: ['ServiceAccount'],
            definitions: () => api.caches.definitions(),
            expressions,
        }),
    );
    await api.client.resource(namespaces).create({ metadata: { name: 'shop' } });
});

afterAll(async () => {
    await api.stop();
});

describe('warnings', () => {
    it('reach who makes a Service', async () => {
        const body = {
            metadata: { name: 's' },
            spec: { ports: [{ port: 80 }], externalIPs: ['192.0.2.1'] },
        };
        const made = await api.call('POST', '/api/v1/namespaces/shop/services', { body });
        expect({ status: made.status, warning: made.headers['warning'] }).toEqual({
            status: 201,
            warning:
                '299 - "spec.externalIPs is deprecated and may no longer be implemented in some clusters"',
        });
    });

    it('reach who deletes jobs without a word about their pods', async () => {
        const jobs = '/apis/batch/v1/namespaces/shop/jobs';
        const said =
            '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"';
        const spec = {
            template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
        };
        const remove = async (query: string) => {
            const made = await api.call('POST', jobs, { body: { metadata: { generateName: 'j' }, spec } });
            const { name } = made.json<{ metadata: { name: string } }>().metadata;
            return (await api.call('DELETE', `${jobs}/${name}${query}`)).headers['warning'];
        };
        expect(await remove('')).toBe(said);
        expect(await remove('?propagationPolicy=Background')).toBeUndefined();
        expect(await remove('?orphanDependents=true')).toBeUndefined();
        expect((await api.call('DELETE', jobs)).headers['warning']).toBe(said);
    });
});

describe('a binding', () => {
    it("gives a pod its own labels and those of its node's place", async () => {
        const labels = { 'topology.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/region': 'r1' };
        await api.client.resource(nodes).create({ metadata: { name: 'n1', labels } });
        await api.caches.ready(nodes);
        const pods = '/api/v1/namespaces/shop/pods';
        const made = await api.call('POST', pods, {
            body: {
                metadata: {
                    name: 'p',
                    labels: { app: 'a', tier: 'old', 'topology.kubernetes.io/zone': 'x' },
                },
                spec: { containers: [{ name: 'c', image: 'i' }] },
            },
        });
        expect(made.status).toBe(201);
        const bound = await api.call('POST', `${pods}/p/binding`, {
            body: {
                metadata: { name: 'p', labels: { tier: 'new' } },
                target: { apiVersion: 'v1', kind: 'Node', name: 'n1' },
            },
        });
        expect(bound.status).toBe(201);
        const pod = (await api.call('GET', `${pods}/p`)).json<{ metadata: { labels: object } }>();
        expect(pod.metadata.labels).toEqual({ app: 'a', tier: 'new', ...labels });
    });
});

describe('documents that clients keep', () => {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

    it.each([
        ['/apis', aggregated],
        ['/api', aggregated],
        ['/openapi/v2', 'application/json'],
        ['/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'],
        ['/openapi/v3/apis/apps/v1', 'application/json'],
    ])('have an ETag, and are not sent again to who has them: %s as %s', async (path, accept) => {
        const first = await api.call('GET', path, { headers: { accept } });
        const { etag } = first.headers;
        expect(first.status).toBe(200);
        expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
        const again = await api.call('GET', path, { headers: { accept, 'if-none-match': String(etag) } });
        expect({ status: again.status, text: again.text, etag: again.headers['etag'] }).toEqual({
            status: 304,
            text: '',
            etag,
        });
        const other = await api.call('GET', path, { headers: { accept, 'if-none-match': '"0"' } });
        expect(other.status).toBe(200);
    });

    it.each(['/openapi/v2', '/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1'])(
        'are compressed once for who takes gzip, whatever their size: %s',
        async (path) => {
            const headers = { 'accept-encoding': 'gzip' };
            const compressed = await api.call('GET', path, { headers });
            expect(compressed.headers).toMatchObject({
                'content-encoding': 'gzip',
                vary: 'Accept, Accept-Encoding',
            });
            expect(compressed.json()).toEqual((await api.call('GET', path)).json());
        },
    );
});

describe('mutating policies for custom resources', () => {
    it('apply configurations by the schema of the resource', async () => {
        const part = { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' } } };
        const parts = {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: { ...part, required: ['name'] },
        };
        const spec = { type: 'object', properties: { parts, mode: { type: 'string' } } };
        const openAPIV3Schema = { type: 'object', properties: { spec } };
        const definition = {
            apiVersion: 'apiextensions.k8s.io/v1',
            kind: 'CustomResourceDefinition',
            metadata: { name: 'widgets.example.com' },
            spec: {
                group: 'example.com',
                scope: 'Namespaced',
                names: { plural: 'widgets', kind: 'Widget' },
                versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
            },
        };
        const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
        expect((await api.call('POST', definitions, { body: definition })).status).toBe(201);
        await eventually('widgets are served', async () => (await api.call('GET', widgets)).status === 200);
        const admissionPath = '/apis/admissionregistration.k8s.io/v1';
        const expression =
            "Object{spec: Object.spec{mode: 'safe', parts: [Object.spec.parts{name: 'b', size: 2}]}}";
        const rule = {
            operations: ['CREATE'],
            apiGroups: ['example.com'],
            apiVersions: ['v1'],
            resources: ['widgets'],
        };
        const policy = {
            matchConstraints: { resourceRules: [rule] },
            reinvocationPolicy: 'Never',
            mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
        };
        for (const [plural, content] of [
            ['policies', policy],
            ['policybindings', { policyName: 'safe' }],
        ] as const) {
            const body = { metadata: { name: 'safe' }, spec: content };
            const made = await api.call('POST', `${admissionPath}/mutatingadmission${plural}`, { body });
            expect({ status: made.status, text: made.text }).toMatchObject({ status: 201 });
        }
        const body = {
            apiVersion: 'example.com/v1',
            kind: 'Widget',
            metadata: { name: 'w' },
            spec: {
                parts: [
                    { name: 'a', size: 1 },
                    { name: 'b', size: 1 },
                ],
            },
        };
        const made = await api.call('POST', widgets, { body });
        expect(made.json<unknown>()).toMatchObject({
            spec: {
                mode: 'safe',
                parts: [
                    { name: 'a', size: 1 },
                    { name: 'b', size: 2 },
                ],
            },
        });
    });
});
