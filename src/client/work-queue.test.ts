import { beforeEach, describe, expect, it } from '@jest/globals';
import { queueFiguresOf } from './queue-figures.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { WorkQueue } from './work-queue.ts';

describe('a work queue', () => {
    let clock: ManualClock;
    let queue: WorkQueue<string>;
    beforeEach(() => {
        clock = new ManualClock();
        queue = new WorkQueue({ clock });
    });

    it('hands out keys in order, each once however often it was added', async () => {
        queue.add('a');
        queue.add('b');
        queue.add('a');
        expect([await queue.get(), await queue.get(), queue.length]).toEqual(['a', 'b', 0]);
    });

    it('does not hand out a key that is being worked on, but once more afterwards', async () => {
        queue.add('a');
        await queue.get();
        queue.add('a');
        queue.add('a');
        expect(queue.length).toBe(0);
        queue.done('a');
        expect(queue.length).toBe(1);
        await queue.get();
        queue.done('a');
        expect(queue.length).toBe(0);
    });

    it('tells what it has done and holds, under its name', async () => {
        const named = new WorkQueue<string>({ clock, name: 'counted' });
        const figures = queueFiguresOf('counted');
        named.add('a');
        named.add('a');
        named.add('b');
        await clock.advance(2000);
        expect(figures.load()).toEqual({ depth: 2, unfinishedSeconds: 0, longestSeconds: 0 });
        await named.get();
        await clock.advance(3000);
        await named.get();
        await clock.advance(1000);
        expect(figures.load()).toEqual({ depth: 0, unfinishedSeconds: 5, longestSeconds: 4 });
        named.done('a');
        named.done('b');
        named.addRateLimited('a');
        expect([figures.adds, figures.retries, figures.waits.sum, figures.works.sum]).toEqual([2, 1, 7, 5]);
        expect([...figures.waits.counts]).toEqual([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        named.add('c');
        named.shutDown();
        expect(figures.load()).toEqual({ depth: 0, unfinishedSeconds: 0, longestSeconds: 0 });
        expect(figures.adds).toBe(3);
    });

    it('wakes a waiting worker', async () => {
        const waiting = queue.get();
        queue.add('a');
        expect(await waiting).toBe('a');
    });

    it('keeps the earliest of several delays', async () => {
        queue.addAfter('a', 1000);
        queue.addAfter('a', 100);
        queue.addAfter('a', 5000);
        await clock.advance(100);
        expect(queue.length).toBe(1);
        expect(clock.pending).toBe(0);
    });

    it('doubles the back-off from 5 ms up to 1000 s and starts over when forgotten', async () => {
        const waits: number[] = [];
        for (let i = 0; i < 20; i++) {
            queue.addRateLimited('a');
            const before = clock.monotonicMs();
            while (queue.length === 0)
                await clock.advance(5 * 2 ** Math.min(i, 18) >= 1e6 ? 1e6 : 5 * 2 ** i);
            waits.push(clock.monotonicMs() - before);
            await queue.get();
            queue.done('a');
        }
        expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
        expect(waits.at(-1)).toBe(1_000_000);
        queue.forget('a');
        expect(queue.failures('a')).toBe(0);
    });

    it('is idle when every key that was added is done, also those that were added meanwhile', async () => {
        await queue.idle();
        queue.add('a');
        let isIdle = false;
        const idle = queue.idle().then(() => (isIdle = true));
        const key = await queue.get();
        queue.add('a');
        queue.done(key ?? '');
        await clock.advance(0);
        expect(isIdle).toBe(false);
        queue.done((await queue.get()) ?? '');
        await idle;
        queue.add('b');
        const ended = queue.idle();
        queue.shutDown();
        await ended;
    });

    it('gives undefined to all workers and drops its timers when it is shut down', async () => {
        const waiting = queue.get();
        queue.addAfter('b', 10);
        queue.shutDown();
        queue.add('c');
        expect([await waiting, await queue.get(), clock.pending]).toEqual([undefined, undefined, 0]);
    });
});
