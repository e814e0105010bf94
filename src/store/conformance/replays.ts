import { expect, it } from '@jest/globals';
import { bytes, collect, kv, put, putRelaxed, run, type Collected, type Given } from './helpers.ts';

export function replays(given: Given): void {
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
        await new Promise<void>((resolve) => {
            const watch = given().watch({ key: '/a', startRevision: 2 }, ({ revision }) => {
                seen.push(revision);
                if (revision !== 11) return;
                watch.cancel();
                resolve();
            });
        });
        await put(given(), '/a', 'live');
        // Another watch gets to the end; by then this one would have been told more.
        const other = collect(given(), '/a', undefined, { startRevision: 2 });
        await other.until(101);
        expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i + 2));
    });
}
