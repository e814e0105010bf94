import { describe, expect, it } from '@jest/globals';
import { WatchFlusher } from './watch-flusher.ts';

const turn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
};

describe('writing for many watches', () => {
    it('waits for the end of the turn, and writes once for what came in between', async () => {
        const flusher = new WatchFlusher();
        const flushed: string[] = [];
        const [a, b] = ['a', 'b'].map((name) => ({ flush: () => flushed.push(name) }));
        for (const watch of [a, b, a]) flusher.add(watch!);
        expect(flushed).toEqual([]);
        await turn();
        expect(flushed).toEqual(['a', 'b']);
        flusher.add(b!);
        await turn();
        expect(flushed).toEqual(['a', 'b', 'b']);
    });

    it('leaves the rest to later turns when a slice of time is used up', async () => {
        const clock = { nowMs: 0 };
        const flusher = new WatchFlusher(() => clock.nowMs);
        const flushed: number[] = [];
        for (let i = 0; i < 10; i++) {
            flusher.add({
                flush: () => {
                    flushed.push(i);
                    clock.nowMs += 2;
                },
            });
        }
        await turn();
        expect(flushed).toEqual([0, 1, 2]);
        await turn();
        expect(flushed).toEqual([0, 1, 2, 3, 4, 5]);
        for (let i = 0; i < 2; i++) await turn();
        expect(flushed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('takes what is added while it writes', async () => {
        const flusher = new WatchFlusher();
        let count = 0;
        const again = {
            flush: () => {
                if (++count < 3) flusher.add(again);
            },
        };
        flusher.add(again);
        for (let i = 0; i < 4; i++) await turn();
        expect(count).toBe(3);
    });
});
