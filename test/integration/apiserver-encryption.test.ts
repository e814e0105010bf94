import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { resourceDefinitions } from '../../src/api/groups/index.ts';
import { EncryptingStore } from '../../src/components/apiserver/encryption/encrypting-store.ts';
import {
    type ResourceTransformers,
    transformersFrom,
} from '../../src/components/apiserver/encryption/resource-transformers.ts';
import { StoredResources } from '../../src/components/apiserver/encryption/stored-resources.ts';
import { openApiRoutes } from '../../src/components/apiserver/openapi/routes.ts';
import { put } from '../../src/store/conformance/helpers.ts';
import { openEtcdStore } from '../../src/store/etcd/client/open-etcd-store.ts';
import { openMemoryStore } from '../../src/store/mvcc/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { isInstalled } from '../harness/installed.ts';
import { ApiServerFixture } from './apiserver/fixture.ts';
import { EtcdProcess } from './support/etcd-process.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const keyOf = (name: string): string => `/registry/secrets/default/${name}`;
const password = Buffer.from('correct horse battery staple').toString('base64');
const secret = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    data: { password },
});

/** With one secretbox key per name, the first of which writes. */
const encrypted = async (...names: string[]): Promise<ResourceTransformers> => {
    const keys = names.map((name) => ({ name, secret: Buffer.alloc(32, name).toString('base64') }));
    return await transformersFrom(
        JSON.stringify({
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'EncryptionConfiguration',
            resources: [{ resources: ['secrets'], providers: [{ secretbox: { keys } }, { identity: {} }] }],
        }),
        '/c',
    );
};

/** The store without its end: it outlives an API server that is restarted. */
function lasting(store: Store): Store {
    return new Proxy(store, {
        get: (target, name) => {
            if (name === 'close') return () => Promise.resolve();
            const found: unknown = Reflect.get(target, name, target);
            return typeof found === 'function' ? (found.bind(target) as unknown) : found;
        },
    });
}

const stores: [name: string, open: () => Promise<{ store: Store; release: () => Promise<void> }>][] = [
    [
        'the embedded store',
        async () => {
            const store = await openMemoryStore();
            return { store, release: async () => await store.close() };
        },
    ],
];
if (isInstalled('etcd')) {
    stores.push([
        'a real etcd',
        async () => {
            const etcd = await EtcdProcess.start();
            const store = await openEtcdStore({ endpoints: etcd.endpoints, logger: silentLogger() });
            return {
                store,
                release: async () => {
                    await store.close();
                    await etcd.stop();
                },
            };
        },
    ]);
}

