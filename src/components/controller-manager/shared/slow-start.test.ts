import { describe, expect, it } from '@jest/globals';
import { slowStartBatch } from './slow-start.ts';

describe('a slow start', () => {
    it('doubles its batches', async () => {
        const starts: number[] = [];
        let running = 0;
        const result = await slowStartBatch(10, 1, async () => {
            running++;
            await new Promise((resolve) => setImmediate(resolve));
            starts.push(running);
        });
        expect(result).toEqual({ successes: 10, error: undefined });
        expect(starts).toEqual([1, 3, 3, 7, 7, 7, 7, 10, 10, 10]);
    });

    it('ends with the batch in which something failed', async () => {
        let tried = 0;
        const failure = new Error('quota');
        const result = await slowStartBatch(100, 1, (index) => {
            tried++;
            return index === 4 ? Promise.reject(failure) : Promise.resolve();
        });
        expect(result).toEqual({ successes: 6, error: failure });
        expect(tried).toBe(7);
    });
});
