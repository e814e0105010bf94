import { describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../../api/meta/object.ts';
import type { Clock } from '../../util/clock.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

/** A clock that stands still until told otherwise. */
class ManualClock implements Clock {
    #now = 0;
    #timers: { at: number; callback: () => void }[] = [];
    nowMs(): number {
        return this.#now;
    }
    monotonicMs(): number {
        return this.#now;
    }
    setTimer(delayMs: number, callback: () => void): () => void {
        const timer = { at: this.#now + delayMs, callback };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }
    advance(ms: number): void {
        this.#now += ms;
        const due = this.#timers.filter(({ at }) => at <= this.#now);
        this.#timers = this.#timers.filter(({ at }) => at > this.#now);
        for (const { callback } of due) callback();
    }
}

const pod = (name: string, priority = 0): V1Pod => ({
    metadata: { name, namespace: 'default' },
    spec: { containers: [], priority },
});
const setUp = (): { clock: ManualClock; queue: SchedulingQueue } => {
    const clock = new ManualClock();
    return { clock, queue: new SchedulingQueue(clock, () => undefined) };
};
const nameOf = (queue: SchedulingQueue): string | undefined => queue.pop()?.pod.metadata?.name;

describe('SchedulingQueue', () => {
    it('gives higher priority first, then what waits longer', () => {
        const { clock, queue } = setUp();
        queue.add(pod('old'));
        clock.advance(1);
        queue.add(pod('young'));
        queue.add(pod('important', 10));
        expect([nameOf(queue), nameOf(queue), nameOf(queue), nameOf(queue)]).toEqual([
            'important',
            'old',
            'young',
            undefined,
        ]);
    });

    it('keeps an unschedulable pod until an event that it waits for, and its back-off is over', () => {
        const { clock, queue } = setUp();
        queue.add(pod('a'));
        queue.requeue(queue.pop()!, { type: 'unschedulable', retryOn: new Set(['nodeAdded']) });
        clock.advance(2_000);
        queue.clusterEvent('podDeleted');
        expect(nameOf(queue)).toBeUndefined();
        queue.clusterEvent('nodeAdded');
        expect(nameOf(queue)).toBe('a');
    });

    it('does not lose an event that came while the pod was being tried', () => {
        const { clock, queue } = setUp();
        queue.add(pod('a'));
        const popped = queue.pop()!;
        queue.clusterEvent('nodeAdded');
        queue.requeue(popped, { type: 'unschedulable', retryOn: new Set(['nodeAdded']) });
        clock.advance(1_000);
        expect(nameOf(queue)).toBe('a');
    });

    it('doubles the back-off of a pod that fails, up to ten seconds', () => {
        const { clock, queue } = setUp();
        queue.add(pod('a'));
        for (const backoffMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
            queue.requeue(queue.pop()!, { type: 'error' });
            clock.advance(backoffMs - 1);
            expect(queue.sizes).toEqual({ active: 0, backoff: 1, unschedulable: 0 });
            clock.advance(1);
            expect(queue.sizes).toEqual({ active: 1, backoff: 0, unschedulable: 0 });
        }
    });

    it('tries a pod whose spec has changed again', () => {
        const { clock, queue } = setUp();
        queue.add(pod('a'));
        queue.requeue(queue.pop()!, { type: 'unschedulable', retryOn: new Set(['nodeAdded']) });
        clock.advance(5_000);
        queue.add({ ...pod('a'), status: { phase: 'Pending' } });
        expect(queue.sizes.unschedulable).toBe(1);
        queue.add({ ...pod('a'), metadata: { name: 'a', namespace: 'default', labels: { x: 'y' } } });
        expect(nameOf(queue)).toBe('a');
    });

    it('tries an unschedulable pod again after five minutes at the latest', () => {
        const { clock, queue } = setUp();
        queue.add(pod('a'));
        queue.requeue(queue.pop()!, { type: 'unschedulable', retryOn: new Set(['nodeAdded']) });
        clock.advance(5 * 60_000 + 1_000);
        expect(nameOf(queue)).toBe('a');
    });
});
