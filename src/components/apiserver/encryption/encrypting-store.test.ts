import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bytes, put } from '../../../store/conformance/helpers.ts';
import { openMemoryStore } from '../../../store/mvcc/open-store.ts';
import { describeStoreConformance } from '../../../store/store-conformance.ts';
import { prefixEnd, type Store, type StoreError, type StoreEvent } from '../../../store/store.ts';
import { EncryptingStore } from './encrypting-store.ts';
import { inClear, type ResourceTransformers, transformersFrom } from './resource-transformers.ts';
import { StoredResources } from './stored-resources.ts';

const resources = new StoredResources([
    { group: '', plural: 'secrets', storagePrefix: 'secrets' },
    { group: '', plural: 'services', storagePrefix: 'services/specs' },
    { group: 'apps', plural: 'deployments', storagePrefix: 'deployments' },
    { group: 'events.k8s.io', plural: 'events', storagePrefix: 'events' },
    { group: '', plural: 'events', storagePrefix: 'events' },
]);
const configuration = async (names: string[], ...keys: string[]): Promise<ResourceTransformers> =>
    await transformersFrom(
        JSON.stringify({
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'EncryptionConfiguration',
            resources: [
                {
                    resources: names,
                    providers: [
                        {
                            aesgcm: {
                                keys: keys.map((name) => ({
                                    name,
                                    secret: Buffer.alloc(32, name).toString('base64'),
                                })),
                            },
                        },
                        { identity: {} },
                    ],
                },
            ],
        }),
        '/c',
    );

describeStoreConformance('a store that encrypts nothing of what is asked', async () => ({
    store: new EncryptingStore({ store: await openMemoryStore(), transformers: inClear, resources }),
    dispose: async () => {
        // In memory.
    },
}));

describe('resources by key', () => {
    it('are found whatever the number of segments, custom ones included', () => {
        const nameOf = (key: string): string | undefined => {
            const prefix = resources.prefixOf(key);
            if (prefix === undefined) return undefined;
            const { group, resource } = resources.resourceOf(prefix);
            return `${resource}.${group}`;
        };
        expect(nameOf('/registry/secrets/default/a')).toBe('secrets.');
        expect(nameOf('/registry/services/specs/default/a')).toBe('services.');
        expect(nameOf('/registry/deployments/default/a')).toBe('deployments.apps');
        expect(nameOf('/registry/events/default/a')).toBe('events.');
        expect(nameOf('/registry/example.com/widgets/default/a')).toBe('widgets.example.com');
        for (const key of ['/registry/masterleases/a', '/registry/ranges/serviceips', '/a', '/registry/x']) {
            expect(nameOf(key)).toBe(undefined);
        }
    });
});

