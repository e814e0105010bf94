import { expect, it } from '@jest/globals';
import type { StoreOp } from '../store.ts';
import { collect, ignore, put, rejectsWith, run, type Given } from './helpers.ts';

export function limits(given: Given): void {
    it('refuses a transaction above 1.5 MiB and writes nothing', async () => {
        const value = Buffer.alloc(1024 * 1024, 1);
        const op = (key: string): StoreOp => ({ type: 'put', key, value });
        await rejectsWith(run(given(), [op('/a'), op('/b')]), 'tooLarge');
        expect(given().revision).toBe(1);
        expect((await run(given(), [op('/a')])).revision).toBe(2);
    });

    it('refuses everything after close, and ends watches', async () => {
        const errors: string[] = [];
        given().watch({ key: '/a', startRevision: 0 }, ignore, ({ reason }) => errors.push(reason));
        const pending = put(given(), '/a', '1');
        await given().close();
        expect((await pending).revision).toBe(2);
        expect(errors).toEqual(['closed']);
        await rejectsWith(put(given(), '/a', '2'), 'closed');
        await rejectsWith(given().range({ key: '/a' }), 'closed');
        await rejectsWith(given().compact(1), 'closed');
        await rejectsWith(given().readIndex(), 'closed');
        expect(() => collect(given(), '/a')).toThrow('closed');
    });

    it('knows a revision that covers every acknowledged write, and its size', async () => {
        const { revision } = await put(given(), '/a', '1');
        expect(await given().readIndex()).toBe(revision);
        expect(await given().sizeBytes()).toBeGreaterThan(0);
    });
}
