import { expect, it } from '@jest/globals';
import {
    bytes,
    collect,
    get,
    put,
    rejectsWith,
    run,
    type ConformanceCapabilities,
    type Given,
} from './helpers.ts';

export function leases(given: Given, { eventsInKeyOrder }: ConformanceCapabilities): void {
    it('grants leases, under an identifier of the caller or of its own, without a revision', async () => {
        const { leases } = given();
        expect(await leases.grant({ id: 77, ttlSeconds: 60 })).toEqual({ id: 77, ttlSeconds: 60 });
        await rejectsWith(leases.grant({ id: 77, ttlSeconds: 60 }), 'leaseExists');
        const { id } = await leases.grant({ id: 0, ttlSeconds: 1 });
        expect(id).toBeGreaterThan(0);
        expect((await leases.timeToLive(id, { keys: false })).grantedTtlSeconds).toBeGreaterThanOrEqual(1);
        expect((await leases.list()).sort()).toEqual([77, id].sort());
        expect(given().revision).toBe(1);
        await rejectsWith(leases.grant({ id: 78, ttlSeconds: 10_000_000_000 }), 'tooLarge');
    });

    it('knows which keys are attached, through overwriting, moving and deletion', async () => {
        const { leases } = given();
        for (const id of [7, 8]) await leases.grant({ id, ttlSeconds: 60 });
        for (const key of ['/b', '/a', '/c', '/d', '/e']) await put(given(), key, '1', 7);
        await put(given(), '/b', '2', 8);
        await put(given(), '/c', '2');
        await put(given(), '/a', '2', 7);
        await run(given(), [{ type: 'delete', key: '/e' }]);
        const keysOf = async (id: number): Promise<string[]> =>
            (await leases.timeToLive(id, { keys: true })).keys.sort();
        expect(await keysOf(7)).toEqual(['/a', '/d']);
        expect(await keysOf(8)).toEqual(['/b']);
        expect((await leases.timeToLive(7, { keys: false })).keys).toEqual([]);
        expect(await leases.timeToLive(9, { keys: true })).toMatchObject({ ttlSeconds: -1, keys: [] });
    });

    it('deletes the attached keys of a revoked lease in one revision', async () => {
        const { leases } = given();
        await leases.grant({ id: 7, ttlSeconds: 60 });
        for (const key of ['/c', '/a', '/b']) await put(given(), key, '1', 7);
        await put(given(), '/stays', '1');
        const seen = collect(given(), '/', '0');
        expect(await leases.revoke(7)).toEqual({ revision: 6 });
        await seen.until(1);
        expect(seen.batches).toHaveLength(1);
        expect(seen.batches[0]?.revision).toBe(6);
        expect(eventsInKeyOrder ? seen.keys() : seen.keys().sort()).toEqual(['/a', '/b', '/c']);
        expect(await get(given(), '/stays')).toBeDefined();
        expect(await leases.list()).toEqual([]);
        await rejectsWith(leases.revoke(7), 'leaseNotFound');
        await rejectsWith(leases.keepAlive(7), 'leaseNotFound');
        await leases.grant({ id: 7, ttlSeconds: 60 });
        expect((await leases.timeToLive(7, { keys: true })).keys).toEqual([]);
        expect(await leases.revoke(7)).toEqual({ revision: 6 });
    });

    it('refuses a put with a lease that is not there, and all of its transaction', async () => {
        const value = bytes('1');
        await rejectsWith(put(given(), '/a', '1', 5), 'leaseNotFound');
        const refused = run(given(), [
            { type: 'put', key: '/b', value },
            {
                type: 'txn',
                compares: [],
                success: [{ type: 'put', key: '/a', value, lease: 5 }],
                failure: [],
            },
        ]);
        await rejectsWith(refused, 'leaseNotFound');
        expect(await get(given(), '/b')).toBeUndefined();
        const other = { type: 'txn', compares: [], success: [], failure: [] } as const;
        const notRun = { ...other, failure: [{ type: 'put', key: '/a', value, lease: 5 } as const] };
        expect((await run(given(), [notRun, { type: 'put', key: '/b', value }])).revision).toBe(2);
    });

    it('lets a lease expire that is not kept alive, with its keys, and no other', async () => {
        const { leases } = given();
        for (const id of [7, 8]) await leases.grant({ id, ttlSeconds: 2 });
        await put(given(), '/dies', '1', 7);
        await put(given(), '/lives', '1', 8);
        const seen = collect(given(), '/', '0');
        const expired = seen.until(1);
        const keepAlive = setInterval(() => void leases.keepAlive(8), 300);
        try {
            await expired;
        } finally {
            clearInterval(keepAlive);
        }
        expect(seen.keys()).toEqual(['/dies']);
        expect(await leases.keepAlive(8)).toBe(2);
        expect(await leases.list()).toEqual([8]);
        expect(await get(given(), '/lives')).toBeDefined();
    });
}
