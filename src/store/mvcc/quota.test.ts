import { describe, expect, it } from '@jest/globals';
import { FaultDisk } from '../disk/fault-disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { get, put, run } from '../store-conformance.ts';
import type { MvccStore } from './mvcc-store.ts';
import { openStoreOn } from './open-store.ts';

describe('a quota', () => {
    const quotaBytes = 200_000;
    const value = 'x'.repeat(10_000);

    async function fill(store: MvccStore): Promise<number> {
        for (let i = 0; ; i++) {
            try {
                await put(store, '/a', value);
            } catch (error) {
                expect(error).toMatchObject({ reason: 'noSpace' });
                return i;
            }
        }
    }

    it('raises the alarm, refuses what takes space, and lets everything else go on', async () => {
        const disk = new FaultDisk(await openMemoryDisk());
        let store = await openStoreOn(disk, { quotaBytes, memberId: '00000000000000aa' });
        await store.leases.grant({ id: 7, ttlSeconds: 60 });
        await put(store, '/b', '1', 7);
        const written = await fill(store);
        expect(written).toBeGreaterThan(15);
        expect(written).toBeLessThan(20);
        expect(store.alarms()).toEqual([{ member: '00000000000000aa', type: 'NOSPACE' }]);
        await store.close();
        store = await openStoreOn(disk, { quotaBytes: 10 * quotaBytes });
        expect(store.alarms()).toHaveLength(1);
        const small = put(store, '/small', '1');
        await expect(small).rejects.toMatchObject({ reason: 'noSpace' });
        await expect(store.leases.grant({ id: 0, ttlSeconds: 9 })).rejects.toMatchObject({
            reason: 'noSpace',
        });
        expect((await get(store, '/a'))?.value.length).toBe(value.length);
        await store.leases.revoke(7);
        await run(store, [{ type: 'delete', key: '/a' }]);
        await store.compact(store.revision);
        await store.setAlarm(store.alarms()[0]!, false);
        expect(store.alarms()).toEqual([]);
        expect(await fillOnce(store)).toBe(true);
        expect(await store.sizeBytes()).toBeLessThan(quotaBytes);
    });

    it('with a corrupt member nothing is written at all', async () => {
        const store = await openStoreOn(await openMemoryDisk(), {});
        await put(store, '/a', '1');
        await store.setAlarm({ member: 'x', type: 'CORRUPT' }, true);
        for (const refused of [
            put(store, '/a', '2'),
            run(store, [{ type: 'delete', key: '/a' }]),
            store.compact(2),
        ]) {
            await expect(refused).rejects.toMatchObject({ reason: 'corrupt' });
        }
        expect(await get(store, '/a')).toBeDefined();
        await store.setAlarm({ member: 'x', type: 'CORRUPT' }, false);
        expect((await put(store, '/a', '2')).revision).toBe(3);
    });
});

async function fillOnce(store: MvccStore): Promise<boolean> {
    return (await put(store, '/a', '1')).succeeded;
}
