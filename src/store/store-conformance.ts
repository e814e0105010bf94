import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
    keyOfText,
    prefixEnd,
    StoreError,
    type KeyValue,
    type Store,
    type StoreOp,
    type TxnResult,
    type WatchBatch,
} from './store.ts';

export interface ConformanceSubject {
    store: Store;
    /** Releases what the store used, after it was closed. */
    dispose(): Promise<void>;
}

/** What every implementation of Store has to do; run against each of them by its tests. */
export function describeStoreConformance(name: string, open: () => Promise<ConformanceSubject>): void {
    describe(`${name} as a Store`, () => {
        let subject: ConformanceSubject;
        let store: Store;
        beforeEach(async () => {
            subject = await open();
            store = subject.store;
        });
        afterEach(async () => {
            await store.close();
            await subject.dispose();
        });
        const given = (): Store => store;
        transactions(given);
        guards(given);
        ranges(given);
        watches(given);
        replays(given);
        compaction(given);
        limits(given);
    });
}

type Given = () => Store;

function transactions(given: Given): void {
    it('starts at revision 1 with nothing compacted', () => {
        expect(given().revision).toBe(1);
        expect(given().compactedRevision).toBe(0);
    });

    it('gives every writing transaction the next revision, and none to one that writes nothing', async () => {
        const first = await put(given(), '/a', '1');
        expect(first.revision).toBe(2);
        const read = await run(given(), [{ type: 'range', key: '/a' }]);
        expect(read.revision).toBe(2);
        const nothing = await run(given(), [{ type: 'delete', key: '/none' }]);
        expect(nothing).toEqual({
            succeeded: true,
            revision: 2,
            responses: [{ type: 'delete', deleted: [] }],
        });
        expect((await put(given(), '/a', '2')).revision).toBe(3);
        expect(given().revision).toBe(3);
    });

    it('counts versions from the creation and starts again after a deletion', async () => {
        await given().leases.grant({ id: 7, ttlSeconds: 60 });
        await put(given(), '/a', '1');
        await put(given(), '/a', '2', 7);
        expect(await get(given(), '/a')).toEqual(kv('/a', '2', { create: 2, mod: 3, version: 2, lease: 7 }));
        await run(given(), [{ type: 'delete', key: '/a' }]);
        expect(await get(given(), '/a')).toBeUndefined();
        await put(given(), '/a', '3');
        expect(await get(given(), '/a')).toEqual(kv('/a', '3', { create: 5, mod: 5, version: 1 }));
    });

    it('answers a put with the version before and a delete with what it deleted, in key order', async () => {
        expect((await put(given(), '/b', '1')).responses).toEqual([{ type: 'put', previous: undefined }]);
        const again = await put(given(), '/b', '2');
        const before = kv('/b', '1', { create: 2, mod: 2, version: 1 });
        expect(again.responses).toEqual([{ type: 'put', previous: before }]);
        await put(given(), '/a', 'a');
        const deleted = await run(given(), [{ type: 'delete', key: '/', end: prefixEnd('/') }]);
        expect(deleted.responses).toEqual([
            {
                type: 'delete',
                deleted: [
                    kv('/a', 'a', { create: 4, mod: 4, version: 1 }),
                    kv('/b', '2', { create: 2, mod: 3, version: 2 }),
                ],
            },
        ]);
    });

    it('lets operations of a transaction see those before them, all at one revision', async () => {
        const result = await run(given(), [
            { type: 'put', key: '/a', value: bytes('1') },
            { type: 'range', key: '/a' },
            { type: 'put', key: '/b', value: bytes('2') },
            { type: 'delete', key: '/none' },
            { type: 'range', key: '/', end: '0', keysOnly: true },
        ]);
        expect(result.revision).toBe(2);
        const a = kv('/a', '1', { create: 2, mod: 2, version: 1 });
        expect(result.responses[1]).toEqual({ type: 'range', kvs: [a], count: 1, revision: 2 });
        expect(result.responses[4]).toEqual({
            type: 'range',
            kvs: [{ ...a, value: bytes('') }, kv('/b', '', { create: 2, mod: 2, version: 1 })],
            count: 2,
            revision: 2,
        });
        expect(await get(given(), '/b')).toEqual(kv('/b', '2', { create: 2, mod: 2, version: 1 }));
    });

    it('refuses a transaction that writes a key twice and changes nothing', async () => {
        const twice: StoreOp = { type: 'put', key: '/a', value: bytes('1') };
        await expect(run(given(), [twice, twice])).rejects.toThrow('twice');
        expect(await get(given(), '/a')).toBeUndefined();
        expect((await put(given(), '/b', '1')).revision).toBe(2);
    });

    it('keeps empty values, binary values and keys beyond ASCII as they are', async () => {
        const value = Buffer.from([0, 255, 128, 10, 0]);
        const key = keyOfText('/é/😀');
        const allBytes = `/${value.toString('latin1')}`;
        await run(given(), [
            { type: 'put', key, value },
            { type: 'put', key: allBytes, value },
        ]);
        await put(given(), '/empty', '');
        expect((await get(given(), key))?.value).toEqual(value);
        expect((await get(given(), allBytes))?.key).toBe(allBytes);
        expect((await get(given(), '/empty'))?.value).toEqual(Buffer.alloc(0));
    });
}

