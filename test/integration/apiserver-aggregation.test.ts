import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { openApiRoutes } from '../../src/components/apiserver/openapi/routes.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/authority.ts';
import { put } from '../../src/store/conformance/helpers.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';

const hourMs = 3_600_000;
const validity = (fromMs = -hourMs, toMs = hourMs): { notBefore: Date; notAfter: Date } => ({
    notBefore: new Date(Date.now() + fromMs),
    notAfter: new Date(Date.now() + toMs),
});
const groupVersion = 'fruits.example.com/v1';
const path = `/apis/${groupVersion}`;
const apple = {
    apiVersion: groupVersion,
    kind: 'Apple',
    metadata: { name: 'red', namespace: 'default', resourceVersion: '1' },
};

/** A server of its own, which believes a front proxy alone. */
class ExtensionServer {
    readonly #server: https.Server;
    readonly requests: { url: string; headers: IncomingMessage['headersDistinct']; body: string }[] = [];
    /** Answers that are open. */
    readonly streams: ServerResponse[] = [];

    private constructor(server: https.Server) {
        this.#server = server;
        server.on('request', (request, response) => void this.#answer(request, response));
        server.on('upgrade', (request, socket) => {
            this.#remember(request, '');
            socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
            socket.pipe(socket);
        });
    }

    static async start(tls: KeyPair, clientCa: string): Promise<ExtensionServer> {
        const server = https.createServer({
            ...tls,
            ca: clientCa,
            requestCert: true,
            rejectUnauthorized: true,
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        return new ExtensionServer(server);
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #remember(request: IncomingMessage, body: string): void {
        this.requests.push({ url: request.url ?? '', headers: request.headersDistinct, body });
    }

    async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        this.#remember(request, body);
        const url = new URL(request.url ?? '', 'https://x');
        const json = (value: object, status = 200): void => {
            response.writeHead(status, { 'content-type': 'application/json' });
            response.end(JSON.stringify(value));
        };
        if (url.pathname === path) {
            const resource = {
                name: 'apples',
                singularName: 'apple',
                namespaced: true,
                kind: 'Apple',
                verbs: ['get', 'list', 'watch', 'create'],
                shortNames: ['ap'],
            };
            json({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [resource] });
        } else if (url.pathname === `${path}/elsewhere`) {
            response.writeHead(302, { location: 'http://127.0.0.1/secret' });
            response.end('moved');
        } else if (url.searchParams.get('watch') !== null) {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.write(`${JSON.stringify({ type: 'ADDED', object: apple })}\n`);
            this.streams.push(response);
        } else if (request.method === 'POST') {
            json({ ...apple, received: body }, 201);
        } else if (url.pathname.endsWith('/apples')) {
            json({ kind: 'AppleList', apiVersion: groupVersion, metadata: {}, items: [apple] });
        } else if (url.pathname.endsWith('/red')) json(apple);
        else json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }, 404);
    }
}

