import { expect, it } from '@jest/globals';
import { keyOfText, prefixEnd, type KeyValue, type RangeRequest } from '../store.ts';
import { kv, put, rejectsWith, run, type Given } from './helpers.ts';

export function ranges(given: Given): void {
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

    it('sorts by any property, in both directions, before it cuts at the limit', async () => {
        const values = { '/p/a': '2', '/p/b': '3', '/p/c': '1' };
        for (const [key, value] of Object.entries(values)) await put(given(), key, value);
        await put(given(), '/p/a', '2');
        const keys = async (request: Partial<RangeRequest>): Promise<string> => {
            const { kvs, count } = await given().range({ key: '/p/', end: '/p0', ...request });
            expect(count).toBe(3);
            return kvs.map(({ key }) => key.slice(-1)).join('');
        };
        expect(await keys({ sort: { by: 'key', descending: true } })).toBe('cba');
        expect(await keys({ sort: { by: 'key', descending: true }, limit: 2 })).toBe('cb');
        expect(await keys({ sort: { by: 'modRevision', descending: false } })).toBe('bca');
        expect(await keys({ sort: { by: 'createRevision', descending: true } })).toBe('cba');
        expect(await keys({ sort: { by: 'version', descending: true }, limit: 1 })).toBe('a');
        expect(await keys({ sort: { by: 'value', descending: false } })).toBe('cab');
        expect(await keys({ sort: { by: 'value', descending: false }, keysOnly: true, limit: 2 })).toBe('ca');
        expect(await keys({ sort: { by: 'modRevision', descending: false }, revision: 4 })).toBe('abc');
    });

    it('leaves out what was written or created outside bounds, but counts it', async () => {
        for (const key of ['/p/a', '/p/b', '/p/c', '/p/a']) await put(given(), key, key);
        const keys = async (request: Partial<RangeRequest>): Promise<string> => {
            const { kvs, count } = await given().range({ key: '/p/', end: '/p0', ...request });
            expect(count).toBe(3);
            return kvs.map(({ key }) => key.slice(-1)).join('');
        };
        expect(await keys({ modRevisionMin: 4 })).toBe('ac');
        expect(await keys({ modRevisionMax: 4 })).toBe('bc');
        expect(await keys({ modRevisionMin: 4, limit: 1 })).toBe('a');
        expect(await keys({ createRevisionMin: 3, createRevisionMax: 3 })).toBe('b');
        expect(await keys({ createRevisionMax: 3, modRevisionMin: 5 })).toBe('a');
        expect(await keys({ modRevisionMax: 2, revision: 4 })).toBe('a');
    });
}
