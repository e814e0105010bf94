import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../util/logger.ts';
import { Controller, done, requeueAfter, type Outcome } from './controller.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';

const logger = silentLogger();

describe('a controller', () => {
    it('repeats a reconcile that throws with back-off, and forgets the failures once it succeeds', async () => {
        const clock = new ManualClock();
        const times: number[] = [];
        const controller = new Controller({
            name: 'test',
            logger,
            clock,
            reconcile: () => {
                times.push(clock.monotonicMs());
                return times.length < 4 ? Promise.reject(new Error('not yet')) : Promise.resolve(done);
            },
        });
        controller.start();
        controller.enqueue('a');
        await clock.advance(1000);
        expect(times).toEqual([0, 5, 15, 35]);
        await controller.stop();
    });

    it('drops a key after retriesMax failures until it is enqueued again', async () => {
        const clock = new ManualClock();
        let runs = 0;
        const controller = new Controller({
            name: 'test',
            logger,
            clock,
            retriesMax: 2,
            reconcile: () => {
                runs++;
                return Promise.reject(new Error('never'));
            },
        });
        controller.start();
        controller.enqueue('a');
        await clock.advance(10_000);
        expect(runs).toBe(3);
        controller.enqueue('a');
        await clock.advance(10_000);
        expect(runs).toBe(6);
        await controller.stop();
    });

    it('reconciles again after the time a requeue names', async () => {
        const clock = new ManualClock();
        const times: number[] = [];
        const controller = new Controller({
            name: 'test',
            logger,
            clock,
            reconcile: () => {
                times.push(clock.monotonicMs());
                return Promise.resolve(times.length === 1 ? requeueAfter(300) : done);
            },
        });
        controller.start();
        controller.enqueue('a');
        await clock.advance(1000);
        expect(times).toEqual([0, 300]);
        await controller.stop();
    });

    it('works on different keys at the same time, never twice on one, and waits for them when stopped', async () => {
        const running = new Map<string, (outcome: Outcome) => void>();
        const controller = new Controller({
            name: 'test',
            logger,
            workers: 3,
            reconcile: async (key) => await new Promise<Outcome>((resolve) => running.set(key, resolve)),
        });
        controller.start();
        controller.enqueue('a');
        controller.enqueue('b');
        await settle();
        controller.enqueue('a');
        await settle();
        expect([...running.keys()]).toEqual(['a', 'b']);
        let stopped = false;
        const stopping = controller.stop().then(() => (stopped = true));
        await settle();
        expect(stopped).toBe(false);
        for (const finish of running.values()) finish(done);
        await stopping;
    });
});