function guards(given: Given): void {
    it('creates a key only once when many try at the same time', async () => {
        const attempts = Array.from({ length: 50 }, async (_, i) => await create(given(), '/a', String(i)));
        const results = await Promise.all(attempts);
        expect(results.filter(({ succeeded }) => succeeded)).toHaveLength(1);
        expect(results[0]?.succeeded).toBe(true);
        const lost = results[49]?.responses[0];
        expect(lost).toMatchObject({ type: 'range', count: 1 });
        expect((await get(given(), '/a'))?.value.toString()).toBe('0');
    });

    it('loses no increment when many compare-and-swap loops run at the same time', async () => {
        await put(given(), '/n', '0');
        const increment = async (): Promise<void> => {
            for (;;) {
                const current = await get(given(), '/n');
                const next = bytes(String(Number(current?.value.toString()) + 1));
                const { succeeded } = await given().txn({
                    compares: [guard('/n', current?.modRevision ?? 0)],
                    success: [{ type: 'put', key: '/n', value: next }],
                    failure: [],
                });
                if (succeeded) return;
            }
        };
        await Promise.all(Array.from({ length: 20 }, increment));
        expect((await get(given(), '/n'))?.value.toString()).toBe('20');
        expect((await get(given(), '/n'))?.version).toBe(21);
    });

    it('compares revisions, versions, leases and values in all four ways', async () => {
        await given().leases.grant({ id: 9, ttlSeconds: 60 });
        await put(given(), '/a', 'm', 9);
        await put(given(), '/a', 'm', 9);
        const holds = async (compare: Parameters<Store['txn']>[0]['compares'][number]): Promise<boolean> =>
            (await given().txn({ compares: [compare], success: [], failure: [] })).succeeded;
        const key = '/a';
        expect(await holds({ key, target: 'createRevision', result: 'equal', value: 2 })).toBe(true);
        expect(await holds({ key, target: 'modRevision', result: 'greater', value: 2 })).toBe(true);
        expect(await holds({ key, target: 'version', result: 'less', value: 2 })).toBe(false);
        expect(await holds({ key, target: 'lease', result: 'notEqual', value: 8 })).toBe(true);
        expect(await holds({ key, target: 'value', result: 'equal', value: bytes('m') })).toBe(true);
        expect(await holds({ key, target: 'value', result: 'less', value: bytes('n') })).toBe(true);
        expect(await holds({ key: '/no', target: 'version', result: 'equal', value: 0 })).toBe(true);
        expect(await holds({ key: '/no', target: 'value', result: 'notEqual', value: bytes('') })).toBe(
            false,
        );
    });

    it('runs the failure branch when one of several compares fails', async () => {
        await put(given(), '/a', '1');
        const result = await given().txn({
            compares: [guard('/a', 2), guard('/b', 5)],
            success: [{ type: 'delete', key: '/a' }],
            failure: [{ type: 'put', key: '/lost', value: bytes('x') }],
        });
        expect(result).toMatchObject({ succeeded: false, revision: 3 });
        expect(await get(given(), '/a')).toBeDefined();
        expect(await get(given(), '/lost')).toBeDefined();
    });
}

