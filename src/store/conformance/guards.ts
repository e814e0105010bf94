import { expect, it } from '@jest/globals';
import type { Compare } from '../store.ts';
import { bytes, create, get, guard, put, type Given } from './helpers.ts';

export function guards(given: Given): void {
    it('creates a key only once when many try at the same time', async () => {
        const attempts = Array.from({ length: 50 }, async (_, i) => await create(given(), '/a', String(i)));
        const results = await Promise.all(attempts);
        expect(results.filter(({ succeeded }) => succeeded)).toHaveLength(1);
        const winner = results.findIndex(({ succeeded }) => succeeded);
        const lost = results[winner === 0 ? 49 : 0]?.responses[0];
        expect(lost).toMatchObject({ type: 'range', count: 1 });
        expect((await get(given(), '/a'))?.value.toString()).toBe(String(winner));
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
        const holds = async (compare: Compare): Promise<boolean> =>
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

    it('compares every key of a range, and zeros when there is none', async () => {
        for (const key of ['/p/a', '/p/b', '/p/c']) await put(given(), key, 'x');
        await put(given(), '/p/b', 'y');
        const holds = async (compare: Compare): Promise<boolean> =>
            (await given().txn({ compares: [compare], success: [], failure: [] })).succeeded;
        const range = { key: '/p/', end: '/p0' };
        expect(await holds({ ...range, target: 'createRevision', result: 'greater', value: 1 })).toBe(true);
        expect(await holds({ ...range, target: 'createRevision', result: 'greater', value: 2 })).toBe(false);
        expect(await holds({ ...range, target: 'version', result: 'less', value: 3 })).toBe(true);
        expect(await holds({ ...range, target: 'version', result: 'equal', value: 1 })).toBe(false);
        expect(await holds({ ...range, target: 'value', result: 'greater', value: bytes('w') })).toBe(true);
        expect(await holds({ ...range, target: 'value', result: 'equal', value: bytes('x') })).toBe(false);
        const none = { key: '/q/', end: '/q0' };
        expect(await holds({ ...none, target: 'modRevision', result: 'equal', value: 0 })).toBe(true);
        expect(await holds({ ...none, target: 'version', result: 'greater', value: 0 })).toBe(false);
        expect(await holds({ ...none, target: 'value', result: 'notEqual', value: bytes('x') })).toBe(false);
    });
}
