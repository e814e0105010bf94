import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { V1APIService, V1APIServiceCondition } from '../../../src/api/meta/object.ts';
import { apiServices } from '../../../src/components/apiserver/aggregation/resources.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/authority.ts';
import { put } from '../../../src/store/conformance/helpers.ts';
import type { ApiServerFixture } from '../apiserver/fixture.ts';

export interface ReceivedRequest {
    method: string;
    url: string;
    headers: IncomingMessage['headersDistinct'];
    body: string;
}

const hourMs = 3_600_000;

export function validity(fromMs = -hourMs, toMs = hourMs): { notBefore: Date; notAfter: Date } {
    return { notBefore: new Date(Date.now() + fromMs), notAfter: new Date(Date.now() + toMs) };
}

/** Certificates of the extension server's Service "fruits" in "default", and of front proxies. */
export interface ExtensionKeys {
    serving: KeyPair;
    tls: KeyPair;
    frontProxyCa: KeyPair;
    proxy: KeyPair;
}

export async function extensionKeys(): Promise<ExtensionKeys> {
    const serving = await createAuthority('serving-ca', validity());
    const frontProxyCa = await createAuthority('front-proxy-ca', validity(-10 * hourMs, hourMs));
    const tls = await issueCertificate(serving, {
        commonName: 'fruits',
        usages: ['server'],
        dnsNames: ['fruits.default.svc'],
        validity: validity(),
    });
    return { serving, tls, frontProxyCa, proxy: await frontProxyClient(frontProxyCa) };
}

export async function frontProxyClient(ca: KeyPair, from?: number, to?: number): Promise<KeyPair> {
    return await issueCertificate(ca, {
        commonName: 'front-proxy-client',
        usages: ['client'],
        validity: validity(from, to),
    });
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server of its own, which believes a front proxy alone. Group versions and paths are given to it. */
export class ExtensionServer {
    readonly #server: https.Server;
    readonly #answers = new Map<string, Answer>();
    /** Without the checks of whether it is there. */
    readonly requests: ReceivedRequest[] = [];
    /** Questions of the API server itself, by path. */
    readonly asked = new Map<string, number>();
    /** Answers every question of discovery with an error. */
    isBroken = false;
    #upgraded: (head: string) => string = () =>
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

    private constructor(server: https.Server) {
        this.#server = server;
        server.on('request', (request, response) => void this.#answer(request, response));
        server.on('upgrade', (request, socket) => {
            this.#remember(request, '');
            socket.on('error', () => socket.destroy());
            socket.write(this.#upgraded(request.url ?? ''));
            socket.pipe(socket);
        });
    }

    static async start({ tls, frontProxyCa }: ExtensionKeys): Promise<ExtensionServer> {
        const options = { ...tls, ca: frontProxyCa.cert, requestCert: true, rejectUnauthorized: true };
        const server = https.createServer(options);
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return new ExtensionServer(server);
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** What GET of the path answers; text is sent as it is. */
    serve(path: string, value: object | Answer): void {
        this.#answers.set(
            path,
            typeof value === 'function'
                ? (value as Answer)
                : (_request, response) => {
                      json(response, value);
                  },
        );
    }

    /** Discovery of a group version with these resources. */
    serveGroupVersion(groupVersion: string, resources: readonly object[]): void {
        const document = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
        this.serve(`/apis/${groupVersion}`, document);
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #remember(request: IncomingMessage, body: string): void {
        const { url = '', method = '', headersDistinct: headers } = request;
        if (headers['x-remote-user']?.[0] === 'system:kube-aggregator') {
            this.asked.set(url, (this.asked.get(url) ?? 0) + 1);
        } else this.requests.push({ method, url, headers, body });
    }

    async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        this.#remember(request, body);
        const { pathname } = new URL(request.url ?? '', 'https://x');
        const answer = this.#answers.get(pathname);
        if (this.isBroken) json(response, {}, 500);
        else if (answer !== undefined) answer(request, response, body);
        else json(response, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }, 404);
    }
}

export function json(response: ServerResponse, value: object, status = 200): void {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
}

/** Namespace, Service and endpoints of the extension server. */
export async function serveExtension(api: ApiServerFixture, port: number, name = 'fruits'): Promise<void> {
    await api.call('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
    });
    await api.call('POST', '/api/v1/namespaces/default/services', {
        body: {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name },
            spec: { clusterIP: 'None', ports: [{ port: 443 }] },
        },
    });
    await putEndpoints(api, { name, port });
}

/** The API does not take loopback addresses as endpoints. */
export async function putEndpoints(
    api: ApiServerFixture,
    {
        name,
        port,
        ready = true,
        portName = '',
    }: { name: string; port: number; ready?: boolean; portName?: string },
): Promise<void> {
    const slice = {
        kind: 'EndpointSlice',
        apiVersion: 'discovery.k8s.io/v1',
        metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready } }],
        ports: [{ name: portName, port, protocol: 'TCP' }],
    };
    await put(api.store, `/registry/endpointslices/default/${name}`, JSON.stringify(slice));
}

/** Resolves once the APIService's condition `Available` is as wanted; `wanted` may be its reason. */
export async function availability(
    api: ApiServerFixture,
    name: string,
    wanted: string | ((condition: V1APIServiceCondition) => boolean),
): Promise<V1APIServiceCondition> {
    const isWanted =
        typeof wanted === 'string' ? ({ reason }: V1APIServiceCondition) => reason === wanted : wanted;
    const found = (object: V1APIService | undefined): V1APIServiceCondition | undefined =>
        object?.status?.conditions?.find((one) => one.type === 'Available' && isWanted(one));
    return await new Promise((resolve) => {
        const remove = api.caches.onChange(apiServices, (object, deleted) => {
            if (object.metadata?.name !== name || deleted) return;
            done(found(object));
        });
        const done = (condition: V1APIServiceCondition | undefined): void => {
            if (condition === undefined) return;
            remove();
            resolve(condition);
        };
        done(found(api.caches.get<V1APIService>(apiServices, '', name)));
    });
}

export const bundle = (ca: KeyPair): object => ({ caBundle: Buffer.from(ca.cert).toString('base64') });

export function apiService(
    groupVersion: string,
    spec: object,
): V1APIService & { metadata: { name: string } } {
    const [group = '', version = ''] = groupVersion.split('/');
    return {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `${version}.${group}` },
        spec: {
            group,
            version,
            groupPriorityMinimum: 100,
            versionPriority: 10,
            service: { namespace: 'default', name: 'fruits' },
            ...spec,
        },
    };
}