function ranges(given: Given): void {
    it('lists a prefix in key order and counts beyond the limit', async () => {
        for (const key of ['/p/c', '/p/a', '/q/x', '/p/b', '/o']) await put(given(), key, key);
        const range = { key: '/p/', end: prefixEnd('/p/') };
        const limited = await given().range({ ...range, limit: 2 });
        expect(limited.kvs.map(({ key }) => key)).toEqual(['/p/a', '/p/b']);
        expect(limited.count).toBe(3);
        expect(limited.revision).toBe(6);
        expect(await given().range({ ...range, countOnly: true })).toEqual({
            kvs: [],
            count: 3,
            revision: 6,
        });
        const rest = await given().range({ ...range, key: '/p/b\0' });
        expect(rest.kvs.map(({ value }) => value.toString())).toEqual(['/p/c']);
    });

    it('orders keys by their bytes', async () => {
        const keys = ['/a', '/a/', '/a0', '/é', '/\ue000', '/😀', '/\xff'].map((text) =>
            text === '/\xff' ? text : keyOfText(text),
        );
        for (const key of [...keys].reverse()) await put(given(), key, '');
        const all = await given().range({ key: '/', end: '0' });
        expect(all.kvs.map(({ key }) => key)).toEqual(keys);
    });

    it('answers from an old revision as it was then', async () => {
        await given().leases.grant({ id: 3, ttlSeconds: 60 });
        await put(given(), '/a', '1');
        await put(given(), '/b', '1');
        await put(given(), '/a', '2', 3);
        await run(given(), [{ type: 'delete', key: '/b' }]);
        const at = async (revision: number): Promise<KeyValue[]> =>
            (await given().range({ key: '/', end: '0', revision })).kvs;
        expect(await at(2)).toEqual([kv('/a', '1', { create: 2, mod: 2, version: 1 })]);
        expect((await at(3)).map(({ key }) => key)).toEqual(['/a', '/b']);
        const a2 = kv('/a', '2', { create: 2, mod: 4, version: 2, lease: 3 });
        expect(await at(4)).toEqual([a2, kv('/b', '1', { create: 3, mod: 3, version: 1 })]);
        expect(await at(5)).toEqual([a2]);
        expect(await at(1)).toEqual([]);
        const keysOnly = await given().range({ key: '/a', revision: 2, keysOnly: true });
        expect(keysOnly.kvs).toEqual([kv('/a', '', { create: 2, mod: 2, version: 1 })]);
    });

    it('refuses a revision of the future', async () => {
        await rejectsWith(given().range({ key: '/a', revision: 9 }), 'futureRevision');
        await rejectsWith(run(given(), [{ type: 'range', key: '/a', revision: 9 }]), 'futureRevision');
    });

    it('reads more keys than one native call takes', async () => {
        await Promise.all(
            Array.from({ length: 1300 }, async (_, i) => await put(given(), `/k/${i}`, `${i}`)),
        );
        const { kvs, count } = await given().range({ key: '/k/', end: '/k0' });
        expect(count).toBe(1300);
        expect(kvs.every(({ key, value }) => key === `/k/${value.toString()}`)).toBe(true);
    });
}

