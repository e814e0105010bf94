import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueCertificate } from '../../src/pki/authority.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const group = 'stable.example.com';
const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const pathOf = (version: string): string => `/apis/${group}/${version}/namespaces/default/hosts`;

interface Host {
    apiVersion: string;
    metadata: { name: string; uid?: string };
    hostPort?: string;
    host?: string;
    port?: string;
}

/** v1 has "host:port" in one field, v2 in two. */
function convert(object: Host, apiVersion: string): Host {
    const { hostPort, host = '', port = '', ...rest } = object;
    if (object.apiVersion === apiVersion) return object;
    const [first = '', second = ''] = (hostPort ?? '').split(':');
    return apiVersion.endsWith('/v2')
        ? { ...rest, apiVersion, host: first, port: second }
        : { ...rest, apiVersion, hostPort: `${host}:${port}` };
}

interface Review {
    request: { uid: string; desiredAPIVersion: string; objects: Host[] };
}

describe('conversion by a webhook', () => {
    let server: ApiServerFixture;
    let webhook: Server;
    let mangle: (objects: Host[]) => Host[] = (objects) => objects;
    let reviews = 0;
    const calls: string[] = [];
    let createService: () => Promise<number>;

    beforeAll(async () => {
        const hourMs = 3_600_000;
        const validity = {
            notBefore: new Date(Date.now() - hourMs),
            notAfter: new Date(Date.now() + hourMs),
        };
        const authority = await createAuthority('webhook-ca', validity);
        const tls = await issueCertificate(authority, {
            commonName: 'webhook',
            usages: ['server'],
            dnsNames: ['convert.default.svc'],
            validity,
        });
        webhook = createServer(tls, (request, response) => {
            const chunks: Buffer[] = [];
            request.on('data', (chunk: Buffer) => chunks.push(chunk));
            request.on('end', () => {
                reviews++;
                calls.push(`${request.headers.host} ${request.url}`);
                const { request: asked } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
                const converted = asked.objects.map((object) => convert(object, asked.desiredAPIVersion));
                response.setHeader('content-type', 'application/json');
                response.end(
                    JSON.stringify({
                        kind: 'ConversionReview',
                        apiVersion: 'apiextensions.k8s.io/v1',
                        response: {
                            uid: asked.uid,
                            result: { status: 'Success' },
                            convertedObjects: mangle(converted),
                        },
                    }),
                );
            });
        });
        await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
        const { port } = webhook.address() as AddressInfo;
        server = await ApiServerFixture.start({ customResources: {} });
        await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
        const spec = { clusterIP: '127.0.0.1', clusterIPs: ['127.0.0.1'], ports: [{ port }] };
        createService = async () =>
            (
                await server.call('POST', '/api/v1/namespaces/default/services', {
                    body: { metadata: { name: 'convert' }, spec },
                })
            ).status;
        const text = { type: 'string' };
        const version = (name: string, properties: object, fields: object) => ({
            name,
            served: true,
            schema: { openAPIV3Schema: { type: 'object', properties } },
            ...fields,
        });
        const created = await server.call('POST', definitionsPath, {
            body: {
                metadata: { name: `hosts.${group}` },
                spec: {
                    group,
                    scope: 'Namespaced',
                    names: { plural: 'hosts', kind: 'Host' },
                    versions: [
                        version('v1', { hostPort: text }, { storage: true }),
                        version(
                            'v2',
                            { host: text, port: text },
                            {
                                storage: false,
                                selectableFields: [{ jsonPath: '.host' }],
                                deprecated: true,
                                deprecationWarning: 'hosts of v2 go away',
                            },
                        ),
                    ],
                    conversion: {
                        strategy: 'Webhook',
                        webhook: {
                            conversionReviewVersions: ['v1', 'v1beta1'],
                            clientConfig: {
                                service: { namespace: 'default', name: 'convert', port, path: '/convert' },
                                caBundle: Buffer.from(authority.cert).toString('base64'),
                            },
                        },
                    },
                },
            },
        });
        expect([created.status, created.text]).toEqual([201, expect.anything()]);
        while ((await server.call('GET', pathOf('v1'))).status !== 200)
            await new Promise((resolve) => setTimeout(resolve, 10));
    });
    afterAll(async () => {
        webhook.closeAllConnections();
        await new Promise((resolve) => webhook.close(resolve));
        await server.stop();
    });

    const post = async (version: string, name: string, fields: object) =>
        await server.call('POST', pathOf(version), {
            body: { apiVersion: `${group}/${version}`, kind: 'Host', metadata: { name }, ...fields },
        });

    it('fails in upstream’s words, counted, while the Service of the webhook is not there', async () => {
        expect((await post('v1', 'early', { hostPort: 'a:80' })).status).toBe(201);
        const { status, text } = await server.call('GET', `${pathOf('v2')}/early`);
        expect(status).toBe(500);
        expect(JSON.parse(text)).toMatchObject({
            reason: 'InternalError',
            message: expect.stringMatching(
                /conversion webhook for stable\.example\.com\/v1, Kind=Host failed: Post "https:\/\/convert\.default\.svc:\d+\/convert\?timeout=30s": service "convert" not found$/,
            ),
        });
        const { text: metrics } = await server.call('GET', '/metrics');
        expect(metrics).toMatch(
            /^apiserver_conversion_webhook_request_total\{failure_type="conversion_call_failure",result="failure"\} [1-9]/m,
        );
        expect(await createService()).toBe(201);
        expect((await server.call('GET', `${pathOf('v2')}/early`)).status).toBe(200);
        expect(calls.at(-1)).toMatch(/^convert\.default\.svc:\d+ \/convert\?timeout=30s$/);
        await server.call('DELETE', `${pathOf('v1')}/early`);
    });

    it.each([
        ['GET', 'hosts'],
        ['GET', 'hosts/nobody'],
        ['POST', 'hosts'],
        ['DELETE', 'hosts/nobody'],
    ])('warns of a deprecated version with every answer: %s %s', async (method, path) => {
        const at = (version: string): string => `/apis/${group}/${version}/namespaces/default/${path}`;
        const [old, current] = await Promise.all([
            server.call(method, at('v2'), method === 'POST' ? { body: {} } : {}),
            server.call(method, at('v1'), method === 'POST' ? { body: {} } : {}),
        ]);
        expect(old.headers['warning']).toBe('299 - "hosts of v2 go away"');
        expect(current.headers).not.toHaveProperty('warning');
    });

    it('shows objects of either version in the other, in get, list and watch', async () => {
        const watch = await server.watch(`${pathOf('v2')}?watch=1&fieldSelector=host%3Da`);
        expect((await post('v1', 'one', { hostPort: 'a:80' })).status).toBe(201);
        const two = await post('v2', 'two', { host: 'b', port: '90' });
        expect(two.json<Host>()).toMatchObject({ apiVersion: `${group}/v2`, host: 'b', port: '90' });
        const stored = await server.store.range({ key: `/registry/${group}/hosts/default/two` });
        expect(JSON.parse(stored.kvs[0]!.value.toString())).toMatchObject({
            apiVersion: `${group}/v1`,
            hostPort: 'b:90',
        });
        const one = (await server.call('GET', `${pathOf('v2')}/one`)).json<Host>();
        expect(one).toMatchObject({ apiVersion: `${group}/v2`, host: 'a', port: '80' });
        const list = (await server.call('GET', pathOf('v2'))).json<{ items: Host[] }>();
        expect(list.items.map(({ host }) => host)).toEqual(['a', 'b']);
        const selected = await server.call('GET', `${pathOf('v2')}?fieldSelector=host%3Db`);
        expect(selected.json<{ items: Host[] }>().items.map(({ metadata }) => metadata.name)).toEqual([
            'two',
        ]);
        expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { host: 'a' } });
        const patched = await server.call('PATCH', `${pathOf('v2')}/two`, {
            body: { host: 'a' },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(patched.json<Host>()).toMatchObject({ host: 'a', port: '90' });
        expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'two' } } });
        watch.close();
    });

    it('asks once for an object that does not change', async () => {
        await post('v1', 'once', { hostPort: 'c:1' });
        await server.call('GET', `${pathOf('v2')}/once`);
        const before = reviews;
        await server.call('GET', `${pathOf('v2')}/once`);
        await server.call('GET', `${pathOf('v1')}/once`);
        expect(reviews).toBe(before);
    });

    it.each([
        [
            'another name',
            (host: Host) => ({ ...host, metadata: { ...host.metadata, name: 'x' } }),
            'must have the same name: bad',
        ],
        [
            'another version',
            (host: Host) => ({ ...host, apiVersion: 'v1' }),
            `invalid groupVersion (expected ${group}/v2, received v1)`,
        ],
    ])('refuses what comes back with %s', async (_what, change, message) => {
        await server.call('DELETE', `${pathOf('v1')}/bad`);
        await post('v1', 'bad', { hostPort: 'd:1' });
        mangle = (objects) => objects.map(change);
        const answer = await server.call('GET', `${pathOf('v2')}/bad`);
        mangle = (objects) => objects;
        expect([answer.status, answer.json<{ message: string }>().message]).toEqual([
            500,
            expect.stringMatching(/^Internal error occurred: conversion webhook for .*Kind=Host failed: /),
        ]);
        expect(answer.text).toContain(message);
        const { text } = await server.call('GET', '/metrics');
        expect(text).toContain(
            'failure_type="conversion_invalid_converted_object_failure",result="failure"}',
        );
        await server.call('DELETE', `${pathOf('v1')}/bad`);
    });
});
