import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../util/logger.ts';
import { systemClock } from '../../util/clock.ts';
import { FaultDisk } from '../disk/fault-disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { openStoreOn } from '../mvcc/open-store.ts';
import { get, put, putRelaxed } from '../store-conformance.ts';
import { StoreError } from '../store.ts';
import { SingleMemberLog } from './single-member-log.ts';

describe('a store whose log is replaced while it is written', () => {
    it('loses nothing, keeps the order, and has everything on disk before the new log begins', async () => {
        const disk = new FaultDisk(await openMemoryDisk());
        const store = await openStoreOn(disk, {});
        await put(store, '/a', '1');
        for (let i = 0; i < 5; i++) await putRelaxed(store, '/relaxed', String(i));
        const before = Array.from({ length: 50 }, async (_, i) => await put(store, '/a', String(i)));
        let seen: number | undefined;
        const replacing = store.replaceLog(
            async (machine) => {
                const restarted = await openStoreOn(disk, {});
                seen = restarted.revision;
                return new SingleMemberLog({ disk, machine, clock: systemClock, logger: silentLogger() });
            },
            { replicated: false },
        );
        const after = Array.from({ length: 50 }, async (_, i) => await put(store, '/b', String(i)));
        await replacing;
        expect(seen).toBe(57);
        const revisions = (await Promise.all([...before, ...after])).map(({ revision }) => revision);
        expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => i + 8));
        expect((await get(store, '/relaxed'))?.version).toBe(5);
        await store.close();
        await expect(put(store, '/a', '2')).rejects.toMatchObject({ reason: 'closed' });
    });

    it('stays with the old log while what is held back cannot be written', async () => {
        const disk = new FaultDisk(await openMemoryDisk());
        const store = await openStoreOn(disk, {});
        await put(store, '/a', '1');
        await putRelaxed(store, '/relaxed', '1');
        disk.fault = new StoreError('noSpace', 'No space left on device');
        const create = async (): Promise<never> => await Promise.reject(new Error('not reached'));
        const replacing = store.replaceLog(create, { replicated: true });
        await expect(replacing).rejects.toMatchObject({ reason: 'noSpace' });
        expect((await putRelaxed(store, '/relaxed', '2')).revision).toBe(4);
    });
});