function watches(given: Given): void {
    it('tells watchers of a key, a prefix and a range, each of its own events only', async () => {
        const key = collect(given(), '/p/a');
        const prefix = collect(given(), '/p/', '/p0');
        const oddPrefix = collect(given(), '/p/a', '/p/b');
        const range = collect(given(), '/o', '/p/b');
        for (const written of ['/p/a', '/p/b', '/p/aa', '/q', '/o']) await put(given(), written, '');
        expect(key.keys()).toEqual(['/p/a']);
        expect(prefix.keys()).toEqual(['/p/a', '/p/b', '/p/aa']);
        expect(oddPrefix.keys()).toEqual(['/p/a', '/p/aa']);
        expect(range.keys()).toEqual(['/p/a', '/p/aa', '/o']);
    });

    it('delivers a transaction in one batch, before the transaction resolves', async () => {
        const seen = collect(given(), '/', '0');
        const order: string[] = [];
        given().watch({ key: '/', end: '0', startRevision: 0 }, () => order.push('watcher'));
        await run(given(), [
            { type: 'put', key: '/b', value: bytes('1') },
            { type: 'put', key: '/a', value: bytes('2') },
        ]).then(() => order.push('writer'));
        expect(order).toEqual(['watcher', 'writer']);
        expect(seen.batches).toHaveLength(1);
        expect(seen.batches[0]?.events.map(({ kv: { key } }) => key)).toEqual(['/a', '/b']);
    });

    it('passes the decoded object through and gives the version before to those who ask', async () => {
        const decoded = { kind: 'Pod' };
        const value = bytes('2');
        await put(given(), '/a', '1');
        const plain = collect(given(), '/a');
        const withPrevious = collect(given(), '/a', undefined, { previous: true });
        await run(given(), [{ type: 'put', key: '/a', value, decoded }]);
        await run(given(), [{ type: 'delete', key: '/a' }]);
        expect(plain.batches[0]?.events[0]?.decoded).toBe(decoded);
        expect(plain.batches[0]?.events[0]?.previous).toBeUndefined();
        const second = kv('/a', '2', { create: 2, mod: 3, version: 2 });
        expect(withPrevious.batches.map(({ events }) => events[0])).toEqual([
            { type: 'put', kv: second, decoded, previous: kv('/a', '1', { create: 2, mod: 2, version: 1 }) },
            { type: 'delete', kv: kv('/a', '', { create: 0, mod: 4, version: 0 }), previous: second },
        ]);
    });

    it('goes on with the other watchers when one throws', async () => {
        given().watch({ key: '/a', startRevision: 0 }, () => {
            throw new Error('from the watcher');
        });
        const after = collect(given(), '/a');
        await put(given(), '/a', '1');
        await put(given(), '/a', '2');
        expect(after.values()).toEqual(['1', '2']);
    });

    it('delivers nothing after cancel, also when cancelled by another watcher of the same event', async () => {
        const cancelled = collect(given(), '/a');
        cancelled.watch.cancel();
        const later: { cancel?: () => void } = {};
        given().watch({ key: '/a', startRevision: 0 }, () => later.cancel?.());
        const victim = collect(given(), '/a');
        later.cancel = () => {
            victim.watch.cancel();
        };
        await put(given(), '/a', '1');
        expect(cancelled.batches).toEqual([]);
        expect(victim.batches).toEqual([]);
    });

    it('starts a watch of the future at its revision', async () => {
        const seen = collect(given(), '/a', undefined, { startRevision: 4 });
        for (const value of ['2', '3', '4', '5']) await put(given(), '/a', value);
        expect(seen.values()).toEqual(['4', '5']);
    });

    it('gives a transaction that a watcher starts the next revision', async () => {
        const seen = collect(given(), '/', '0');
        let answer: Promise<TxnResult> | undefined;
        given().watch({ key: '/a', startRevision: 0 }, () => {
            answer ??= put(given(), '/b', '');
        });
        await put(given(), '/a', '');
        expect((await answer)?.revision).toBe(3);
        expect(seen.keys()).toEqual(['/a', '/b']);
    });
}

