import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { FlowStats } from './flow-stats.ts';
import { QueueSet, type Seated } from './queue-set.ts';
import { oneSeat, type WorkEstimate } from './work-estimate.ts';

const never = new AbortController().signal;

function level(options: { limit: number; queues?: number; handSize?: number; queueLengthMax?: number }) {
    const { limit, queues = 64, handSize = 6, queueLengthMax = 50 } = options;
    const clock = new ManualClock();
    const set = new QueueSet('test', {
        discipline: { type: 'queue', queues, handSize, queueLengthMax },
        limit,
        waitMaxMs: 15_000,
        clock,
    });
    const stats = new FlowStats('test', 'all');
    const start = (flow: string, estimate: WorkEstimate = oneSeat, signal = never): Seated =>
        set.start({ flow, estimate, stats, signal });
    return { clock, set, stats, start };
}

/** Flows that always have `backlog` requests sent; counts what each gets done in `ms`. */
async function compete(
    flows: readonly { name: string; backlog: number; serviceMs: number; estimate?: WorkEstimate }[],
    { limit, ms }: { limit: number; ms: number },
): Promise<{ done: Record<string, number>; seatMs: Record<string, number>; seatsMax: number }> {
    const { clock, set, start } = level({ limit });
    const done: Record<string, number> = {};
    const seatMs: Record<string, number> = {};
    let seatsMax = 0;
    const running = new Set<{ seated: Seated; untilMs: number; flow: (typeof flows)[number] }>();
    const sent: { seated: Seated; flow: (typeof flows)[number] }[] = [];
    for (let now = 0; now < ms; now++) {
        for (const flow of flows) {
            done[flow.name] ??= 0;
            const open =
                sent.filter((one) => one.flow === flow).length +
                [...running].filter((one) => one.flow === flow).length;
            for (let i = open; i < flow.backlog; i++) {
                const seated = start(flow.name, flow.estimate);
                if (seated.state !== 'rejected') sent.push({ seated, flow });
            }
        }
        for (const one of sent.splice(0)) {
            if (one.seated.state === 'waiting') sent.push(one);
            else running.add({ ...one, untilMs: now + one.flow.serviceMs });
        }
        seatsMax = Math.max(seatsMax, set.seatsInUse);
        await clock.advance(1);
        for (const one of running) {
            if (one.untilMs > now + 1) continue;
            running.delete(one);
            one.seated.finish();
            const { name, serviceMs } = one.flow;
            done[name] = (done[name] ?? 0) + 1;
            seatMs[name] = (seatMs[name] ?? 0) + serviceMs * one.seated.seats;
        }
    }
    return { done, seatMs, seatsMax };
}

describe('fair queuing', () => {
    it('gives a flow with few requests its share beside one that floods the level', async () => {
        const { done, seatsMax } = await compete(
            [
                { name: 'elephant', backlog: 200, serviceMs: 10 },
                { name: 'mouse', backlog: 2, serviceMs: 10 },
            ],
            { limit: 4, ms: 1000 },
        );
        // Two at a time is all that the mouse asks for, and it is less than half of the seats and equal to
        // its share: it is hardly held up.
        expect(done['mouse']).toBeGreaterThan(80);
        expect((done['mouse'] ?? 0) + (done['elephant'] ?? 0)).toBeGreaterThan(380);
        expect(seatsMax).toBe(4);
    });

    it('divides seat time, not requests: a flow of slow requests gets fewer of them done', async () => {
        // One queue each, so that dealt hands do not decide.
        const { seatMs } = await compete(
            [
                { name: 'slow', backlog: 8, serviceMs: 40 },
                { name: 'quick', backlog: 8, serviceMs: 5 },
            ],
            { limit: 2, ms: 4000 },
        );
        const ratio = (seatMs['slow'] ?? 0) / (seatMs['quick'] ?? 1);
        expect(ratio).toBeGreaterThan(0.5);
        expect(ratio).toBeLessThan(2);
    });

    it('counts wide requests by their seats', async () => {
        const wide = { seats: 4, finalSeats: 0, finalMs: 0 };
        const { seatMs, seatsMax } = await compete(
            [
                { name: 'lists', backlog: 6, serviceMs: 10, estimate: wide },
                { name: 'gets', backlog: 12, serviceMs: 10 },
            ],
            { limit: 8, ms: 2000 },
        );
        const ratio = (seatMs['lists'] ?? 0) / (seatMs['gets'] ?? 1);
        expect(ratio).toBeGreaterThan(0.5);
        expect(ratio).toBeLessThan(2);
        expect(seatsMax).toBeLessThanOrEqual(8);
    });

    it('starves nobody: with ten floods every flow gets a tenth, give or take shared queues', async () => {
        const flows = Array.from({ length: 10 }, (_, i) => ({
            name: `flow-${i}`,
            backlog: 10,
            serviceMs: 10,
        }));
        const { done } = await compete(flows, { limit: 5, ms: 2000 });
        const counts = Object.values(done);
        expect(counts).toHaveLength(10);
        expect(Math.min(...counts)).toBeGreaterThan(50);
        expect(Math.max(...counts)).toBeLessThan(200);
    });
});

