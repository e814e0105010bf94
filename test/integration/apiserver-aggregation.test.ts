import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import https from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { apiServices } from '../../src/components/apiserver/aggregation/resources.ts';
import type { ApiObject } from '../../src/api/meta/object.ts';
import type { ResourceType } from '../../src/client/resource-type.ts';
import type { WatchHandler } from '../../src/client/transport.ts';
import type { KeyPair } from '../../src/pki/authority.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import {
    apiService,
    availability,
    bundle,
    type ExtensionKeys,
    extensionKeys,
    ExtensionServer,
    frontProxyClient,
    json,
    type ReceivedRequest,
    serveExtension,
} from './support/extension-server.ts';

const hourMs = 3_600_000;
const groupVersion = 'fruits.example.com/v1';
const name = 'v1.fruits.example.com';
const path = `/apis/${groupVersion}`;
const collection = '/apis/apiregistration.k8s.io/v1/apiservices';
const apple = {
    apiVersion: groupVersion,
    kind: 'Apple',
    metadata: { name: 'red', namespace: 'default', resourceVersion: '1' },
};

describe('an extension API server behind an APIService', () => {
    let extension: ExtensionServer;
    let server: ApiServerFixture;
    let keys: ExtensionKeys;
    /** Watches that are open. */
    const streams: ServerResponse[] = [];

    const register = async (on: ApiServerFixture, spec: object, reason = 'Passed'): Promise<void> => {
        await on.call('DELETE', `${collection}/${name}`);
        const { status, text } = await on.call('POST', collection, { body: apiService(groupVersion, spec) });
        expect({ status, text: status === 201 ? '' : text }).toEqual({ status: 201, text: '' });
        await availability(on, name, reason);
    };
    const start = async (frontProxy: KeyPair): Promise<ApiServerFixture> => {
        const started = await ApiServerFixture.start({ frontProxy });
        await serveExtension(started, extension.port);
        return started;
    };
    const last = (): ReceivedRequest => {
        const request = extension.requests.at(-1);
        if (request === undefined) throw new Error('no request has arrived');
        return request;
    };

    const connection = (): TLSSocket => {
        const { port } = server.server.address;
        return connect({ host: '127.0.0.1', port, ca: server.certificateAuthority, ...server.admin });
    };
    /** What the server answers to these bytes on a connection of the admin's. */
    const raw = async (bytes: string): Promise<string> => {
        const socket = connection();
        let answer = '';
        socket.setEncoding('utf8');
        socket.on('data', (chunk: string) => (answer += chunk));
        socket.on('error', () => undefined);
        socket.write(bytes);
        await once(socket, 'close');
        return answer;
    };

    beforeAll(async () => {
        keys = await extensionKeys();
        extension = await ExtensionServer.start(keys);
        extension.serveGroupVersion(groupVersion, [
            {
                name: 'apples',
                singularName: 'apple',
                namespaced: true,
                kind: 'Apple',
                verbs: ['get', 'list', 'watch', 'create'],
                shortNames: ['ap'],
            },
        ]);
        const list = { kind: 'AppleList', apiVersion: groupVersion, metadata: {}, items: [apple] };
        extension.serve(`${path}/apples`, (request, response) => {
            if (!/watch=/.test(request.url ?? '')) {
                json(response, list);
                return;
            }
            response.writeHead(200, { 'content-type': 'application/json' });
            response.write(`${JSON.stringify({ type: 'ADDED', object: apple })}\n`);
            streams.push(response);
        });
        extension.serve(`${path}/namespaces/default/apples`, (request, response, body) => {
            if (request.method === 'POST') json(response, { ...apple, received: body }, 201);
            else json(response, list);
        });
        extension.serve(`${path}/namespaces/default/apples/red`, apple);
        extension.serve(`${path}/elsewhere`, (_request, response) => {
            response.writeHead(302, { location: 'http://127.0.0.1/secret' });
            response.end('moved');
        });
        server = await start(keys.proxy);
        await register(server, bundle(keys.serving));
    }, 60_000);
    afterAll(async () => {
        await server.stop();
        await extension.stop();
    });
    beforeEach(() => {
        extension.requests.length = 0;
    });

    it('is read by kubectl, which finds its resources', async () => {
        const listed = await server.kubectl('get', 'apples', '-o', 'name');
        expect({ ...listed, stderr: '' }).toEqual({
            code: 0,
            stdout: 'apple.fruits.example.com/red\n',
            stderr: '',
        });
        const resources = await server.kubectl('api-resources', '--api-group=fruits.example.com');
        expect(resources.stdout).toMatch(/apples +ap +fruits\.example\.com\/v1 +true +Apple/);
        expect((await server.kubectl('api-versions')).stdout).toContain(groupVersion);
        const group = await server.call('GET', '/apis/fruits.example.com');
        expect(group.json()).toMatchObject({
            kind: 'APIGroup',
            preferredVersion: { groupVersion, version: 'v1' },
        });
    });

    it('is told who asks, and nothing that the client made up', async () => {
        await server.call('GET', `${path}/namespaces/default/apples?limit=5&fieldSelector=a%3Db`, {
            headers: {
                'X-Remote-User': 'root',
                'X-Remote-Group': 'system:masters',
                'X-Remote-Extra-Scopes': 'all',
                'X-Remote-Uid': '0',
                X_Remote_User: 'root',
                Connection: 'X-Remote-User, X-Remote-Group',
                Authorization: 'Bearer of-the-client',
                'X-Forwarded-For': '10.0.0.1',
                'X-Mine': 'kept',
            },
            as: await server.user('jane', ['system:masters', 'dev']),
        });
        const { url, headers } = last();
        expect(url).toBe(`${path}/namespaces/default/apples?limit=5&fieldSelector=a%3Db`);
        expect(headers).toMatchObject({
            'x-remote-user': ['jane'],
            'x-remote-group': ['system:masters', 'dev', 'system:authenticated'],
            'x-mine': ['kept'],
            host: ['fruits.default.svc'],
        });
        for (const name of ['x-remote-uid', 'x-remote-extra-scopes', 'x_remote_user', 'authorization']) {
            expect(headers).not.toHaveProperty([name]);
        }
        expect(headers['connection']?.join()).not.toMatch(/remote/i);
        const impersonated = {
            'Impersonate-User': 'bob',
            'Impersonate-Group': 'system:masters',
            'Impersonate-Extra-Two%20words': 'a',
        };
        await server.call('GET', `${path}/namespaces/default/apples/red`, { headers: impersonated });
        expect(last().headers).toMatchObject({
            'x-remote-user': ['bob'],
            'x-remote-extra-two%20words': ['a'],
        });
        expect(last().headers).not.toHaveProperty(['impersonate-user']);
    });

    it('gets no header under which it might believe somebody, nor one that is for this server alone', async () => {
        const made = [
            'x-ReMoTe-User: root',
            'X-REMOTE-GROUP: system:masters',
            'X_Remote-Group: system:masters',
            'X-Remote-Uid: 0',
            'x_remote_uid: 0',
            'X-Remote-Extra-Scopes.Example: all',
            // Names that this server was told to believe besides.
            'X-Other-Group: system:masters',
            'x_other_group: system:masters',
            'X-Other-Extra-Scopes: all',
            'Authorization: Bearer of-the-client',
            'Impersonate-User: bob',
            'Impersonate-Group: system:masters',
            'Connection: X-Secret, X-Mine',
            'Connection: close',
            'X-Secret: for this hop',
            'Proxy-Authorization: Basic abc',
            'Expect: 100-continue',
            'TE: trailers',
        ];
        const request = `GET ${path}/namespaces/default/apples HTTP/1.1\r\nHost: a\r\n${made.join('\r\n')}\r\n\r\n`;
        expect(await raw(request)).toMatch(/HTTP\/1.1 200 OK/);
        const { headers } = last();
        expect(Object.keys(headers).sort()).toEqual([
            'audit-id',
            'connection',
            'host',
            'via',
            'x-forwarded-for',
            'x-remote-group',
            'x-remote-user',
        ]);
        expect(headers['x-remote-user']).toEqual(['bob']);
        expect(headers['x-remote-group']).toEqual(['system:masters', 'system:authenticated']);
        expect(headers['connection']).toEqual(['close']);
    });

    it('gets the body that this server read, whatever the client says of its framing', async () => {
        const post = (framing: string, body: string): string =>
            `POST ${path}/namespaces/default/apples HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
            `Content-Type: application/json\r\n${framing}\r\n\r\n${body}`;
        const smuggled = `GET ${path}/namespaces/default/apples/red HTTP/1.1\r\nHost: a\r\n\r\n`;
        const chunked = `2\r\n{}\r\n0\r\n\r\n`;
        const refused = [
            post('Content-Length: 4\r\nTransfer-Encoding: chunked', chunked + smuggled),
            post('Transfer-Encoding: chunked, identity', chunked + smuggled),
            post('Transfer-Encoding: xchunked', chunked + smuggled),
            post('Content-Length: 2\r\nContent-Length: 60', '{}' + smuggled),
        ];
        for (const request of refused) expect(await raw(request)).toMatch(/HTTP\/1.1 400 /);
        expect(extension.requests).toHaveLength(0);
        expect(await raw(post('Transfer-Encoding: chunked', chunked))).toMatch(/HTTP\/1.1 201 /);
        expect(extension.requests).toHaveLength(1);
        expect(last().body).toBe('{}');
    });

    it('is asked only for what the user may do', async () => {
        const { status } = await server.call('GET', `${path}/namespaces/default/apples`, {
            as: await server.user('nobody'),
        });
        expect(status).toBe(403);
        expect(extension.requests).toHaveLength(0);
    });

    it('gets bodies, and streams watches as they come', async () => {
        const posted = await server.call('POST', `${path}/namespaces/default/apples`, { body: { a: 'b' } });
        expect(posted.status).toBe(201);
        expect(last().body).toBe('{"a":"b"}');
        const watch = await server.watch(`${path}/apples?watch=1`);
        expect((await watch.next())?.type).toBe('ADDED');
        const stream = streams.at(-1)!;
        const gone = new Promise((resolve) => stream.once('close', resolve));
        stream.write(`${JSON.stringify({ type: 'MODIFIED', object: apple })}\n`);
        expect((await watch.next())?.type).toBe('MODIFIED');
        watch.close();
        await gone;
    });

    it('is watched from inside of the process, until one of the two ends it', async () => {
        const apples: ResourceType<ApiObject> = {
            group: 'fruits.example.com',
            version: 'v1',
            resource: 'apples',
            kind: 'Apple',
            namespaced: true,
        };
        const told = new EventEmitter();
        const handler: WatchHandler = {
            onEvent: ({ type, object }) => told.emit('event', type, object.metadata?.name),
            onEnd: (error) => told.emit('end', error),
        };
        const first = once(told, 'event');
        await server.client.resource(apples).watch({}, handler);
        expect(await first).toEqual(['ADDED', 'red']);
        expect(last().headers).toMatchObject({
            'x-remote-group': expect.arrayContaining(['system:masters']),
        });
        const second = once(told, 'event');
        streams.at(-1)!.write(`${JSON.stringify({ type: 'MODIFIED', object: apple })}\n`);
        expect(await second).toEqual(['MODIFIED', 'red']);
        const ended = once(told, 'end');
        streams.at(-1)!.end();
        expect(await ended).toEqual([undefined]);

        const again = once(told, 'event');
        const watch = await server.client.resource(apples).watch({}, handler);
        await again;
        const gone = once(streams.at(-1)!, 'close');
        watch.stop();
        await gone;

        const missing = server.client.resource({ ...apples, resource: 'pears' }).watch({}, handler);
        await expect(missing).rejects.toMatchObject({ code: 404 });
    });

    it('may take over connections', async () => {
        const answer = await new Promise<string>((resolve, reject) => {
            const request = https.request(`${server.url}${path}/namespaces/default/apples/red/talk`, {
                ca: server.certificateAuthority,
                ...server.admin,
                headers: { Connection: 'Upgrade, X-Remote-User', Upgrade: 'echo', 'X-Remote-User': 'root' },
            });
            request.on('upgrade', (_response, socket) => {
                socket.on('data', (chunk: Buffer) => {
                    resolve(chunk.toString());
                    socket.destroy();
                });
                socket.write('hello');
            });
            request.on('error', reject);
            request.end();
        });
        expect(answer).toBe('hello');
        expect(last().headers).toMatchObject({ 'x-remote-user': ['admin'], connection: ['Upgrade'] });
    });

    it("gets an upgrade without headers that are not the client's to send", async () => {
        const answer = await new Promise<string>((resolve) => {
            const socket = connection();
            socket.setEncoding('utf8');
            socket.on('data', (chunk: string) => {
                resolve(chunk);
                socket.destroy();
            });
            socket.write(
                `GET ${path}/namespaces/default/apples/red/talk HTTP/1.1\r\nHost: a\r\n` +
                    'Connection: Upgrade, X-Secret\r\nUpgrade: echo\r\nX-Secret: of this hop\r\n' +
                    'X_Other_Group: system:masters\r\nX_Remote_User: root\r\nAuthorization: Bearer a\r\n' +
                    'TE: trailers\r\n\r\n',
            );
        });
        expect(answer).toMatch(/^HTTP\/1.1 101 /);
        expect(Object.keys(last().headers).sort()).toEqual([
            'audit-id',
            'connection',
            'host',
            'upgrade',
            'via',
            'x-forwarded-for',
            'x-remote-extra-authentication.kubernetes.io%2fcredential-id',
            'x-remote-group',
            'x-remote-user',
        ]);
    });

    it('may not change the protocol when nobody has asked for it', async () => {
        extension.serve(`${path}/switching`, (_request, response) => {
            response.socket?.end(
                'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
            );
        });
        const { status, text } = await server.call('GET', `${path}/switching`);
        expect(status).toBe(503);
        expect(text).toContain('changed the protocol unasked');
    });

    it('cannot send clients elsewhere', async () => {
        const { status, text, headers } = await server.call('GET', `${path}/elsewhere`);
        expect({ status, text }).toEqual({
            status: 502,
            text: 'the backend attempted to redirect this request, which is not permitted\n',
        });
        expect(headers).not.toHaveProperty('location');
    });

    it('has to prove that it is the Service, unless nobody wants to know', async () => {
        await register(server, bundle(keys.frontProxyCa));
        const refused = await server.call('GET', `${path}/apples`);
        expect(refused.status).toBe(503);
        expect(refused.text).toContain('error trying to reach service:');
        expect(extension.requests).toHaveLength(0);
        await register(server, { insecureSkipTLSVerify: true });
        expect((await server.call('GET', `${path}/apples`)).status).toBe(200);
        await register(server, bundle(keys.serving));
    });

    it('answers 503 while its Service is not there, and nothing else suffers', async () => {
        const service = { namespace: 'default', name: 'none' };
        await register(server, { ...bundle(keys.serving), service }, 'ServiceNotFound');
        const { status, text, headers } = await server.call('GET', `${path}/apples`);
        expect({ status, text, type: headers['content-type'] }).toEqual({
            status: 503,
            text: 'service unavailable\n',
            type: 'text/plain; charset=utf-8',
        });
        const kubectl = await server.kubectl('get', 'apples.v1.fruits.example.com');
        expect(kubectl.stderr).toContain('the server is currently unable to handle the request');
        expect((await server.kubectl('get', 'services', '-A')).code).toBe(0);
        await register(server, bundle(keys.serving));
    });

    it('is found under the name that an ExternalName Service gives', async () => {
        await server.call('POST', '/api/v1/namespaces/default/services', {
            body: {
                apiVersion: 'v1',
                kind: 'Service',
                metadata: { name: 'outside' },
                spec: { type: 'ExternalName', externalName: 'localhost' },
            },
        });
        const service = { namespace: 'default', name: 'outside', port: extension.port };
        await register(server, { ...bundle(keys.serving), service });
        // It has to prove that it is the Service of the APIService all the same.
        const refused = await server.call('GET', `${path}/apples`);
        expect(refused.status).toBe(503);
        expect(refused.text).toContain('error trying to reach service:');
        await register(server, { insecureSkipTLSVerify: true, service });
        expect((await server.call('GET', `${path}/apples`)).status).toBe(200);
        await register(server, bundle(keys.serving));
    });

    it('is not asked again and again when the Service of an APIService leads back here', async () => {
        const self = await ApiServerFixture.start({
            frontProxy: keys.proxy,
            frontProxyCa: keys.frontProxyCa.cert,
        });
        try {
            await serveExtension(self, self.server.address.port);
            await register(self, { insecureSkipTLSVerify: true }, 'FailedDiscoveryCheck');
            const { message } = await availability(self, name, 'FailedDiscoveryCheck');
            expect(message).toMatch(
                /bad status from https:\/\/127.0.0.1:\d+\/apis\/fruits.example.com\/v1: 503/,
            );
            // Also for one that is believed to be there: it asks itself once.
            const object = await self.client.resource(apiServices).get({ name });
            const conditions = [{ type: 'Available', status: 'True', reason: 'Forced' }];
            await self.client.resource(apiServices).updateStatus({ ...object, status: { conditions } });
            const { status, text } = await self.call('GET', `${path}/apples`);
            expect({ status, text }).toEqual({ status: 503, text: 'service unavailable\n' });
        } finally {
            await self.stop();
        }
    });

    it.each([
        [
            { groupPriorityMinimum: 0 },
            'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
        ],
        [
            { versionPriority: 1001 },
            'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000',
        ],
        [{ group: 'other.example.com' }, 'must be `spec.version+"."+spec.group`: "v1.other.example.com"'],
        [
            { service: null, caBundle: 'eA==' },
            'spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle',
        ],
        [
            { caBundle: 'eA==', insecureSkipTLSVerify: true },
            'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
        ],
        [
            { service: { namespace: 'default', name: 'a', port: 0 } },
            'spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
        ],
    ])('is refused when its APIService says %j', async (spec, message) => {
        const body = apiService(groupVersion, spec);
        const answer = await server.call('POST', collection, { body });
        expect(answer.status).toBe(422);
        expect(answer.json()).toMatchObject({ message: expect.stringContaining(message) as unknown });
    });

    it('refuses a front proxy whose certificate has expired', async () => {
        const expired = await start(await frontProxyClient(keys.frontProxyCa, -9 * hourMs, -8 * hourMs));
        try {
            await register(expired, bundle(keys.serving), 'FailedDiscoveryCheck');
            expect((await expired.call('GET', `${path}/apples`)).status).toBe(503);
            expect(extension.requests).toHaveLength(0);
        } finally {
            await expired.stop();
        }
    }, 30_000);
});