function replays(given: Given): void {
    it('replays history with values, previous values and deletions, then goes on live', async () => {
        await put(given(), '/a', '1');
        await put(given(), '/x', '-');
        await put(given(), '/a', '2');
        await run(given(), [{ type: 'delete', key: '/a' }]);
        const seen = collect(given(), '/a', undefined, { startRevision: 3, previous: true });
        expect(seen.batches).toEqual([]);
        await put(given(), '/a', '3');
        await seen.until(3);
        const second = kv('/a', '2', { create: 2, mod: 4, version: 2 });
        expect(seen.batches.map(({ events }) => events[0])).toMatchObject([
            { type: 'put', kv: second, previous: kv('/a', '1', { create: 2, mod: 2, version: 1 }) },
            { type: 'delete', kv: kv('/a', '', { create: 0, mod: 5, version: 0 }), previous: second },
            { type: 'put', kv: kv('/a', '3', { create: 6, mod: 6, version: 1 }) },
        ]);
        expect(seen.batches[2]?.events[0]?.previous).toBeUndefined();
    });

    it('delivers each event once and in order to watches that begin while others write', async () => {
        const writers = Array.from({ length: 8 }, async (_, writer) => {
            for (let i = 0; i < 40; i++) {
                const durability = i % 3 === 0 ? 'relaxed' : 'fsync';
                await given().txn({
                    compares: [],
                    success: [{ type: 'put', key: `/w/${writer}`, value: bytes(String(i)) }],
                    failure: [],
                    durability,
                });
            }
        });
        const watchers: { seen: Collected; start: number }[] = [];
        for (let i = 0; i < 20; i++) {
            const start = 2 + Math.floor((given().revision - 1) / 2);
            watchers.push({ seen: collect(given(), '/w/', '/w0', { startRevision: start }), start });
            await new Promise((resolve) => setTimeout(resolve, 2));
        }
        await Promise.all(writers);
        const last = given().revision;
        for (const { seen, start } of watchers) {
            await seen.until(last - start + 1);
            const expected = Array.from({ length: last - start + 1 }, (_, i) => start + i);
            expect(seen.batches.map(({ revision }) => revision)).toEqual(expected);
        }
    });

    it('replays relaxed writes that are not on disk yet', async () => {
        await put(given(), '/a', '1');
        for (const value of ['2', '3']) await putRelaxed(given(), '/a', value);
        const seen = collect(given(), '/a', undefined, { startRevision: 2, previous: true });
        await seen.until(3);
        expect(seen.values()).toEqual(['1', '2', '3']);
        expect(seen.batches[2]?.events[0]?.previous?.value.toString()).toBe('2');
        expect((await given().range({ key: '/a', revision: 3 })).kvs[0]?.value.toString()).toBe('2');
    });

    it('stops a replay that is cancelled midway', async () => {
        await Promise.all(Array.from({ length: 100 }, async (_, i) => await put(given(), '/a', String(i))));
        const seen: number[] = [];
        const watch = given().watch({ key: '/a', startRevision: 2 }, ({ revision }) => {
            seen.push(revision);
            if (revision === 11) watch.cancel();
        });
        await put(given(), '/a', 'live');
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i + 2));
    });
}

function compaction(given: Given): void {
    it('forgets old versions and deletions, and keeps the newest state of every key', async () => {
        for (const value of ['1', '2', '3']) await put(given(), '/a', value);
        await put(given(), '/gone', 'x');
        await run(given(), [{ type: 'delete', key: '/gone' }]);
        await put(given(), '/b', '1');
        await given().compact(7);
        expect(given().compactedRevision).toBe(7);
        expect(await get(given(), '/a')).toEqual(kv('/a', '3', { create: 2, mod: 4, version: 3 }));
        expect(await get(given(), '/gone')).toBeUndefined();
        await rejectsWith(given().range({ key: '/a', revision: 6 }), 'compacted');
        expect((await given().range({ key: '/', end: '0', revision: 7 })).count).toBe(2);
        expect((await put(given(), '/gone', 'y')).revision).toBe(8);
        expect(await get(given(), '/gone')).toEqual(kv('/gone', 'y', { create: 8, mod: 8, version: 1 }));
    });

    it('can still be watched from the compacted revision, but not from below', async () => {
        await put(given(), '/a', '1');
        await put(given(), '/a', '2');
        await run(given(), [{ type: 'delete', key: '/a' }]);
        await put(given(), '/a', '3');
        await given().compact(4);
        expect(() => collect(given(), '/a', undefined, { startRevision: 3 })).toThrow('compacted');
        const seen = collect(given(), '/a', undefined, { startRevision: 4 });
        await seen.until(2);
        expect(seen.batches.map(({ revision, events }) => [revision, events[0]?.type])).toEqual([
            [4, 'delete'],
            [5, 'put'],
        ]);
    });

    it('lets a replay that began before it finish, and writers go on', async () => {
        const puts = Array.from({ length: 3000 }, async (_, i) => await put(given(), `/k/${i % 7}`, `${i}`));
        await Promise.all(puts);
        const seen = collect(given(), '/k/', '/k0', { startRevision: 2 });
        const compacting = given().compact(3001);
        const during = put(given(), '/k/0', 'during');
        await Promise.all([compacting, during]);
        await seen.until(3001);
        expect(seen.batches[0]?.revision).toBe(2);
        expect((await given().range({ key: '/k/', end: '/k0' })).count).toBe(7);
    });

    it('refuses a revision of the future and one that is compacted already', async () => {
        await rejectsWith(given().compact(2), 'futureRevision');
        await put(given(), '/a', '1');
        await given().compact(2);
        await rejectsWith(given().compact(2), 'compacted');
        await rejectsWith(given().compact(1), 'compacted');
        expect(given().compactedRevision).toBe(2);
    });
}

