import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiServerFixture } from './apiserver/fixture.ts';
import {
    apiService,
    availability,
    bundle,
    type ExtensionKeys,
    extensionKeys,
    ExtensionServer,
    json,
    putEndpoints,
    serveExtension,
} from './support/extension-server.ts';

const collection = '/apis/apiregistration.k8s.io/v1/apiservices';
const modern = 'modern.example.com/v1';
const old = 'old.example.com/v1';
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

interface Swagger {
    paths: Record<string, { get?: { responses: Record<string, { schema?: { $ref?: string } }> } }>;
    definitions: Record<string, { properties?: Record<string, { $ref?: string }>; description?: string }>;
    parameters: Record<string, object>;
}
interface Index {
    paths: Record<string, { serverRelativeURL: string }>;
}

/** A document of a server that has one kind in a group version, and more that is none of anybody's business. */
function swagger(groupVersion: string, kind: string): object {
    const [group = '', version = ''] = groupVersion.split('/');
    const own = `com.example.${kind}`;
    const gvk = { group, version, kind };
    const get = {
        description: 'Reads it.',
        operationId: `read${kind}`,
        produces: ['application/json'],
        parameters: [{ $ref: '#/parameters/pretty-example' }],
        responses: { 200: { description: 'OK', schema: { $ref: `#/definitions/${own}` } } },
        'x-kubernetes-action': 'get',
        'x-kubernetes-group-version-kind': gvk,
    };
    const post = {
        description: 'Makes one.',
        operationId: `create${kind}`,
        consumes: ['application/json'],
        parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: `#/definitions/${own}` } }],
        responses: { 201: { description: 'Created' } },
    };
    return {
        swagger: '2.0',
        info: { title: 'extension', version: '1' },
        paths: {
            [`/apis/${groupVersion}/things`]: { get, post },
            '/apis/apps/v1/deployments': { get: { description: 'not its own', responses: {} } },
            '/healthz/': { get: { responses: {} } },
        },
        definitions: {
            [own]: {
                description: `A ${kind} of the extension server.`,
                type: ['object'],
                properties: {
                    metadata: { $ref: `#/definitions/${objectMeta}` },
                    options: { $ref: `#/definitions/${deleteOptions}` },
                    spec: { type: 'object', additionalProperties: true, description: 'What it is like.' },
                },
                'x-kubernetes-group-version-kind': [gvk],
            },
            // Something else under a name that is taken here.
            [objectMeta]: { type: 'object', properties: { ripeness: { type: 'string' } } },
            [deleteOptions]: { type: 'object', properties: { gently: { type: 'boolean' } } },
            'com.example.Unused': { type: 'object' },
        },
        parameters: { 'pretty-example': { name: 'pretty', in: 'query', type: 'string' } },
    };
}

