import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../util/logger.ts';
import { FaultDisk } from '../disk/fault-disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { relaxedDelayMaxMs, relaxedPendingMax, renewalDelayMaxMs } from '../log/log.ts';
import { retryAfterFailureMs } from '../log/single-member-log.ts';
import { collect, get, put, putRelaxed, run } from '../store-conformance.ts';
import { StoreError, type Store } from '../store.ts';
import { ManualClock, settled } from './manual-clock.ts';
import { openStoreOn } from './open-store.ts';

interface Setup {
    disk: FaultDisk;
    clock: ManualClock;
    store: Store;
    /** What a process sees that starts on the disk as it is now. */
    restart: () => Promise<Store>;
}

async function setup(ageMs = 300_000): Promise<Setup> {
    const disk = new FaultDisk(await openMemoryDisk());
    const clock = new ManualClock();
    const options = { logger: silentLogger(), clock, autoCompaction: { ageMs } };
    const restart = async (): Promise<Store> => await openStoreOn(disk, options);
    return { disk, clock, store: await restart(), restart };
}

const full = new StoreError('noSpace', 'No space left on device');

describe('group commit', () => {
    it('writes everything that waits with one sync, and alone when nothing waits', async () => {
        const { disk, store } = await setup();
        const before = disk.synced;
        await put(store, '/a', '1');
        expect(disk.synced - before).toBe(1);
        await Promise.all(Array.from({ length: 200 }, async (_, i) => await put(store, `/k${i}`, '')));
        expect(disk.synced - before).toBe(2);
    });

    it('writes nothing for transactions that change nothing', async () => {
        const { disk, store } = await setup();
        const before = disk.writes.length;
        await run(store, [{ type: 'range', key: '/a' }]);
        await run(store, [{ type: 'delete', key: '/a' }]);
        expect(disk.writes.length).toBe(before);
    });

    it('refuses more than the queue holds', async () => {
        const { store } = await setup();
        const results = await Promise.allSettled(
            Array.from({ length: 20_010 }, async (_, i) => await put(store, `/k/${i % 10}`, '')),
        );
        const refused = results.filter(({ status }) => status === 'rejected');
        expect(refused).toHaveLength(10);
        expect(refused[0]).toMatchObject({ reason: { reason: 'timeout' } });
        expect((await put(store, '/after', '')).revision).toBe(20_002);
    });
});

