import { expect, it } from '@jest/globals';
import { get, put, rejectsWith, run, type Given } from './helpers.ts';

export function maintenance(given: Given): void {
    it('has one hash for one history, and another for another', async () => {
        for (const value of ['1', '2', '3']) await put(given(), '/a', value);
        const at4 = await given().hashKv(0);
        expect(at4.revision).toBe(4);
        expect(await given().hashKv(4)).toEqual(at4);
        await run(given(), [{ type: 'delete', key: '/a' }]);
        expect((await given().hashKv(4)).hash).toBe(at4.hash);
        expect((await given().hashKv(5)).hash).not.toBe(at4.hash);
        expect((await given().hashKv(3)).hash).not.toBe(at4.hash);
        await given().compact(4);
        const compacted = await given().hashKv(0);
        expect(compacted).toMatchObject({ revision: 5, compactRevision: 4 });
        expect(await given().hashKv(5)).toEqual(compacted);
        await rejectsWith(given().hashKv(9), 'futureRevision');
        await rejectsWith(given().hashKv(3), 'compacted');
    });

    it('answers as before when it was defragmented, and goes on', async () => {
        for (let i = 0; i < 20; i++) await put(given(), `/k/${i % 4}`, 'x'.repeat(10_000));
        await given().compact(21);
        const going = put(given(), '/k/during', '1');
        await given().defragment();
        await going;
        expect((await given().range({ key: '/k/', end: '/k0' })).count).toBe(5);
        await put(given(), '/k/0', 'after');
        expect((await get(given(), '/k/0'))?.version).toBe(6);
    });
}
