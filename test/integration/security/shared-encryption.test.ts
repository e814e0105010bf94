import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiserverFlags } from '../../../src/cli/flag-sets/apiserver-flags.ts';
import { type Encryption, openEncryption } from '../../../src/cli/components/encryption.ts';
import type { ControlPlaneStore } from '../../../src/cli/components/control-plane-store.ts';
import { resourceDefinitions } from '../../../src/api/groups/index.ts';
import { generatePrivateKey } from '../../../src/pki/authority.ts';
import { put } from '../../../src/store/conformance/helpers.ts';
import type { Cluster, ClusterMember } from '../../../src/store/cluster.ts';
import { openMemoryStore } from '../../../src/store/mvcc/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { Lifecycle } from '../../../src/util/lifecycle.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { ApiServerFixture } from '../apiserver/fixture.ts';

const key = '/registry/secrets/default/a';
const recordKey = '/registry/hyperkube/encryption';
const value = '{"kind":"Secret","data":{"password":"correct horse"}}';

/** Several API servers, each with files of its own, on one store: what the store's members are is told them. */
describe('the encryption configuration of a cluster', () => {
    let root: string;
    let store: Store;
    let lifecycle: Lifecycle;
    let members: ClusterMember[];
    let signingKey: string;

    beforeEach(async () => {
        root = await mkdtemp(join(tmpdir(), 'hyperkube-encryption-'));
        store = await openMemoryStore();
        lifecycle = new Lifecycle();
        members = ['1'].map(memberOf);
        signingKey = generatePrivateKey();
    });
    afterEach(async () => {
        await lifecycle.stop();
        await store.close();
        await rm(root, { recursive: true });
    });

    const memberOf = (id: string): ClusterMember => ({
        ...{ id, name: `master-${id}`, isLearner: false },
        ...{ peerUrls: [], clientUrls: [] },
    });
    const fileOf = (master: string): string => join(root, master, 'pki', 'encryption-config.yaml');
    const open = async (
        master: string,
        options: { etcd?: boolean; key?: string; config?: string; stopping?: Lifecycle } = {},
    ): Promise<Encryption> => {
        const fallbacks = Object.entries(apiserverFlags).map(([name, { fallback }]) => [name, fallback]);
        const flags = {
            ...Object.fromEntries(fallbacks),
            'config-dir': join(root, master),
            'encryption-provider-config': options.config ?? '',
        } as never;
        const cluster = { memberId: master, members: () => members } as unknown as Cluster;
        const opened: ControlPlaneStore = {
            store,
            cluster: options.etcd === true ? undefined : cluster,
            isShared: () => options.etcd === true || members.length > 1,
            serveEtcdApi: () => Promise.resolve(),
        };
        return await openEncryption(
            { flags, nodeName: master, nodeIp: '192.0.2.1', logger: silentLogger() },
            opened,
            {
                definitions: resourceDefinitions(),
                lifecycle: options.stopping ?? lifecycle,
                signingKey: options.key ?? signingKey,
            },
        );
    };
    const read = async (encryption: Encryption): Promise<string | undefined> => {
        const [kv] = (await encryption.store.range({ key })).kvs;
        return kv?.unreadable === undefined ? kv?.value.toString() : undefined;
    };
    const stored = async (): Promise<string> =>
        (await store.range({ key })).kvs[0]?.value.toString('latin1') ?? '';
    const recorded = async (): Promise<{ inUse?: boolean; sealed?: string }> => {
        const [kv] = (await store.range({ key: recordKey })).kvs;
        return kv === undefined
            ? {}
            : (JSON.parse(kv.value.toString()) as { inUse: boolean; sealed: string });
    };
    const until = async (holds: () => Promise<boolean>): Promise<void> => {
        while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
    };

    it('a new master makes a key, mode 0600, and seals it in the store without a word of it', async () => {
        const one = await open('1');
        await put(one.store, key, value);
        expect(await stored()).toMatch(/^k8s:enc:secretbox:v1:/);
        const text = await readFile(fileOf('1'), 'utf8');
        expect((await stat(fileOf('1'))).mode & 0o777).toBe(0o600);
        const secret = /secret: (\S+)/.exec(text)?.[1] ?? '';
        expect(secret).not.toBe('');
        const { kvs } = await store.range({ key: '/', end: '0' });
        for (const kv of kvs) expect(kv.value.toString('latin1')).not.toContain(secret);
        expect(await recorded()).toMatchObject({ inUse: true });
    });

    it('a master that lacks the file gets it from the store', async () => {
        const one = await open('1');
        await put(one.store, key, value);
        members = ['1', '2'].map(memberOf);
        const two = await open('2');
        expect(await read(two)).toBe(value);
        expect(await readFile(fileOf('2'), 'utf8')).toBe(await readFile(fileOf('1'), 'utf8'));
        await put(two.store, key, value.replace('horse', 'mule'));
        expect(await stored()).toMatch(/^k8s:enc:secretbox:v1:/);
        expect(await read(one)).toContain('mule');
    });

    it('a master with other keys of the cluster is told what is missing, and does not start', async () => {
        await open('1');
        await expect(open('2', { key: generatePrivateKey() })).rejects.toThrow(
            `the Secrets of this cluster are encrypted, and ${fileOf('2')} is missing: copy it, and sa.key and sa.pub, from the directory pki of a master that runs; or name a copy by --encryption-provider-config`,
        );
        await expect(stat(fileOf('2'))).rejects.toThrow('ENOENT');
    });

    it('a store with encrypted Secrets and no record is not written to in clear either', async () => {
        await put(store, key, 'k8s:enc:secretbox:v1:lost:x');
        for (const etcd of [false, true]) {
            await expect(open('1', { etcd })).rejects.toThrow(
                'the store holds Secrets that are encrypted (/registry/secrets/default/a)',
            );
        }
        expect(await recorded()).toEqual({});
    });

    it('masters without a key write in clear until all of them can read', async () => {
        members = ['1', '2'].map(memberOf);
        await put(store, key, value);
        const first = new Lifecycle();
        const one = await open('1', { stopping: first });
        await until(async () => (await store.range({ key: `${recordKey}-readers/1` })).count === 1);
        await put(one.store, key, value);
        expect(await stored()).toBe(value);
        expect(await recorded()).toMatchObject({ inUse: false });
        // The second one finds that it is the last, and begins; the first reads what it writes already.
        const two = await open('2');
        await until(async () => (await recorded()).inUse === true);
        await until(async () => {
            await put(two.store, key, value);
            return (await stored()).startsWith('k8s:enc:');
        });
        expect(await read(one)).toBe(value);
        await first.stop();
        const again = await open('1');
        await put(again.store, key, value);
        expect(await stored()).toMatch(/^k8s:enc:/);
    });

    it('with an etcd of its own a key is made; in one that is in use already nothing changes', async () => {
        const one = await open('1', { etcd: true });
        const two = await open('2', { etcd: true });
        await put(one.store, key, value);
        expect(await stored()).toMatch(/^k8s:enc:/);
        expect(await read(two)).toBe(value);

        await store.close();
        store = await openMemoryStore();
        await put(store, '/registry/namespaces/default', '{}');
        const three = await open('3', { etcd: true });
        await put(three.store, key, value);
        expect(await stored()).toBe(value);
        expect(three.file).toBe('');
    });

    it('a file that was changed is what masters get that join later', async () => {
        await open('1');
        const changed = (await readFile(fileOf('1'), 'utf8')).replace(
            '- identity: {}',
            '- identity: {}\n# changed',
        );
        const before = (await recorded()).sealed;
        await writeFile(fileOf('1'), changed);
        await until(async () => (await recorded()).sealed !== before);
        await open('2');
        expect(await readFile(fileOf('2'), 'utf8')).toBe(changed);
    });

    it('two API servers on one store serve each other’s Secrets', async () => {
        const encryptions = [await open('1', { etcd: true }), await open('2', { etcd: true })];
        const servers = await Promise.all(
            encryptions.map(
                async (encryption) => await ApiServerFixture.start({ store: lasting(encryption.store) }),
            ),
        );
        const [one, two] = servers;
        const secrets = '/api/v1/namespaces/default/secrets';
        const named = (name: string) => ({ body: { metadata: { name }, data: { a: 'aG9yc2U=' } } });
        await one?.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
        expect((await one?.call('POST', secrets, named('by-one')))?.status).toBe(201);
        expect((await two?.call('POST', secrets, named('by-two')))?.status).toBe(201);
        for (const server of servers) {
            const { text } = await server.call('GET', secrets);
            expect(text.match(/aG9yc2U=/g)).toHaveLength(2);
            await server.stop();
        }
        const { kvs } = await store.range({ key: '/registry/secrets/', end: '/registry/secrets0' });
        expect(kvs).toHaveLength(2);
        for (const kv of kvs) expect(kv.value.toString('latin1')).toMatch(/^k8s:enc:/);
    });
});

/** Without its end: the servers share it. */
function lasting(store: Store): Store {
    return new Proxy(store, {
        get: (target, name) => {
            if (name === 'close') return () => Promise.resolve();
            const found: unknown = Reflect.get(target, name, target);
            return typeof found === 'function' ? (found.bind(target) as unknown) : found;
        },
    });
}