describe('relaxed writes', () => {
    it('are visible at once, and written after the delay at the latest, with one sync', async () => {
        const { disk, clock, store, restart } = await setup();
        await put(store, '/a', '1');
        const before = disk.synced;
        const seen = collect(store, '/lease');
        await putRelaxed(store, '/lease', '1');
        await putRelaxed(store, '/lease', '2');
        expect(seen.values()).toEqual(['1', '2']);
        expect((await get(store, '/lease'))?.value.toString()).toBe('2');
        expect(disk.synced).toBe(before);
        expect(await get(await restart(), '/lease')).toBeUndefined();
        await clock.advance(relaxedDelayMaxMs);
        expect(disk.synced).toBe(before + 1);
        expect((await get(await restart(), '/lease'))?.value.toString()).toBe('2');
    });

    it('ride along with the next durable write, in front of it in the same batch', async () => {
        const { disk, clock, store } = await setup();
        await put(store, '/a', '1');
        await putRelaxed(store, '/lease', '1');
        const before = disk.writes.length;
        await put(store, '/a', '2');
        expect(disk.writes.length).toBe(before + 1);
        expect(disk.writes.at(-1)?.map(({ key }) => key.toString('utf8', 7))).toEqual(['/lease', '/a']);
        const timers = clock.timers;
        await clock.advance(relaxedDelayMaxMs);
        expect(disk.writes.length).toBe(before + 1);
        expect(clock.timers).toBe(timers);
    });

    it('that are renewals wait longer, unless another relaxed write comes', async () => {
        const { disk, clock, store } = await setup();
        await put(store, '/a', '1');
        const before = disk.synced;
        await putRenewal(store, '1');
        await clock.advance(renewalDelayMaxMs - 1);
        expect(disk.synced).toBe(before);
        await clock.advance(1);
        expect(disk.synced).toBe(before + 1);
        await putRenewal(store, '2');
        await putRelaxed(store, '/event', '1');
        await clock.advance(relaxedDelayMaxMs);
        expect(disk.synced).toBe(before + 2);
    });

    it('say only what differs where they replace each other, and read as if each were whole', async () => {
        const value = (i: number): string => `${'the same in every renewal '.repeat(30)}${i}`;
        const fill = async ({ store, clock }: Setup, durability: 'fsync' | 'renewal'): Promise<void> => {
            await put(store, '/a', '1');
            for (let i = 0; i < 30; i++) await putRenewal(store, value(i), durability);
            await clock.advance(renewalDelayMaxMs);
        };
        const [heldBack, synced] = [await setup(Infinity), await setup(Infinity)];
        await fill(heldBack, 'renewal');
        await fill(synced, 'fsync');
        const bytes = heldBack.disk.writes
            .at(-1)
            ?.map((write) => ('value' in write ? write.value.length : 0));
        expect(bytes).toHaveLength(30);
        expect(bytes?.at(-1)).toBeGreaterThan(780);
        for (const size of bytes?.slice(0, -1) ?? []) expect(size).toBeLessThan(60);

        for (const store of [heldBack.store, await heldBack.restart()]) {
            for (let i = 0; i < 30; i++) {
                const { kvs } = await store.range({ key: '/lease', revision: 3 + i });
                expect(kvs[0]?.value.toString()).toBe(value(i));
            }
            const seen = collect(store, '/lease', undefined, { startRevision: 3 });
            await seen.until(30);
            expect(seen.values()).toEqual(Array.from({ length: 30 }, (_, i) => value(i)));
            expect((await store.hashKv(0)).hash).toBe((await synced.store.hashKv(0)).hash);
        }
        await heldBack.store.compact(20);
        const { kvs } = await heldBack.store.range({ key: '/lease', revision: 20 });
        expect(kvs[0]?.value.toString()).toBe(value(17));
        await expect(heldBack.store.range({ key: '/lease', revision: 19 })).rejects.toThrow('compacted');
    });

    it('are written when there are many of them', async () => {
        const { disk, store } = await setup();
        await put(store, '/a', '1');
        const before = disk.synced;
        for (let i = 0; i <= relaxedPendingMax; i++) await putRelaxed(store, '/lease', String(i));
        expect(disk.synced).toBe(before + 1);
    });

    it('never have their revisions given to others after a crash', async () => {
        const { store, restart } = await setup();
        await put(store, '/a', '1');
        let lost = 0;
        for (let i = 0; i < 5; i++) lost = (await putRelaxed(store, '/lease', String(i))).revision;
        const restarted = await restart();
        expect(restarted.revision).toBeGreaterThanOrEqual(lost);
        const seen = collect(restarted, '/', '0', { startRevision: lost + 1 });
        await put(restarted, '/a', '2');
        await seen.until(1);
        expect(seen.values()).toEqual(['2']);
    });

    it('are kept by an orderly close, which leaves the revision as it is', async () => {
        const { store, restart } = await setup();
        await put(store, '/a', '1');
        await putRelaxed(store, '/lease', '1');
        await store.close();
        const restarted = await restart();
        expect(restarted.revision).toBe(3);
        expect((await get(restarted, '/lease'))?.value.toString()).toBe('1');
    });
});

