import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { resourceDefinitions } from '../../api/groups/index.ts';
import type { ResourceDefinition } from '../../api/groups/resource.ts';
import { openMemoryStore } from '../../store/mvcc/open-store.ts';
import { type Store, StoreError, type StoreWatch } from '../../store/store.ts';
import { silentLogger } from '../../util/logger.ts';
import type { CacheEvent } from './cache/cache-event.ts';
import { StoredObject } from './stored-object.ts';
import { WatchCaches } from './watch-caches.ts';

const definitions = resourceDefinitions();
const configMaps = definition('configmaps');

function definition(plural: string): ResourceDefinition {
    const found = definitions.find((one) => one.plural === plural && one.group === '');
    if (found === undefined) throw new Error(`no ${plural}`);
    return found;
}

function keyOf(name: string): string {
    return `/registry/configmaps/default/${name}`;
}

async function write(store: Store, name: string, value: string): Promise<number> {
    const key = keyOf(name);
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name }, data: { value } };
    const op = { type: 'put', key, value: StoredObject.encode(key, object).bytes } as const;
    return (await store.txn({ compares: [], success: [op], failure: [] })).revision;
}

async function remove(store: Store, name: string): Promise<number> {
    const op = { type: 'delete', key: keyOf(name) } as const;
    return (await store.txn({ compares: [], success: [op], failure: [] })).revision;
}

/** A store whose watch can be broken: from then on nothing is delivered, as when history is gone. */
function breakable(store: Store): {
    store: Store;
    break: () => void;
    mend: (reason: StoreError['reason']) => void;
} {
    let watch: StoreWatch | undefined;
    let onError: ((error: StoreError) => void) | undefined;
    const wrapped: Store = new Proxy(store, {
        get(target, name): unknown {
            if (name === 'watch') {
                return (...args: Parameters<Store['watch']>) => {
                    onError = args[2];
                    watch = target.watch(...args);
                    return watch;
                };
            }
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
    });
    return {
        store: wrapped,
        break: () => watch?.cancel(),
        mend: (reason) => onError?.(new StoreError(reason, 'history is gone')),
    };
}

describe('watch caches', () => {
    let store: Store;
    let caches: WatchCaches;
    beforeEach(async () => {
        store = await openMemoryStore();
    });
    afterEach(async () => {
        caches.stop();
        await store.close();
    });
    const open = async (on: Store = store): Promise<void> => {
        caches = new WatchCaches({ store: on, definitions, logger: silentLogger() });
        await caches.start();
    };
    const valueOf = (name: string): unknown => {
        const object = caches.cacheOf(configMaps).objects.get(keyOf(name))?.object;
        return object && (object as { data?: { value?: string } }).data?.value;
    };

    it('answer watches from before a restart, as far as history goes', async () => {
        const before = await write(store, 'a', '1');
        await write(store, 'a', '2');
        await remove(store, 'a');
        await write(store, 'b', '1');
        await open();
        const { ring, objects } = caches.cacheOf(configMaps);
        expect(ring.oldest).toBeLessThanOrEqual(before);
        expect(ring.after(before).map(({ type, object }) => [type, object.key])).toEqual([
            ['MODIFIED', keyOf('a')],
            ['DELETED', keyOf('a')],
            ['ADDED', keyOf('b')],
        ]);
        expect([...objects.range('/registry/')].map(({ key }) => key)).toEqual([keyOf('b')]);
        expect(caches.revision).toBe(store.revision);
    });

    it('start without history where it was compacted', async () => {
        await write(store, 'a', '1');
        const revision = await write(store, 'a', '2');
        await store.compact(revision);
        await open();
        expect(caches.cacheOf(configMaps).ring.oldest).toBe(revision);
        expect(valueOf('a')).toBe('2');
        await write(store, 'a', '3');
        expect(valueOf('a')).toBe('3');
    });

    it('read the state anew when their watch ends, and tell watchers the differences', async () => {
        const fragile = breakable(store);
        await write(store, 'kept', '1');
        await write(store, 'changed', '1');
        await write(store, 'removed', '1');
        await write(store, 'replaced', '1');
        await open(fragile.store);
        const events: CacheEvent[] = [];
        const cache = caches.cacheOf(configMaps);
        cache.subscribe({
            keyPrefix: cache.root,
            onEvent: (event) => events.push(event),
            onClose: () => undefined,
        });
        const before = caches.revision;
        fragile.break();
        await write(store, 'changed', '2');
        await remove(store, 'removed');
        await remove(store, 'replaced');
        await write(store, 'brief', '1');
        await remove(store, 'brief');
        await write(store, 'replaced', '2');
        const last = await write(store, 'new', '1');
        expect(caches.revision).toBe(before);
        fragile.mend('compacted');
        await caches.waitFor(last);
        const name = ({ object }: CacheEvent): string => object.key.slice(keyOf('').length);
        expect(events.map((event) => [event.type, name(event)])).toEqual([
            ['DELETED', 'removed'],
            ['DELETED', 'replaced'],
            ['MODIFIED', 'changed'],
            ['ADDED', 'replaced'],
            ['ADDED', 'new'],
        ]);
        expect(events.map(({ revision }) => revision)).toEqual(
            [...events.map(({ revision }) => revision)].sort((a, b) => a - b),
        );
        // Nobody who has seen a part of them can go on from there.
        expect(cache.ring.oldest).toBe(last);
        const next = await write(store, 'new', '2');
        expect(caches.revision).toBe(next);
        expect(events.at(-1)?.revision).toBe(next);
    });

    it('end their watches when the store closes', async () => {
        await open();
        const cache = caches.cacheOf(configMaps);
        let isClosed = false;
        cache.subscribe({
            keyPrefix: cache.root,
            onEvent: () => undefined,
            onClose: () => (isClosed = true),
        });
        await store.close();
        expect(isClosed).toBe(true);
    });

    it('keep listeners of this process when the store has gone back to an older state', async () => {
        await write(store, 'a', '1');
        await open();
        const seen: unknown[] = [];
        caches.onChange({ group: '', version: 'v1', resource: 'configmaps' }, ({ metadata }, deleted) => {
            seen.push([metadata?.name, deleted]);
        });
        caches.cacheOf(configMaps).reconcile([], { from: caches.revision, to: 1 });
        expect(seen).toEqual([['a', true]]);
    });
});
