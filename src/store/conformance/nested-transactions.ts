import { expect, it } from '@jest/globals';
import type { StoreOp } from '../store.ts';
import { bytes, get, guard, kv, put, rejectsWith, run, type Given } from './helpers.ts';

export function nestedTransactions(given: Given): void {
    it('runs transactions inside a transaction, all at one revision', async () => {
        await put(given(), '/a', '1');
        const { responses, revision } = await run(given(), [
            put1('/x'),
            {
                type: 'txn',
                compares: [guard('/a', 2)],
                success: [put1('/b'), { type: 'range', key: '/', end: '0', countOnly: true }],
                failure: [put1('/wrong')],
            },
            {
                type: 'txn',
                compares: [guard('/a', 9)],
                success: [put1('/never')],
                failure: [inner(put1('/c'))],
            },
        ]);
        expect(revision).toBe(3);
        expect(responses).toEqual([
            { type: 'put', previous: undefined },
            {
                type: 'txn',
                succeeded: true,
                responses: [
                    { type: 'put', previous: undefined },
                    { type: 'range', kvs: [], count: 3, revision: 3 },
                ],
            },
            {
                type: 'txn',
                succeeded: false,
                responses: [
                    { type: 'txn', succeeded: true, responses: [{ type: 'put', previous: undefined }] },
                ],
            },
        ]);
        const { kvs } = await given().range({ key: '/', end: '0' });
        expect(kvs.map(({ key, modRevision }) => `${key} ${modRevision}`)).toEqual([
            '/a 2',
            '/b 3',
            '/c 3',
            '/x 3',
        ]);
    });

    it('decides all guards on the state before the transaction', async () => {
        await put(given(), '/a', '1');
        const { responses } = await run(given(), [
            put1('/a', '2'),
            {
                type: 'txn',
                compares: [{ key: '/a', target: 'value', result: 'equal', value: bytes('1') }],
                success: [put1('/first')],
                failure: [put1('/second')],
            },
        ]);
        expect(responses[1]).toMatchObject({ type: 'txn', succeeded: true });
        expect(await get(given(), '/a')).toEqual(kv('/a', '2', { create: 2, mod: 3, version: 2 }));
        expect(await get(given(), '/first')).toBeDefined();
    });

    it('refuses a transaction of which two parts that may both run write the same key', async () => {
        const remove: StoreOp = { type: 'delete', key: '/', end: '0' };
        const refused: StoreOp[][] = [
            [put1('/a'), inner(put1('/a'))],
            [inner(put1('/a')), inner(put1('/a'))],
            [inner(put1('/a')), remove],
            [put1('/a'), inner(remove)],
            [inner(remove), inner(put1('/a'))],
            [inner(inner(put1('/a'))), put1('/a')],
            [put1('/b'), { type: 'txn', compares: [guard('/n', 1)], success: [put1('/b')], failure: [] }],
        ];
        for (const ops of refused) await rejectsWith(run(given(), ops), 'duplicateKey');
        expect(given().revision).toBe(1);
        const either: StoreOp = {
            type: 'txn',
            compares: [guard('/n', 0)],
            success: [put1('/a')],
            failure: [put1('/a')],
        };
        expect((await run(given(), [either, put1('/b')])).revision).toBe(2);
        expect((await run(given(), [inner(remove), remove])).revision).toBe(3);
    });
}

function put1(key: string, value = '1'): StoreOp {
    return { type: 'put', key, value: bytes(value) };
}

/** A transaction that always succeeds. */
function inner(op: StoreOp): StoreOp {
    return { type: 'txn', compares: [], success: [op], failure: [] };
}