describe('bounds of a priority level', () => {
    it('refuses what finds its queue full, and nothing while seats are free', () => {
        const { start, stats } = level({ limit: 1, queues: 1, handSize: 1, queueLengthMax: 2 });
        const states = Array.from({ length: 5 }, () => start('a').state);
        expect(states).toEqual(['executing', 'waiting', 'waiting', 'rejected', 'rejected']);
        expect(stats.rejected['queue-full']).toBe(2);
    });

    it('lets a request wait no longer than the bound, and tells it so', async () => {
        const { clock, start, set } = level({ limit: 1 });
        start('a');
        const waiting = start('b');
        await clock.advance(14_999);
        expect(waiting.state).toBe('waiting');
        await clock.advance(1);
        await waiting.decision;
        expect(waiting).toMatchObject({ state: 'rejected', reason: 'time-out' });
        expect([set.waiting, set.seatsWaiting]).toEqual([0, 0]);
    });

    it('forgets a client that has gone while it waited', async () => {
        const { start, set } = level({ limit: 1 });
        const first = start('a');
        const abort = new AbortController();
        const waiting = start('b', oneSeat, abort.signal);
        abort.abort();
        await waiting.decision;
        expect(waiting).toMatchObject({ state: 'rejected', reason: 'cancelled' });
        first.finish();
        expect([set.waiting, set.executing, set.seatsInUse]).toEqual([0, 0, 0]);
    });

    it('runs a request that is wider than the level, alone', async () => {
        const { start } = level({ limit: 2 });
        const narrow = start('a');
        const wide = start('b', { seats: 5, finalSeats: 0, finalMs: 0 });
        expect(wide.state).toBe('waiting');
        narrow.finish();
        await wide.decision;
        expect(wide.state).toBe('executing');
        expect(start('c').state).toBe('waiting');
    });

    it('holds the seats of a write until watchers have been told', async () => {
        const { clock, set, start } = level({ limit: 10 });
        const write = start('a', { seats: 1, finalSeats: 3, finalMs: 20 });
        expect(set.seatsInUse).toBe(3);
        write.finish();
        await clock.advance(19);
        expect(set.seatsInUse).toBe(3);
        await clock.advance(1);
        expect([set.seatsInUse, set.executing]).toEqual([0, 0]);
    });

    it('runs what waits as soon as it gets more seats', async () => {
        const { set, start } = level({ limit: 1 });
        start('a');
        const waiting = [start('b'), start('c'), start('d')];
        set.setLimit(3);
        await waiting[1]?.decision;
        expect(waiting.map(({ state }) => state).sort()).toEqual(['executing', 'executing', 'waiting']);
    });

    it('takes no request at a level without seats', () => {
        const { start } = level({ limit: 0 });
        expect(start('a').state).toBe('waiting');
        const clock = new ManualClock();
        const jail = new QueueSet('jail', {
            discipline: { type: 'reject' },
            limit: 0,
            waitMaxMs: 1,
            clock,
        });
        const stats = new FlowStats('jail', 'all');
        expect(jail.start({ flow: 'a', estimate: oneSeat, stats, signal: never })).toMatchObject({
            state: 'rejected',
            reason: 'concurrency-limit',
        });
    });
});