describe('an extension API server behind an APIService', () => {
    let extension: ExtensionServer;
    let server: ApiServerFixture;
    let serving: KeyPair;
    let frontProxyCa: KeyPair;
    let proxyCertificate: KeyPair;

    const apiService = (spec: object): object => ({
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1.fruits.example.com' },
        spec: {
            group: 'fruits.example.com',
            version: 'v1',
            groupPriorityMinimum: 100,
            versionPriority: 10,
            service: { namespace: 'default', name: 'fruits' },
            ...spec,
        },
    });
    const bundle = (ca: KeyPair): object => ({ caBundle: Buffer.from(ca.cert).toString('base64') });
    const register = async (on: ApiServerFixture, spec: object): Promise<void> => {
        const collection = '/apis/apiregistration.k8s.io/v1/apiservices';
        await on.call('DELETE', `${collection}/v1.fruits.example.com`);
        const { status, text } = await on.call('POST', collection, { body: apiService(spec) });
        expect({ status, text: status === 201 ? '' : text }).toEqual({ status: 201, text: '' });
    };
    const start = async (certificate: KeyPair): Promise<ApiServerFixture> => {
        const started = await ApiServerFixture.start({
            frontProxy: certificate,
            extensions: { routes: openApiRoutes() },
        });
        await started.call('POST', '/api/v1/namespaces', {
            body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
        });
        const service = await started.call('POST', '/api/v1/namespaces/default/services', {
            body: {
                apiVersion: 'v1',
                kind: 'Service',
                metadata: { name: 'fruits' },
                spec: { clusterIP: 'None', ports: [{ port: 443 }] },
            },
        });
        expect(service.status).toBe(201);
        // The API does not take loopback addresses as endpoints.
        const slice = {
            kind: 'EndpointSlice',
            apiVersion: 'discovery.k8s.io/v1',
            metadata: {
                name: 'fruits',
                namespace: 'default',
                labels: { 'kubernetes.io/service-name': 'fruits' },
            },
            addressType: 'IPv4',
            endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
            ports: [{ name: '', port: extension.port, protocol: 'TCP' }],
        };
        await put(started.store, '/registry/endpointslices/default/fruits', JSON.stringify(slice));
        await register(started, bundle(serving));
        return started;
    };
    const client = async (ca: KeyPair, from?: number, to?: number): Promise<KeyPair> =>
        await issueCertificate(ca, {
            commonName: 'front-proxy-client',
            usages: ['client'],
            validity: validity(from, to),
        });
    const last = (): ExtensionServer['requests'][number] => {
        const request = extension.requests.at(-1);
        if (request === undefined) throw new Error('no request has arrived');
        return request;
    };

    beforeAll(async () => {
        serving = await createAuthority('serving-ca', validity());
        frontProxyCa = await createAuthority('front-proxy-ca', validity(-10 * hourMs, hourMs));
        const tls = await issueCertificate(serving, {
            commonName: 'fruits',
            usages: ['server'],
            dnsNames: ['fruits.default.svc'],
            validity: validity(),
        });
        extension = await ExtensionServer.start(tls, frontProxyCa.cert);
        proxyCertificate = await client(frontProxyCa);
        server = await start(proxyCertificate);
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
        const stream = extension.streams.at(-1)!;
        const gone = new Promise((resolve) => stream.once('close', resolve));
        stream.write(`${JSON.stringify({ type: 'MODIFIED', object: apple })}\n`);
        expect((await watch.next())?.type).toBe('MODIFIED');
        watch.close();
        await gone;
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

    it('cannot send clients elsewhere', async () => {
        const { status, text, headers } = await server.call('GET', `${path}/elsewhere`);
        expect({ status, text }).toEqual({
            status: 502,
            text: 'the backend attempted to redirect this request, which is not permitted\n',
        });
        expect(headers).not.toHaveProperty('location');
    });

    it('has to prove that it is the Service, unless nobody wants to know', async () => {
        await register(server, bundle(frontProxyCa));
        const refused = await server.call('GET', `${path}/apples`);
        expect(refused.status).toBe(503);
        expect(refused.text).toContain('error trying to reach service:');
        expect(extension.requests).toHaveLength(0);
        await register(server, { insecureSkipTLSVerify: true });
        expect((await server.call('GET', `${path}/apples`)).status).toBe(200);
        await register(server, bundle(serving));
    });

    it('answers 503 while its Service is not there, and nothing else suffers', async () => {
        await register(server, { ...bundle(serving), service: { namespace: 'default', name: 'none' } });
        const answer = await server.call('GET', `${path}/apples`);
        expect({ status: answer.status, body: answer.json() }).toMatchObject({
            status: 503,
            body: { message: 'service unavailable' },
        });
        expect((await server.kubectl('get', 'services', '-A')).code).toBe(0);
        await register(server, bundle(serving));
    });

    it('does not replace what is served here', async () => {
        const body = {
            ...apiService({ group: 'apps', ...bundle(serving) }),
            metadata: { name: 'v1.apps' },
        };
        await server.call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { body });
        const { status, text } = await server.call('GET', '/apis/apps/v1/deployments');
        expect(status).toBe(200);
        expect(text).toContain('DeploymentList');
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
        const body = apiService(spec);
        const answer = await server.call('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { body });
        expect(answer.status).toBe(422);
        expect(answer.json()).toMatchObject({ message: expect.stringContaining(message) as unknown });
    });

    it('refuses a front proxy whose certificate has expired', async () => {
        const expired = await start(await client(frontProxyCa, -9 * hourMs, -8 * hourMs));
        try {
            const { status, text } = await expired.call('GET', `${path}/apples`);
            expect(status).toBe(503);
            expect(text).toContain('error trying to reach service:');
            expect(extension.requests).toHaveLength(0);
        } finally {
            await expired.stop();
        }
    }, 30_000);
});
