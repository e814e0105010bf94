import { expect, it } from '@jest/globals';
import {
    collect,
    get,
    kv,
    put,
    rejectsWith,
    run,
    type ConformanceCapabilities,
    type Given,
} from './helpers.ts';

export function compaction(
    given: Given,
    { localWatches, keepsDeletionAtCompaction }: ConformanceCapabilities,
): void {
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
        await put(given(), '/a', '3');
        await run(given(), [{ type: 'delete', key: '/a' }]);
        await given().compact(4);
        expect(() => collect(given(), '/a', undefined, { startRevision: 3 })).toThrow('compacted');
        const seen = collect(given(), '/a', undefined, { startRevision: 4 });
        await seen.until(2);
        expect(seen.batches.map(({ revision, events }) => [revision, events[0]?.type])).toEqual([
            [4, 'put'],
            [5, 'delete'],
        ]);
        if (!keepsDeletionAtCompaction) return;
        await given().compact(5);
        const deletion = collect(given(), '/a', undefined, { startRevision: 5 });
        await deletion.until(1);
        expect(deletion.batches[0]).toMatchObject({ revision: 5, events: [{ type: 'delete' }] });
    });

    const itLocally = localWatches ? it : it.skip;
    itLocally('lets a replay that began before it finish, and writers go on', async () => {
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
