import { expect, it } from '@jest/globals';
import { keyOfText, prefixEnd, type StoreOp } from '../store.ts';
import { bytes, get, kv, put, rejectsWith, run, type Given } from './helpers.ts';

export function transactions(given: Given): void {
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
        await rejectsWith(run(given(), [twice, twice]), 'duplicateKey');
        await rejectsWith(run(given(), [twice, { type: 'delete', key: '/', end: '0' }]), 'duplicateKey');
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

    it('lets deletions of a transaction overlap, each answering with what it deleted', async () => {
        await put(given(), '/a', '1');
        await put(given(), '/b', '1');
        const { responses, revision } = await run(given(), [
            { type: 'delete', key: '/a' },
            { type: 'delete', key: '/', end: '0' },
        ]);
        expect(revision).toBe(4);
        expect(responses).toEqual([
            { type: 'delete', deleted: [kv('/a', '1', { create: 2, mod: 2, version: 1 })] },
            { type: 'delete', deleted: [kv('/b', '1', { create: 3, mod: 3, version: 1 })] },
        ]);
    });

    it('keeps the value or the lease when told to, and refuses that for a key that is not there', async () => {
        await given().leases.grant({ id: 5, ttlSeconds: 60 });
        await put(given(), '/a', '1', 5);
        const value = bytes('');
        await run(given(), [{ type: 'put', key: '/a', value, ignoreValue: true }]);
        expect(await get(given(), '/a')).toEqual(kv('/a', '1', { create: 2, mod: 3, version: 2 }));
        await run(given(), [{ type: 'put', key: '/a', value, ignoreValue: true, lease: 5 }]);
        await run(given(), [{ type: 'put', key: '/a', value: bytes('2'), ignoreLease: true }]);
        expect(await get(given(), '/a')).toEqual(kv('/a', '2', { create: 2, mod: 5, version: 4, lease: 5 }));
        const there: StoreOp = { type: 'put', key: '/b', value };
        for (const ignored of [{ ignoreValue: true }, { ignoreLease: true }]) {
            const missing: StoreOp = { type: 'put', key: '/none', value, ...ignored };
            await rejectsWith(run(given(), [there, missing]), 'keyNotFound');
        }
        expect(await get(given(), '/b')).toBeUndefined();
        expect(given().revision).toBe(5);
    });
}