describe('OpenAPI of extension servers', () => {
    let api: ApiServerFixture;
    let extension: ExtensionServer;
    let keys: ExtensionKeys;
    const calls: { path: string; ifNoneMatch: string | undefined; status: number }[] = [];
    const v3Document = {
        openapi: '3.0.0',
        info: { title: 'extension', version: '1' },
        paths: {
            [`/apis/${modern}/things`]: {
                get: {
                    responses: {},
                    'x-kubernetes-action': 'list',
                    'x-kubernetes-group-version-kind': {
                        group: 'modern.example.com',
                        version: 'v1',
                        kind: 'Fresh',
                    },
                },
            },
        },
        components: {
            schemas: {
                'com.example.Fresh': {
                    description: 'A fresh thing.',
                    type: 'object',
                    properties: { spec: { type: 'object', description: 'How fresh it is.' } },
                    'x-kubernetes-group-version-kind': [
                        { group: 'modern.example.com', version: 'v1', kind: 'Fresh' },
                    ],
                },
            },
        },
    };
    const v3Hash = createHash('sha512').update(JSON.stringify(v3Document)).digest('hex').toUpperCase();

    /** Answers with an ETag, and 304 to who has it. */
    const tagged = (value: object) => (request: IncomingMessage, response: ServerResponse) => {
        const text = JSON.stringify(value);
        const etag = `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`;
        const ifNoneMatch = request.headers['if-none-match'];
        const status = ifNoneMatch === etag ? 304 : 200;
        calls.push({ path: request.url ?? '', ifNoneMatch, status });
        response.writeHead(status, { etag, 'content-type': 'application/json' });
        response.end(status === 304 ? undefined : text);
    };
    const register = async (groupVersion: string, spec: object = {}): Promise<void> => {
        const name = groupVersion.split('/').reverse().join('.');
        const body = apiService(groupVersion, { ...bundle(keys.serving), ...spec });
        extension.serveGroupVersion(groupVersion, [
            { name: 'things', singularName: 'thing', namespaced: false, kind: 'Fresh', verbs: ['get'] },
        ]);
        expect((await api.call('POST', collection, { body })).status).toBe(201);
        await availability(api, name, 'Passed');
    };
    const index = async (): Promise<Index['paths']> =>
        (await api.call('GET', '/openapi/v3')).json<Index>().paths;

    beforeAll(async () => {
        keys = await extensionKeys();
        extension = await ExtensionServer.start(keys);
        extension.serve('/openapi/v3', {
            paths: {
                [`apis/${modern}`]: { serverRelativeURL: `/openapi/v3/apis/${modern}?hash=${v3Hash}` },
                'apis/apps/v1': { serverRelativeURL: '/openapi/v3/apis/apps/v1?hash=FFFF' },
            },
        });
        extension.serve(`/openapi/v3/apis/${modern}`, tagged(v3Document));
        extension.serve('/openapi/v2', tagged(swagger(modern, 'Fresh')));
        api = await ApiServerFixture.start({ frontProxy: keys.proxy });
        await serveExtension(api, extension.port);
        await register(modern);
    }, 60_000);
    afterAll(async () => {
        await api.stop();
        await extension.stop();
    });
    beforeEach(() => {
        calls.length = 0;
    });

    it('v3 lists their group versions with hashes, and gives their documents from memory', async () => {
        const paths = await index();
        const { serverRelativeURL = '' } = paths[`apis/${modern}`] ?? {};
        expect(serverRelativeURL).toBe(`/openapi/v3/apis/${modern}?hash=${v3Hash}`);
        expect(paths['apis/apps/v1']?.serverRelativeURL).not.toContain('FFFF');
        const first = await api.call('GET', serverRelativeURL);
        expect(first.json()).toEqual(v3Document);
        expect(first.headers).toMatchObject({
            etag: `"${v3Hash}"`,
            'cache-control': 'public, immutable',
            'content-type': 'application/json',
        });
        expect(calls).toHaveLength(1);
        const again = await api.call('GET', serverRelativeURL, {
            headers: { 'if-none-match': `"${v3Hash}"` },
        });
        expect(again.status).toBe(304);
        expect((await api.call('GET', `/openapi/v3/apis/${modern}`)).json()).toEqual(v3Document);
        expect(calls).toHaveLength(1);
        const explained = await api.kubectl('explain', 'things.modern.example.com');
        expect(explained.stdout).toMatch(/A fresh thing\.[^]*How fresh it is\./);
        expect((await api.call('GET', '/openapi/v3/apis/modern.example.com/v9')).status).toBe(404);
    });

    it('v2 gets their paths, and what these refer to under names that are free', async () => {
        const merged = (await api.call('GET', '/openapi/v2')).json<Swagger>();
        const path = merged.paths[`/apis/${modern}/things`];
        expect(path?.get?.responses['200']?.schema).toEqual({ $ref: '#/definitions/com.example.Fresh' });
        const { properties } = merged.definitions['com.example.Fresh'] ?? {};
        expect(properties?.['metadata']?.$ref).toBe(`#/definitions/${objectMeta}_v2`);
        expect(properties?.['options']?.$ref).toBe(`#/definitions/${deleteOptions}_v2`);
        expect(merged.definitions[`${objectMeta}_v2`]?.properties).toHaveProperty('ripeness');
        expect(merged.definitions[objectMeta]?.properties).toHaveProperty('labels');
        expect(merged.definitions).not.toHaveProperty(['com.example.Unused']);
        expect(merged.paths).not.toHaveProperty(['/healthz/']);
        expect(merged.paths['/apis/apps/v1/deployments']).not.toMatchObject({
            get: { description: 'not its own' },
        });
        expect(merged.parameters).toHaveProperty(['pretty-example']);
        const protobuf = await api.call('GET', '/openapi/v2', {
            headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
        });
        expect(protobuf.status).toBe(200);
        expect(protobuf.text).toContain('A Fresh of the extension server.');
        expect(calls).toHaveLength(1);
    });

    it('v3 describes what servers say in v2 alone', async () => {
        const legacy = await ExtensionServer.start(keys);
        try {
            legacy.serve('/openapi/v2', tagged(swagger(old, 'Stale')));
            legacy.serveGroupVersion(old, []);
            await api.call('POST', '/api/v1/namespaces/default/services', {
                body: {
                    apiVersion: 'v1',
                    kind: 'Service',
                    metadata: { name: 'legacy' },
                    spec: { clusterIP: 'None', ports: [{ port: 443 }] },
                },
            });
            await putEndpoints(api, { name: 'legacy', port: legacy.port });
            const service = { namespace: 'default', name: 'legacy' };
            const body = apiService(old, { service, insecureSkipTLSVerify: true });
            await api.call('POST', collection, { body });
            await availability(api, 'v1.old.example.com', 'Passed');
            const { serverRelativeURL = '' } = (await index())[`apis/${old}`] ?? {};
            const document = (await api.call('GET', serverRelativeURL)).json<{
                openapi: string;
                paths: Record<string, object>;
                components: { schemas: Record<string, { properties: object }> };
            }>();
            expect(document.openapi).toBe('3.0.0');
            const reference = { $ref: '#/components/schemas/com.example.Stale' };
            expect(document.paths[`/apis/${old}/things`]).toMatchObject({
                get: {
                    parameters: [{ name: 'pretty', in: 'query', schema: { type: 'string' } }],
                    responses: { 200: { content: { 'application/json': { schema: reference } } } },
                    'x-kubernetes-action': 'get',
                },
                post: {
                    requestBody: { required: true, content: { 'application/json': { schema: reference } } },
                },
            });
            expect(document.components.schemas['com.example.Stale']?.properties).toMatchObject({
                metadata: { $ref: `#/components/schemas/${objectMeta}` },
            });
            // Both servers have an ObjectMeta of their own, and it is the same one.
            const merged = (await api.call('GET', '/openapi/v2')).json<Swagger>();
            expect(merged.definitions['com.example.Stale']?.properties?.['metadata']?.$ref).toBe(
                `#/definitions/${objectMeta}_v2`,
            );
            expect(merged.definitions).not.toHaveProperty([`${objectMeta}_v3`]);
        } finally {
            await legacy.stop();
        }
    });

    it('is neither kept up nor broken by servers that are down or talk nonsense', async () => {
        const nonsense = 'nonsense.example.com/v1';
        await register(nonsense);
        extension.serve('/openapi/v2', (_request, response) => {
            json(response, { swagger: '2.0', paths: { [`/apis/${nonsense}/x`]: 7 }, definitions: [] });
        });
        const merged = (await api.call('GET', '/openapi/v2')).json<Swagger>();
        expect(merged.paths).toHaveProperty(['/apis/apps/v1/namespaces/{namespace}/deployments']);
        const deep = 'deep.example.com/v1';
        extension.serve('/openapi/v2', (_request, response) => {
            response.end(`{"swagger":"2.0","paths":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`);
        });
        await register(deep);
        expect(await index()).toHaveProperty(['apis/apps/v1']);
        const endless = 'endless.example.com/v1';
        let isStopped = false;
        extension.serve('/openapi/v2', (_request, response) => {
            response.on('close', () => (isStopped = true));
            const chunk = Buffer.alloc(1024 * 1024, 32);
            const write = (): void => {
                while (!isStopped && response.write(chunk));
            };
            response.on('drain', write);
            write();
        });
        await register(endless);
        expect((await api.call('GET', '/openapi/v2')).status).toBe(200);
        expect(isStopped).toBe(true);

        await putEndpoints(api, { name: 'fruits', port: 1 });
        await availability(api, 'v1.modern.example.com', 'FailedDiscoveryCheck');
        // One that is known to be down is not asked at all.
        const asked = new Map(extension.asked);
        const down = await index();
        expect(down[`apis/${modern}`]?.serverRelativeURL).toContain(v3Hash);
        expect(down).toHaveProperty(['apis/apps/v1']);
        expect((await api.call('GET', `/openapi/v3/apis/${modern}`)).json()).toEqual(v3Document);
        const last = (await api.call('GET', '/openapi/v2')).json<Swagger>();
        expect(last.paths).toHaveProperty([`/apis/${modern}/things`]);
        for (const path of ['/openapi/v2', '/openapi/v3', `/openapi/v3/apis/${modern}`])
            expect(extension.asked.get(path)).toBe(asked.get(path));
        await api.call('DELETE', `${collection}/v1.modern.example.com`);
        expect(await index()).not.toHaveProperty([`apis/${modern}`]);
        const without = (await api.call('GET', '/openapi/v2')).json<Swagger>();
        expect(without.paths).not.toHaveProperty([`/apis/${modern}/things`]);
    });
});