describe('a store that encrypts Secrets', () => {
    const key = '/registry/secrets/default/a';
    let inner: Store;
    let store: EncryptingStore;
    const raw = async (of: string): Promise<string> =>
        (await inner.range({ key: of })).kvs[0]?.value.toString('latin1') ?? '';
    const read = async (of: string): Promise<string | undefined> =>
        (await store.range({ key: of })).kvs[0]?.value.toString();

    beforeEach(async () => {
        inner = await openMemoryStore();
        store = new EncryptingStore({
            store: inner,
            transformers: await configuration(['secrets'], 'a'),
            resources,
        });
    });
    afterEach(async () => {
        await store.close();
    });

    it('keeps ciphertext and is read in clear, everywhere a value is given', async () => {
        const batches: StoreEvent[] = [];
        store.watch({ key, startRevision: 0, previous: true }, ({ events }) => batches.push(...events));
        await put(store, key, '{"v":1}');
        const { responses } = await put(store, key, '{"v":2}');
        expect(await raw(key)).toMatch(/^k8s:enc:aesgcm:v1:a:/);
        expect(await read(key)).toBe('{"v":2}');
        expect(responses[0]).toMatchObject({ type: 'put', previous: { value: bytes('{"v":1}') } });
        const failed = await store.txn({
            compares: [{ key, target: 'version', result: 'equal', value: 7 }],
            success: [],
            failure: [
                { type: 'txn', compares: [], success: [{ type: 'range', key }], failure: [] },
                { type: 'range', key, keysOnly: true },
            ],
        });
        expect(failed.responses).toMatchObject([
            { responses: [{ kvs: [{ value: bytes('{"v":2}') }] }] },
            { kvs: [{ value: Buffer.alloc(0) }] },
        ]);
        const removed = await store.txn({ compares: [], success: [{ type: 'delete', key }], failure: [] });
        expect(removed.responses).toMatchObject([{ deleted: [{ value: bytes('{"v":2}') }] }]);
        expect(batches.map(({ kv, previous }) => [kv.value.toString(), previous?.value.toString()])).toEqual([
            ['{"v":1}', undefined],
            ['{"v":2}', '{"v":1}'],
            ['', '{"v":2}'],
        ]);
    });

    it('counts what it transforms, by provider and by key, failures too', async () => {
        await put(store, key, '{"v":1}');
        await put(store, '/registry/deployments/default/a', '{"v":1}');
        expect(await read(key)).toBe('{"v":1}');
        await put(inner, '/registry/secrets/default/clear', '{"v":2}');
        expect(await read('/registry/secrets/default/clear')).toBe('{"v":2}');
        const [kv] = (await inner.range({ key })).kvs;
        const op = { type: 'put', key: `${key}b`, value: kv?.value ?? Buffer.alloc(0) } as const;
        await inner.txn({ compares: [], success: [op], failure: [] });
        await read(`${key}b`);
        const counted = store
            .metrics()[0]
            ?.samples.map(({ labels = {}, value }) => [
                `${labels['resource'] ?? ''} ${labels['transformation_type'] ?? ''}`,
                labels['transformer_prefix'],
                ...[labels['status'], value],
            ]);
        const failed = 'unknown-non-grpc';
        expect(new Set(counted)).toEqual(
            new Set([
                ['secrets to_storage', 'a:', 'OK', 1],
                ['secrets to_storage', 'k8s:enc:aesgcm:v1:', 'OK', 1],
                ['secrets from_storage', 'a:', 'OK', 1],
                ['secrets from_storage', 'k8s:enc:aesgcm:v1:', 'OK', 1],
                ['secrets from_storage', 'identity', 'OK', 1],
                ['secrets from_storage', 'a:', failed, 1],
                ['secrets from_storage', 'k8s:enc:aesgcm:v1:', failed, 1],
            ]),
        );
    });

    it('encrypts inside of nested transactions', async () => {
        const op = { type: 'put', key, value: bytes('{}') } as const;
        await store.txn({
            compares: [],
            success: [{ type: 'txn', compares: [], success: [op], failure: [] }],
            failure: [],
        });
        expect(await raw(key)).toMatch(/^k8s:enc:/);
        expect(await read(key)).toBe('{}');
    });

    it('leaves other resources as they are, to the same buffer', async () => {
        const other = '/registry/deployments/default/a';
        await put(store, other, '{"v":1}');
        await put(store, '/registry/masterleases/10.0.0.1', 'anything');
        expect(await raw(other)).toBe('{"v":1}');
        const [kv] = (await store.range({ key: '/registry/masterleases/10.0.0.1' })).kvs;
        expect(kv).not.toHaveProperty('unreadable');
    });

    it('hands out what was written here without decrypting it', async () => {
        const decoded = {};
        const events: StoreEvent[] = [];
        store.watch({ key, startRevision: 0 }, (batch) => events.push(...batch.events));
        await store.txn({
            compares: [],
            success: [{ type: 'put', key, value: bytes('{}'), decoded }],
            failure: [],
        });
        expect(events[0]?.decoded).toBe(decoded);
    });

    it('marks what cannot be read and goes on with the rest', async () => {
        await put(store, key, '{"v":1}');
        const [kv] = (await inner.range({ key })).kvs;
        // Moved to another key: the ciphertext is bound to its own.
        const moved = '/registry/secrets/default/b';
        const op = { type: 'put', key: moved, value: kv?.value ?? Buffer.alloc(0) } as const;
        await inner.txn({ compares: [], success: [op], failure: [] });
        await put(inner, '/registry/secrets/default/c', 'no object');
        await put(inner, '/registry/deployments/default/a', 'k8s:enc:aesgcm:v1:a:x');
        const { kvs } = await store.range({ key: '/registry/', end: prefixEnd('/registry/') });
        expect(kvs.map((one) => [one.key, one.unreadable?.message])).toEqual([
            ['/registry/deployments/default/a', 'identity transformer tried to read encrypted data'],
            [key, undefined],
            [moved, 'cipher: message authentication failed'],
            ['/registry/secrets/default/c', 'the stored data is not an object in JSON'],
        ]);
        expect(kvs[2]?.value.equals(kv?.value ?? Buffer.alloc(0))).toBe(true);
    });

    it('knows what is stale, and reads it', async () => {
        await put(store, key, '{"v":1}');
        await put(inner, '/registry/secrets/default/b', '{"v":2}');
        expect(await store.isStale(key)).toBe(false);
        expect(await store.isStale('/registry/secrets/default/b')).toBe(true);
        expect(await store.isStale('/registry/deployments/default/none')).toBe(false);
        store.setTransformers(await configuration(['secrets'], 'b', 'a'));
        expect(await store.isStale(key)).toBe(true);
        expect(await read(key)).toBe('{"v":1}');
        await put(store, key, '{"v":1}');
        expect(await store.isStale(key)).toBe(false);
        expect(await raw(key)).toMatch(/^k8s:enc:aesgcm:v1:b:/);
    });

    it('ends watches when what was unreadable may be readable, and only then', async () => {
        await put(store, key, '{"v":1}');
        let ended: StoreError | undefined;
        const watch = (): void => {
            ended = undefined;
            store.watch(
                { key, startRevision: 0 },
                () => undefined,
                (error) => (ended = error),
            );
        };
        watch();
        store.setTransformers(await configuration(['secrets'], 'b'));
        expect(ended).toBe(undefined);
        expect((await store.range({ key })).kvs[0]?.unreadable?.message).toContain(
            'no matching key was found',
        );
        store.setTransformers(await configuration(['secrets'], 'b', 'a'));
        expect(ended).toBeDefined();
        watch();
        expect(await read(key)).toBe('{"v":1}');
        store.setTransformers(await configuration(['secrets'], 'a'));
        expect(ended).toBe(undefined);
    });

    it('binds values to the keys that the store has', async () => {
        const elsewhere = new EncryptingStore({
            store: inner,
            transformers: store.transformers,
            resources,
            keyInStore: (one) => `/elsewhere${one}`,
        });
        await put(elsewhere, key, '{"v":1}');
        expect((await elsewhere.range({ key })).kvs[0]?.value.toString()).toBe('{"v":1}');
        expect((await store.range({ key })).kvs[0]?.unreadable?.message).toContain('authentication failed');
    });
});
