import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { parseYamlDocuments } from '../../src/api/schema/yaml.ts';
import {
    type ApiServerOptions,
    type AuditEvent,
    type Kubeconfig,
    startApiServer,
} from '../../src/testing/index.ts';
import type { KubernetesObject, LogEntry, TestApiServer } from '../../src/testing/index.ts';
import { eventually } from './support/api-server.ts';

interface Answer {
    status: number;
    body: {
        message?: string;
        reason?: string;
        metadata: { name?: string; uid?: string; resourceVersion?: string; deletionTimestamp?: string };
        data?: Record<string, string>;
        items: Answer['body'][];
    };
}

const widgetsFile = fileURLToPath(new URL('./library/widgets.yaml', import.meta.url));
const configMaps = '/api/v1/namespaces/default/configmaps';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** One request with what the kubeconfig says, on a connection of its own. */
async function call(as: Kubeconfig, request: string, body?: object): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const { cluster } = as.object.clusters[0]!;
    const options: https.RequestOptions = {
        method,
        agent: false,
        ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
        cert: as.certificate,
        key: as.key,
        headers: { 'content-type': 'application/json' },
    };
    return await new Promise((resolve, reject) => {
        const sent = https.request(`${cluster.server}${path}`, options, (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
                const text = Buffer.concat(chunks).toString();
                resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] });
            });
        });
        sent.on('error', reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

const configMap = (name: string, more: object = {}): object => ({
    metadata: { name, ...more },
    data: { a: '1' },
});

const nameOf = (object: unknown): string | undefined =>
    (object as KubernetesObject | undefined)?.metadata?.name;

describe('an API server inside a test process', () => {
    let server: TestApiServer;
    let other: TestApiServer;
    const audited: AuditEvent[] = [];
    const logged: LogEntry[] = [];

    beforeAll(async () => {
        server = await startApiServer({
            crds: widgetsFile,
            objects: [
                { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
                {
                    apiVersion: 'v1',
                    kind: 'ConfigMap',
                    metadata: { name: 'prices', namespace: 'shop' },
                    data: { tea: '2' },
                },
                {
                    apiVersion: 'example.com/v1',
                    kind: 'Widget',
                    metadata: { name: 'first' },
                    spec: { size: 1 },
                },
            ],
            audit: (event) => audited.push(event),
            log: (entry) => logged.push(entry),
        });
        other = await startApiServer({ controllers: ['namespace-controller'] });
    });

    afterAll(async () => {
        await other.close();
        await server.close();
    });

    it('has system namespaces and the bootstrap roles, and serves definitions and objects from the start', async () => {
        const namespaces = await call(server.kubeconfig, 'GET /api/v1/namespaces');
        expect(namespaces.body.items.map(({ metadata }) => metadata.name)).toEqual([
            'default',
            'kube-node-lease',
            'kube-public',
            'kube-system',
            'shop',
        ]);
        const role = await call(
            server.kubeconfig,
            'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin',
        );
        expect(role.status).toBe(200);
        const prices = await call(server.kubeconfig, 'GET /api/v1/namespaces/shop/configmaps/prices');
        expect(prices.body.data).toEqual({ tea: '2' });
        expect((await call(server.kubeconfig, `GET ${widgets}/first`)).status).toBe(200);
        const beside = await call(server.kubeconfig, `GET ${configMaps}/beside-the-definition`);
        expect(beside.status).toBe(404);
    });

    it('refuses what the schema of a definition does not allow', async () => {
        const { status, body } = await call(server.kubeconfig, `POST ${widgets}`, {
            apiVersion: 'example.com/v1',
            kind: 'Widget',
            metadata: { name: 'large' },
            spec: { size: 11 },
        });
        expect(status).toBe(422);
        expect(body.message).toContain(
            'spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10',
        );
    });

    it('is one of several servers in a process, each with objects and an authority of its own', async () => {
        expect(other.url).not.toBe(server.url);
        expect(other.ca).not.toBe(server.ca);
        expect((await call(other.kubeconfig, 'GET /api/v1/namespaces/shop')).status).toBe(404);
        const stranger = {
            ...server.kubeconfig,
            certificate: other.kubeconfig.certificate,
            key: other.kubeconfig.key,
        };
        expect((await call(stranger, 'GET /api/v1/namespaces')).status).toBe(401);
    });

    it('lets a user do what RBAC grants to name and groups', async () => {
        const jane = await server.asUser({ name: 'jane', groups: ['readers'], namespace: 'shop' });
        expect(new X509Certificate(jane.certificate).subject.split('\n').sort()).toEqual([
            'CN=jane',
            'O=readers',
        ]);
        expect(jane.object.contexts[0]?.context.namespace).toBe('shop');
        const before = await call(jane, 'GET /api/v1/namespaces/shop/configmaps');
        expect(before.body.message).toBe(
            'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "shop"',
        );
        await call(
            server.kubeconfig,
            'POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings',
            {
                metadata: { name: 'readers' },
                roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
                subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
            },
        );
        expect((await call(jane, 'GET /api/v1/namespaces/shop/configmaps')).status).toBe(200);
        expect((await call(jane, 'GET /api/v1/namespaces/default/configmaps')).status).toBe(403);
    });

    it('creates pods without service accounts, as long as nothing makes those', async () => {
        const { status, body } = await call(server.kubeconfig, 'POST /api/v1/namespaces/default/pods', {
            metadata: { name: 'one' },
            spec: { containers: [{ name: 'main', image: 'busybox' }] },
        });
        expect({ status, message: body.message }).toEqual({ status: 201, message: undefined });
    });

    it('serves definitions that are installed later, and new versions of them', async () => {
        const [definition] = parseYamlDocuments(readFileSync(widgetsFile, 'utf8')) as [KubernetesObject];
        await other.installCrds(definition);
        const body = {
            apiVersion: 'example.com/v1',
            kind: 'Widget',
            metadata: { name: 'a' },
            spec: { size: 20 },
        };
        expect((await call(other.kubeconfig, `POST ${widgets}`, body)).status).toBe(422);
        const text = JSON.stringify(definition).replace('"maximum":10', '"maximum":20');
        await other.installCrds(JSON.parse(text) as KubernetesObject);
        expect((await call(other.kubeconfig, `POST ${widgets}`, body)).status).toBe(201);
    });

    it('runs the controllers that it is asked to run', async () => {
        await call(other.kubeconfig, 'POST /api/v1/namespaces', { metadata: { name: 'passing' } });
        await call(other.kubeconfig, 'POST /api/v1/namespaces/passing/configmaps', configMap('a'));
        await call(other.kubeconfig, 'DELETE /api/v1/namespaces/passing');
        await eventually('the namespace is gone', async () => {
            return (await call(other.kubeconfig, 'GET /api/v1/namespaces/passing')).status === 404;
        });
    });

    it('tells of requests, with their bodies, and of what it does itself', async () => {
        await call(server.kubeconfig, `POST ${configMaps}`, configMap('audited'));
        const event = audited.find(
            ({ verb, requestObject }) => verb === 'create' && nameOf(requestObject) === 'audited',
        );
        expect(event).toMatchObject({
            verb: 'create',
            stage: 'ResponseComplete',
            user: { username: 'kubernetes-admin' },
            responseStatus: { code: 201 },
            requestObject: { data: { a: '1' } },
        });
        expect(audited.some(({ user }) => user.username === 'system:apiserver')).toBe(false);
        expect(logged.map(({ msg }) => msg)).toContain('serving the API');
    });

    it('tells of itself in metrics, also while nobody has asked for a custom resource', async () => {
        await other.installCrds(widgetsFile);
        const agent = new https.Agent({
            ca: other.ca,
            cert: other.kubeconfig.certificate,
            key: other.kubeconfig.key,
        });
        const metrics = await new Promise<string>((resolve, reject) => {
            https
                .get(`${other.url}/metrics`, { agent }, (response) => {
                    response.setEncoding('utf8');
                    response.toArray().then((chunks) => {
                        resolve(`${response.statusCode ?? 0}\n${chunks.join('')}`);
                    }, reject);
                })
                .on('error', reject);
        });
        agent.destroy();
        expect(metrics).toMatch(/^200\n/);
        expect(metrics).toMatch(
            /^kube_apiserver_clusterip_allocator_available_ips\{cidr="[\d./]+"\} [1-9]\d*$/m,
        );
        expect(metrics).toMatch(/^kube_apiserver_nodeport_allocator_available_ports 2768$/m);
    });

    describe('reset', () => {
        it('takes away what was created, whatever its finalizers', async () => {
            const finalizers = { finalizers: ['example.com/never'] };
            await call(server.kubeconfig, `POST ${configMaps}`, configMap('held', finalizers));
            await call(server.kubeconfig, `DELETE ${configMaps}/held`);
            await call(server.kubeconfig, 'POST /api/v1/namespaces', { metadata: { name: 'made' } });
            await call(server.kubeconfig, 'POST /api/v1/namespaces/made/configmaps', configMap('inside'));
            const held = await call(server.kubeconfig, `GET ${configMaps}/held`);
            expect(held.body.metadata.deletionTimestamp).toBeDefined();
            await server.reset();
            for (const path of [
                `${configMaps}/held`,
                '/api/v1/namespaces/made',
                '/api/v1/namespaces/made/configmaps/inside',
                '/api/v1/namespaces/default/pods/one',
            ])
                expect((await call(server.kubeconfig, `GET ${path}`)).status).toBe(404);
        });

        it('restores what was changed and what was deleted', async () => {
            const prices = '/api/v1/namespaces/shop/configmaps/prices';
            const { uid } = (await call(server.kubeconfig, `GET ${prices}`)).body.metadata;
            await call(server.kubeconfig, `PUT ${prices}`, {
                metadata: { name: 'prices' },
                data: { tea: '9' },
            });
            await call(server.kubeconfig, `DELETE ${widgets}/first`);
            const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/view';
            await call(server.kubeconfig, `DELETE ${role}`);
            await server.reset();
            const after = await call(server.kubeconfig, `GET ${prices}`);
            expect(after.body).toMatchObject({ metadata: { uid }, data: { tea: '2' } });
            expect((await call(server.kubeconfig, `GET ${widgets}/first`)).status).toBe(200);
            expect((await call(server.kubeconfig, `GET ${role}`)).status).toBe(200);
        });

        it('serves definitions of the start again, and no others', async () => {
            const text = readFileSync(widgetsFile, 'utf8')
                .replaceAll('widget', 'gadget')
                .replace('Widget', 'Gadget');
            const [gadgets] = parseYamlDocuments(text) as [object];
            expect((await call(server.kubeconfig, `POST ${definitions}`, gadgets)).status).toBe(201);
            await call(server.kubeconfig, `DELETE ${definitions}/widgets.example.com`);
            await server.reset();
            expect((await call(server.kubeconfig, `GET ${definitions}/gadgets.example.com`)).status).toBe(
                404,
            );
            expect(
                (await call(server.kubeconfig, `GET ${widgets.replace('widgets', 'gadgets')}`)).status,
            ).toBe(404);
            expect((await call(server.kubeconfig, `GET ${widgets}/first`)).status).toBe(200);
        });

        it('keeps what installCrds installed, without its objects', async () => {
            await other.reset();
            const { status, body } = await call(other.kubeconfig, `GET ${widgets}`);
            expect({ status, items: body.items }).toEqual({ status: 200, items: [] });
        });

        it('tells watches of what it takes away', async () => {
            await call(server.kubeconfig, `POST ${configMaps}`, configMap('watched'));
            const { cluster } = server.kubeconfig.object.clusters[0]!;
            const seen = new Promise<string>((resolve, reject) => {
                const request = https.get(
                    `${cluster.server}${configMaps}?watch=1`,
                    {
                        agent: false,
                        ca: server.ca,
                        cert: server.kubeconfig.certificate,
                        key: server.kubeconfig.key,
                    },
                    (response) => {
                        let text = '';
                        response.on('data', (chunk: Buffer) => {
                            text += chunk.toString();
                            if (text.includes('"ADDED"') && !text.includes('"DELETED"')) void server.reset();
                            if (!text.includes('"DELETED"')) return;
                            request.destroy();
                            resolve(text);
                        });
                        response.on('error', () => undefined);
                    },
                );
                request.on('error', reject);
            });
            expect(await seen).toMatch(/"DELETED".*"watched"/);
        });
    });
});

describe('a server that is closed', () => {
    it('answers no more, says so, and may be closed again', async () => {
        const server = await startApiServer();
        await Promise.all([server.close(), server.close()]);
        await expect(call(server.kubeconfig, 'GET /api/v1/namespaces')).rejects.toThrow('ECONNREFUSED');
        await expect(server.reset()).rejects.toThrow('this API server is closed');
        await expect(server.asUser({ name: 'a' })).rejects.toThrow('this API server is closed');
        await server[Symbol.asyncDispose]();
    });
});

describe('options that cannot be used', () => {
    it.each<[string, unknown, string]>([
        ['a name that is none', { crd: [] }, 'unknown option crd; there are crds, objects, controllers'],
        ['no object', 'fast', 'options: expected an object, not "fast"'],
        ['a port out of range', { port: 70_000 }, 'port: expected a whole number from 0 to 65535, not 70000'],
        [
            'a network that is none',
            { serviceClusterIpRange: '10.96.0.0' },
            'expected an IPv4 network such as',
        ],
        ['a source that is none', { crds: [5] }, 'crds[0]: expected a path, a file: URL or an object, not 5'],
        [
            'a file that is not there',
            { crds: './nowhere.yaml' },
            `crds: cannot read ./nowhere.yaml in ${process.cwd()}`,
        ],
        ['an address that is no file', { crds: new URL('http://a/') }, 'http://a/ is no file: URL'],
        [
            'an object without a kind',
            { objects: [{ apiVersion: 'v1' }] },
            'objects[0]: an object needs apiVersion and kind',
        ],
        [
            'definitions without one',
            { crds: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } } },
            'crds: there is no CustomResourceDefinition among the objects',
        ],
        [
            'a controller that is none',
            { controllers: ['namespaces'] },
            '"namespaces" is not in the list of known controllers',
        ],
        [
            'a plugin that is none',
            { admissionPlugins: { enable: ['Pods'] } },
            'admissionPlugins.enable[0]: expected one of',
        ],
        [
            'a plugin both on and off',
            { admissionPlugins: { enable: ['Priority'], disable: ['Priority'] } },
            'Priority is both enabled and disabled',
        ],
        ['a callback that is none', { audit: 'yes' }, 'audit: expected a function, not "yes"'],
        [
            'a level that is none',
            { logLevel: 'loud' },
            'logLevel: expected one of trace, debug, info, warn, error',
        ],
    ])('%s', async (_what, options, message) => {
        const started = startApiServer(options as ApiServerOptions);
        await expect(started).rejects.toThrow(message);
        await expect(started).rejects.toThrow(TypeError);
    });

    it('names the object that the server refuses, with its words', async () => {
        const objects = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not-a-name' } }];
        await expect(startApiServer({ objects })).rejects.toThrow(
            'objects[0]: v1 ConfigMap Not-a-name: ConfigMap "Not-a-name" is invalid: metadata.name',
        );
        const unknown = [{ apiVersion: 'example.com/v1', kind: 'Nothing', metadata: { name: 'a' } }];
        await expect(startApiServer({ objects: unknown })).rejects.toThrow(
            'objects[0]: example.com/v1 Nothing a: the server does not serve this kind in this version',
        );
    });

    it('a port that is taken', async () => {
        const server = await startApiServer();
        try {
            await expect(startApiServer({ port: Number(new URL(server.url).port) })).rejects.toThrow(
                'EADDRINUSE',
            );
        } finally {
            await server.close();
        }
    });
});