describe.each(stores)('an API server that encrypts Secrets in %s', (_name, open) => {
    let inner: Store;
    let release: () => Promise<void>;
    let store: EncryptingStore;
    let server: ApiServerFixture;

    const start = async (...keys: string[]): Promise<void> => {
        store = new EncryptingStore({
            store: lasting(inner),
            transformers: await encrypted(...keys),
            resources: new StoredResources(resourceDefinitions()),
        });
        server = await ApiServerFixture.start({ store, extensions: { routes: openApiRoutes() } });
    };
    const raw = async (key: string): Promise<string> =>
        (await inner.range({ key })).kvs[0]?.value.toString('latin1') ?? '';
    const create = async (name: string): Promise<void> => {
        expect((await server.call('POST', secrets, { body: secret(name) })).status).toBe(201);
    };
    const kubectl = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await server.kubectl(...args);
        expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
        return stdout;
    };
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
        while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    /** Past the API server, as an intruder or a bad disk would. */
    const overwrite = async (key: string, change: (value: Buffer) => Buffer): Promise<void> => {
        const [kv] = (await inner.range({ key })).kvs;
        const value = change(Buffer.from(kv?.value ?? Buffer.alloc(0)));
        const { revision } = await inner.txn({
            compares: [],
            success: [{ type: 'put', key, value }],
            failure: [],
        });
        await until(() => Promise.resolve(server.caches.revision >= revision));
    };
    const flipped = (value: Buffer): Buffer => {
        value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
        return value;
    };

    beforeEach(async () => {
        ({ store: inner, release } = await open());
        await start('one');
        const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
        await server.call('POST', '/api/v1/namespaces', { body: namespace });
    }, 60_000);
    afterEach(async () => {
        await server.stop();
        await release();
    }, 60_000);

    it('keeps no word of them in the store, and all the rest in clear', async () => {
        await create('a');
        await server.call('POST', '/api/v1/namespaces/default/configmaps', {
            body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } },
        });
        const stored = await raw(keyOf('a'));
        expect(stored).toMatch(/^k8s:enc:secretbox:v1:one:/);
        expect(stored).not.toContain(password);
        expect(stored).not.toContain('password');
        expect(await raw('/registry/configmaps/default/a')).toMatch(/^\{"kind":"ConfigMap"/);
        const patched = await server.call('PATCH', `${secrets}/a`, {
            body: { metadata: { labels: { tier: 'front' } } },
            headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(patched.status).toBe(200);
        expect(await raw(keyOf('a'))).not.toContain('front');
        const shown = await kubectl(
            'get',
            'secrets',
            '-l',
            'tier=front',
            '-o',
            'jsonpath={.items[*].data.password}',
        );
        expect(shown).toBe(password);
    });

    it('shows them in clear to watchers, also what was written elsewhere', async () => {
        const watch = await server.watch(`${secrets}?watch=1`);
        await create('a');
        const frame = await watch.next();
        expect(frame).toMatchObject({ type: 'ADDED', object: { data: { password } } });
        // As another master would, which shares the key: the event comes without the object.
        await overwrite(keyOf('a'), () =>
            (store.transformers.of({ group: '', resource: 'secrets' }) ?? fail()).toStorage(
                Buffer.from(JSON.stringify({ ...secret('a'), type: 'Opaque', data: { other: 'eA==' } })),
                Buffer.from(keyOf('a')),
            ),
        );
        expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { other: 'eA==' } } });
        watch.close();
    });

    it('has them after a restart, with what was in clear before there was a key', async () => {
        await create('a');
        const clear = { ...secret('b'), type: 'Opaque' };
        await put(inner, keyOf('b'), JSON.stringify(clear));
        await server.stop();
        await start('one');
        for (const name of ['a', 'b']) {
            const { status, text } = await server.call('GET', `${secrets}/${name}`);
            expect({ status, has: text.includes(password) }).toEqual({ status: 200, has: true });
        }
    });

    it('writes with a new key when all are replaced by themselves, and can do without the old one', async () => {
        await create('a');
        await put(inner, keyOf('b'), JSON.stringify({ ...secret('b'), type: 'Opaque' }));
        store.setTransformers(await encrypted('two', 'one'));
        expect(await raw(keyOf('a'))).toMatch(/^k8s:enc:secretbox:v1:one:/);
        const path = `${server.kubeconfig}.json`;
        await writeFile(path, await kubectl('get', 'secrets', '-A', '-o', 'json'));
        await kubectl('replace', '-f', path);
        for (const name of ['a', 'b']) {
            expect(await raw(keyOf(name))).toMatch(/^k8s:enc:secretbox:v1:two:/);
        }
        // What is written as it should be is not written again.
        const before = (await server.call('GET', `${secrets}/a`)).text;
        await kubectl('patch', 'secret', 'a', '-p', '{"type":"Opaque"}');
        expect((await server.call('GET', `${secrets}/a`)).text).toBe(before);
        await server.stop();
        await start('two');
        expect((await server.call('GET', `${secrets}/a`)).text).toContain(password);
    });

    it('answers 500 for one that was tampered with, serves the others, and loses nothing', async () => {
        await create('a');
        await create('b');
        const watch = await server.watch(`${secrets}?watch=1`);
        await watch.next();
        await watch.next();
        await overwrite(keyOf('a'), flipped);
        const reason = 'output array was not large enough for encryption';
        const got = await server.call('GET', `${secrets}/a`);
        expect(got.status).toBe(500);
        expect(got.json()).toMatchObject({
            kind: 'Status',
            reason: 'InternalError',
            message: `Internal error occurred: ${reason}`,
        });
        const listed = await server.call('GET', secrets);
        expect(listed.json()).toMatchObject({
            code: 500,
            message: `Internal error occurred: unable to transform key "${keyOf('a')}": ${reason}`,
        });
        expect((await server.kubectl('get', 'secret', 'a')).stderr).toContain('(InternalError)');
        // Others: by name, by a field selector, by another namespace.
        expect(await kubectl('get', 'secret', 'b')).toContain('b ');
        const only = await server.call('GET', `${secrets}?fieldSelector=metadata.name%3Db`);
        expect(only.status).toBe(200);
        expect((await server.call('GET', '/api/v1/namespaces/other/secrets')).status).toBe(200);
        for (const method of ['PUT', 'DELETE']) {
            const body = method === 'PUT' ? { body: secret('a') } : {};
            expect((await server.call(method, `${secrets}/a`, body)).status).toBe(500);
        }
        expect((await server.call('POST', secrets, { body: secret('a') })).status).toBe(409);
        expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
        await server.stop();
        await start('one');
        expect((await server.call('GET', `${secrets}/a`)).status).toBe(500);
        expect((await server.call('GET', `${secrets}/b`)).status).toBe(200);
        await overwrite(keyOf('a'), flipped);
        expect((await server.call('GET', `${secrets}/a`)).text).toContain(password);
        expect((await server.call('GET', secrets)).status).toBe(200);
        watch.close();
    });

    it('reads what it could not read once it is given the key', async () => {
        await create('a');
        await server.stop();
        await start('two');
        const got = await server.call('GET', `${secrets}/a`);
        expect(got.json()).toMatchObject({
            code: 500,
            message:
                'Internal error occurred: no matching key was found for the provided Secretbox transformer',
        });
        store.setTransformers(await encrypted('two', 'one'));
        await until(async () => (await server.call('GET', `${secrets}/a`)).status === 200);
        expect((await server.call('GET', secrets)).status).toBe(200);
    });
});

function fail(): never {
    throw new Error('Secrets are not encrypted');
}