describe('a full disk', () => {
    it('refuses writes with noSpace, goes on reading, and writes again when there is room', async () => {
        const { disk, clock, store } = await setup();
        await put(store, '/a', '1');
        const seen = collect(store, '/a');
        disk.fault = full;
        await expect(put(store, '/a', '2')).rejects.toMatchObject({ reason: 'noSpace' });
        await expect(put(store, '/a', '3')).rejects.toMatchObject({ reason: 'noSpace' });
        expect(store.revision).toBe(2);
        expect((await get(store, '/a'))?.value.toString()).toBe('1');
        disk.fault = undefined;
        await clock.advance(retryAfterFailureMs);
        expect((await put(store, '/a', '4')).revision).toBe(3);
        expect(seen.values()).toEqual(['4']);
    });

    it('keeps relaxed writes in memory and writes them when there is room', async () => {
        const { disk, clock, store, restart } = await setup();
        await put(store, '/a', '1');
        disk.fault = full;
        await putRelaxed(store, '/lease', '1');
        await clock.advance(relaxedDelayMaxMs);
        await expect(put(store, '/a', '2')).rejects.toMatchObject({ reason: 'noSpace' });
        expect((await get(store, '/lease'))?.value.toString()).toBe('1');
        disk.fault = undefined;
        await clock.advance(relaxedDelayMaxMs);
        expect((await get(await restart(), '/lease'))?.value.toString()).toBe('1');
    });

    it('takes back a group as a whole, also keys that it created', async () => {
        const { disk, clock, store } = await setup();
        await put(store, '/a', '1');
        disk.fault = full;
        const group = [put(store, '/a', '2'), put(store, '/new', 'x'), put(store, '/a', '3')];
        const results = await Promise.allSettled([
            ...group,
            run(store, [{ type: 'delete', key: '/', end: '0' }]),
        ]);
        expect(results.every(({ status }) => status === 'rejected')).toBe(true);
        disk.fault = undefined;
        await clock.advance(retryAfterFailureMs);
        const all = await store.range({ key: '/', end: '0' });
        expect(all.kvs.map(({ key, version }) => [key, version])).toEqual([['/a', 1]]);
        expect((await put(store, '/a', '4')).responses[0]).toMatchObject({
            previous: { modRevision: 2, version: 1 },
        });
    });

    it('removes what a failed write has left on disk before it writes again', async () => {
        const { disk, clock, store, restart } = await setup();
        await put(store, '/a', '1');
        disk.fault = full;
        disk.leavesWhole = true;
        await expect(put(store, '/ghost', 'x')).rejects.toMatchObject({ reason: 'noSpace' });
        disk.fault = undefined;
        await clock.advance(retryAfterFailureMs);
        await put(store, '/a', '2');
        const restarted = await restart();
        expect(await get(restarted, '/ghost')).toBeUndefined();
        expect((await get(restarted, '/a'))?.value.toString()).toBe('2');
    });
});

describe('compaction by age', () => {
    const ageMs = 300_000;

    it('keeps at least one interval of history and stops its timer when there is nothing to do', async () => {
        const { disk, clock, store } = await setup(ageMs);
        expect(clock.timers).toBe(0);
        for (const value of ['1', '2', '3']) await put(store, '/a', value);
        await clock.advance(ageMs);
        expect(store.compactedRevision).toBe(0);
        await put(store, '/a', '4');
        await clock.advance(ageMs);
        expect(store.compactedRevision).toBe(4);
        await clock.advance(ageMs);
        expect(store.compactedRevision).toBe(5);
        expect(clock.timers).toBe(0);
        const writes = disk.writes.length;
        await clock.advance(10 * ageMs);
        expect(disk.writes.length).toBe(writes);
        expect((await get(store, '/a'))?.value.toString()).toBe('4');
    });

    it('finishes after a restart what a crash interrupted', async () => {
        const { disk, store, restart } = await setup(ageMs);
        for (const value of ['1', '2', '3']) await put(store, '/a', value);
        await run(store, [{ type: 'delete', key: '/a' }]);
        await put(store, '/b', '1');
        const compacting = store.compact(6);
        const refuse = disk.write.bind(disk);
        disk.write = async (writes, options) => {
            if (!options.sync) throw full;
            await refuse(writes, options);
        };
        await expect(compacting).rejects.toMatchObject({ reason: 'noSpace' });
        disk.write = refuse;
        const restarted = await restart();
        expect(restarted.compactedRevision).toBe(6);
        await settled();
        let records = 0;
        for await (const entries of disk.scan({ from: Buffer.from('r'), to: Buffer.from('s') })) {
            records += entries.length;
        }
        expect(records).toBe(1);
        expect((await restarted.range({ key: '/', end: '0' })).kvs.map(({ key }) => key)).toEqual(['/b']);
    });

    it('cuts history by size when asked to', async () => {
        const disk = await openMemoryDisk();
        const autoCompaction = { ageMs, writtenBytesMax: 80_000 };
        const store = await openStoreOn(disk, { autoCompaction });
        for (let i = 0; i < 200; i++) await put(store, '/a', 'x'.repeat(1_000));
        await settled();
        expect(store.compactedRevision).toBeGreaterThan(100);
        expect(store.revision - store.compactedRevision).toBeGreaterThan(30);
        expect(await store.sizeBytes()).toBeLessThan(100_000);
        await store.close();
    });
});

async function putRenewal(
    store: Store,
    value: string,
    durability: 'fsync' | 'renewal' = 'renewal',
): Promise<void> {
    const success = [{ type: 'put' as const, key: '/lease', value: Buffer.from(value) }];
    await store.txn({ compares: [], success, failure: [], durability });
}
