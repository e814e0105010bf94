import { describe, expect, it } from '@jest/globals';
import { FaultDisk } from '../disk/fault-disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { retryAfterFailureMs } from '../log/single-member-log.ts';
import { get, put } from '../store-conformance.ts';
import { StoreError } from '../store.ts';
import { leaseCheckIntervalMs, leaseRevocationsMax } from './lease-expiry.ts';
import { ManualClock, settled } from './manual-clock.ts';
import type { MvccStore } from './mvcc-store.ts';
import { openStoreOn } from './open-store.ts';

interface Setup {
    disk: FaultDisk;
    clock: ManualClock;
    store: MvccStore;
    restart: () => Promise<MvccStore>;
}

async function setup(): Promise<Setup> {
    const disk = new FaultDisk(await openMemoryDisk());
    const clock = new ManualClock();
    const restart = async (): Promise<MvccStore> => await openStoreOn(disk, { clock });
    return { disk, clock, store: await restart(), restart };
}

describe('expiry of leases', () => {
    it('comes after the time to live since the last sign of life, which costs no write', async () => {
        const { disk, clock, store } = await setup();
        await store.leases.grant({ id: 7, ttlSeconds: 10 });
        await put(store, '/a', '1', 7);
        const writes = disk.writes.length;
        for (let i = 0; i < 5; i++) {
            await clock.advance(9_000);
            expect(await store.leases.keepAlive(7)).toBe(10);
        }
        await clock.advance(4_000);
        expect(await store.leases.timeToLive(7, { keys: true })).toEqual({
            ttlSeconds: 6,
            grantedTtlSeconds: 10,
            keys: ['/a'],
        });
        expect(disk.writes.length).toBe(writes);
        await clock.advance(6_000);
        expect(await get(store, '/a')).toBeUndefined();
        expect(await store.leases.list()).toEqual([]);
        await store.close();
        expect(clock.timers).toBe(0);
    });

    it('begins anew for all leases after a restart, which finds their keys', async () => {
        const { clock, store, restart } = await setup();
        await store.leases.grant({ id: 7, ttlSeconds: 10 });
        await put(store, '/a', '1', 7);
        await clock.advance(8_000);
        await store.close();
        const restarted = await restart();
        await clock.advance(8_000);
        expect((await restarted.leases.timeToLive(7, { keys: true })).keys).toEqual(['/a']);
        await clock.advance(2_000);
        expect(await get(restarted, '/a')).toBeUndefined();
    });

    it('is for the leader only, and a new leader gives all their full time', async () => {
        const { clock, store } = await setup();
        await store.leases.grant({ id: 7, ttlSeconds: 10 });
        await clock.advance(8_000);
        store.setLeading(false);
        await clock.advance(60_000);
        expect(await store.leases.list()).toEqual([7]);
        await expect(store.leases.keepAlive(7)).rejects.toMatchObject({ reason: 'noLeader' });
        store.setLeading(true);
        expect((await store.leases.timeToLive(7, { keys: false })).ttlSeconds).toBe(10);
        await clock.advance(9_999);
        expect(await store.leases.list()).toEqual([7]);
        await clock.advance(1);
        expect(await store.leases.list()).toEqual([]);
    });

    it('revokes no more than so many at a time', async () => {
        const { clock, store } = await setup();
        const ids = Array.from({ length: leaseRevocationsMax + 10 }, (_, i) => i + 1);
        await Promise.all(ids.map(async (id) => await store.leases.grant({ id, ttlSeconds: 10 })));
        await clock.advance(10_000);
        expect(await store.leases.list()).toHaveLength(10);
        await clock.advance(leaseCheckIntervalMs);
        expect(await store.leases.list()).toEqual([]);
        await clock.advance(leaseCheckIntervalMs);
        expect(clock.timers).toBe(0);
    });

    it('is tried again when the disk was full, and a lease that has run out cannot be kept alive', async () => {
        const { disk, clock, store } = await setup();
        await store.leases.grant({ id: 7, ttlSeconds: 10 });
        disk.fault = new StoreError('noSpace', 'No space left on device');
        await clock.advance(10_000);
        expect(await store.leases.list()).toEqual([7]);
        await expect(store.leases.keepAlive(7)).rejects.toMatchObject({ reason: 'leaseNotFound' });
        disk.fault = undefined;
        await clock.advance(Math.max(retryAfterFailureMs, leaseCheckIntervalMs));
        await settled();
        expect(await store.leases.list()).toEqual([]);
    });
});