function limits(given: Given): void {
    it('refuses a transaction above 1.5 MiB and writes nothing', async () => {
        const value = Buffer.alloc(1024 * 1024, 1);
        const op = (key: string): StoreOp => ({ type: 'put', key, value });
        await rejectsWith(run(given(), [op('/a'), op('/b')]), 'tooLarge');
        expect(given().revision).toBe(1);
        expect((await run(given(), [op('/a')])).revision).toBe(2);
    });

    it('refuses everything after close, and ends watches', async () => {
        const errors: string[] = [];
        given().watch({ key: '/a', startRevision: 0 }, ignore, ({ reason }) => errors.push(reason));
        const pending = put(given(), '/a', '1');
        await given().close();
        expect((await pending).revision).toBe(2);
        expect(errors).toEqual(['closed']);
        await rejectsWith(put(given(), '/a', '2'), 'closed');
        await rejectsWith(given().range({ key: '/a' }), 'closed');
        await rejectsWith(given().compact(1), 'closed');
        await rejectsWith(given().readIndex(), 'closed');
        expect(() => collect(given(), '/a')).toThrow('closed');
    });

    it('knows a revision that covers every acknowledged write, and its size', async () => {
        const { revision } = await put(given(), '/a', '1');
        expect(await given().readIndex()).toBe(revision);
        expect(await given().sizeBytes()).toBeGreaterThan(0);
    });
}

function ignore(): void {
    // Nothing to do with it.
}

export function bytes(text: string): Buffer {
    return Buffer.from(text);
}

function kv(
    key: string,
    value: string,
    { create, mod, version, lease = 0 }: { create: number; mod: number; version: number; lease?: number },
): KeyValue {
    return { key, value: bytes(value), createRevision: create, modRevision: mod, version, lease };
}

export async function run(store: Store, success: StoreOp[]): Promise<TxnResult> {
    return await store.txn({ compares: [], success, failure: [] });
}

export async function put(store: Store, key: string, value: string, lease?: number): Promise<TxnResult> {
    const op: StoreOp = { type: 'put', key, value: bytes(value) };
    return await run(store, [lease === undefined ? op : { ...op, lease }]);
}

export async function putRelaxed(store: Store, key: string, value: string): Promise<TxnResult> {
    const success: StoreOp[] = [{ type: 'put', key, value: bytes(value) }];
    return await store.txn({ compares: [], success, failure: [], durability: 'relaxed' });
}

export async function get(store: Store, key: string): Promise<KeyValue | undefined> {
    return (await store.range({ key })).kvs[0];
}

function guard(key: string, modRevision: number) {
    return { key, target: 'modRevision', result: 'equal', value: modRevision } as const;
}

async function create(store: Store, key: string, value: string): Promise<TxnResult> {
    return await store.txn({
        compares: [guard(key, 0)],
        success: [{ type: 'put', key, value: bytes(value) }],
        failure: [{ type: 'range', key }],
    });
}

async function rejectsWith(promise: Promise<unknown>, reason: StoreError['reason']): Promise<void> {
    const error = await promise.then(
        (value: unknown) => value,
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ reason });
}

interface Collected {
    batches: WatchBatch[];
    watch: { cancel(): void };
    keys(): string[];
    values(): string[];
    /** Resolves when this many batches have come. */
    until(count: number): Promise<void>;
}

/** A watch that keeps what it is told. */
export function collect(
    store: Store,
    key: string,
    end?: string,
    options: { startRevision?: number; previous?: boolean } = {},
): Collected {
    const batches: WatchBatch[] = [];
    let wake = ignore;
    const watch = store.watch(
        { key, startRevision: 0, ...options, ...(end === undefined ? {} : { end }) },
        (batch) => {
            batches.push(batch);
            wake();
        },
    );
    const events = (): KeyValue[] => batches.flatMap((batch) => batch.events.map((event) => event.kv));
    return {
        batches,
        watch,
        keys: () => events().map((event) => event.key),
        values: () => events().map(({ value }) => value.toString()),
        until: async (count) => {
            while (batches.length < count) {
                await new Promise<void>((resolve) => {
                    wake = resolve;
                });
            }
        },
    };
}
