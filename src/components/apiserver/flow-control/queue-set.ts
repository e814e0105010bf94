import type { Clock } from '../../../util/clock.ts';
import type { FlowStats, RejectReason } from './flow-stats.ts';
import { SeatDemand } from './seat-demand.ts';
import { Dealer } from './shuffle-sharding.ts';
import type { WorkEstimate } from './work-estimate.ts';

/** What a priority level does with requests beyond its seats. */
export type Discipline =
    | { type: 'exempt' }
    | { type: 'reject' }
    | { type: 'queue'; queues: number; handSize: number; queueLengthMax: number };

/** What a request is before it runs, for virtual time: upstream's guess of how long requests take. */
const expectedServiceSeconds = 0.003;

/** How a request asks for its seats. */
export interface SeatDemandOf {
    /** Who the request belongs to: requests of a flow share queues. */
    flow: string;
    estimate: WorkEstimate;
    stats: FlowStats;
    /** Aborted when the client has gone: it need not wait any longer. */
    signal: AbortSignal;
}

interface Queue {
    readonly index: number;
    readonly waiting: Seated[];
    executing: number;
    /** Seat-seconds expected of those that wait. */
    waitingWork: number;
    /** Virtual time at which the next request of this queue starts. */
    nextStart: number;
}

/**
 * One request at a priority level. `state` says what to do with it: run it (then `finish` it), await
 * `decision` and look again, or refuse it with `reason`.
 */
export class Seated {
    state: 'waiting' | 'executing' | 'finished' | 'rejected' = 'waiting';
    reason: RejectReason | undefined;
    /** Resolves when a waiting request runs or is refused; undefined where it was decided at once. */
    decision: Promise<void> | undefined;
    readonly demand: SeatDemandOf;
    readonly seats: number;
    readonly work: number;
    readonly arrivedMs: number;
    arrivedVirtual = 0;
    startedMs = 0;
    queue: Queue | undefined;
    cancelWait: (() => void) | undefined;
    readonly #owner: QueueSet;

    constructor(owner: QueueSet, demand: SeatDemandOf, nowMs: number) {
        this.#owner = owner;
        this.demand = demand;
        const { seats, finalSeats, finalMs } = demand.estimate;
        this.seats = Math.max(seats, finalSeats);
        this.work = seats * expectedServiceSeconds + (finalSeats * finalMs) / 1000;
        this.arrivedMs = nowMs;
    }

    get level(): QueueSet {
        return this.#owner;
    }

    /** Gives the seats back; to be called once, when the request has been answered. */
    finish(): void {
        this.#owner.finish(this);
    }
}

/**
 * The requests of one priority level: fair queuing between flows, as in the Kubernetes enhancement proposal
 * 1040. Each queue has a virtual start time; the queue whose oldest request would finish first in virtual
 * time is served next. A flow that sends a lot moves its own queues' times ahead and so waits for itself.
 *
 * Invariants: `seatsInUse` is the sum of the seats of all that execute (or still tell watchers) and, unless
 * one request is wider than the whole level, not above `limit`; a request waits only in a queue that holds
 * fewer than `queueLengthMax` when it arrives, and no longer than `waitMaxMs`; while seats are free that the
 * request to be served next can take, nothing waits.
 */
export class QueueSet {
    readonly name: string;
    readonly waitMaxMs: number;
    readonly demand: SeatDemand;
    seatsInUse = 0;
    seatsWaiting = 0;
    executing = 0;
    waiting = 0;
    readonly #clock: Clock;
    #discipline: Discipline;
    #limit: number;
    #dealer: Dealer | undefined;
    #queues: Queue[] = [];
    /** Queues where something waits. */
    readonly #busy = new Set<Queue>();
    #activeQueues = 0;
    #virtualTime = 0;
    #syncedMs: number;
    /** Index of the queue served last: equals go round from there. */
    #served = -1;
    #arrivals = 0;

    constructor(
        name: string,
        options: { discipline: Discipline; limit: number; waitMaxMs: number; clock: Clock },
    ) {
        this.name = name;
        this.waitMaxMs = options.waitMaxMs;
        this.#clock = options.clock;
        this.#limit = options.limit;
        this.#syncedMs = options.clock.monotonicMs();
        this.demand = new SeatDemand(this.#syncedMs);
        this.#discipline = { type: 'exempt' };
        this.configure(options.discipline);
    }

    get limit(): number {
        return this.#limit;
    }

    get discipline(): Discipline {
        return this.#discipline;
    }

    /** Requests that wait keep their queues; a new number of queues holds for those to come. */
    configure(discipline: Discipline): void {
        const before = this.#discipline;
        this.#discipline = discipline;
        if (discipline.type !== 'queue') {
            this.#dealer = undefined;
            this.#dispatch();
            return;
        }
        const isSameDeck =
            before.type === 'queue' &&
            before.queues === discipline.queues &&
            before.handSize === discipline.handSize;
        if (isSameDeck && this.#dealer !== undefined) return;
        this.#dealer = new Dealer(discipline.queues, discipline.handSize);
        while (this.#queues.length < discipline.queues) {
            const index = this.#queues.length;
            this.#queues.push({ index, waiting: [], executing: 0, waitingWork: 0, nextStart: 0 });
        }
    }

    setLimit(limit: number): void {
        this.#advance();
        this.#limit = limit;
        this.#dispatch();
    }

    start(demand: SeatDemandOf): Seated {
        const nowMs = this.#advance();
        const seated = new Seated(this, demand, nowMs);
        if (this.#dealer === undefined) {
            if (this.#discipline.type === 'exempt' || this.#hasRoom(seated.seats))
                this.#execute(seated, nowMs);
            else this.#reject(seated, 'concurrency-limit');
            return seated;
        }
        const queue = this.#shortestQueue(this.#dealer.handOf(demand.flow));
        const lengthMax = this.#discipline.type === 'queue' ? this.#discipline.queueLengthMax : 0;
        if (this.seatsInUse >= this.#limit && queue.waiting.length >= lengthMax) {
            this.#reject(seated, 'queue-full');
            return seated;
        }
        this.#enqueue(seated, queue);
        this.#dispatch();
        // Dispatching may have changed what the compiler still takes for 'waiting'.
        if ((seated.state as string) === 'waiting') this.#wait(seated);
        return seated;
    }

    finish(seated: Seated): void {
        if (seated.state !== 'executing') return;
        const nowMs = this.#advance();
        seated.state = 'finished';
        const { stats, estimate } = seated.demand;
        const serviceSeconds = (nowMs - seated.startedMs) / 1000;
        stats.executed.observe(serviceSeconds);
        const { queue } = seated;
        if (queue !== undefined) {
            // What was expected is replaced by what it took.
            const took = estimate.seats * serviceSeconds + (estimate.finalSeats * estimate.finalMs) / 1000;
            queue.nextStart += took - seated.work;
            this.#bound(queue);
        }
        if (estimate.finalMs > 0 && estimate.finalSeats > 0) {
            this.#clock.setTimer(estimate.finalMs, () => {
                this.#advance();
                this.#release(seated);
            });
            return;
        }
        this.#release(seated);
    }

    /** Lengths and virtual times, for the debug pages. */
    snapshot(): {
        queues: readonly {
            index: number;
            waiting: readonly Seated[];
            executing: number;
            nextStart: number;
        }[];
        virtualTime: number;
    } {
        return { queues: this.#queues, virtualTime: this.#virtualTime };
    }

    #release(seated: Seated): void {
        const { stats } = seated.demand;
        this.executing--;
        this.seatsInUse -= seated.seats;
        stats.executingRequests--;
        stats.executingSeats -= seated.seats;
        const { queue } = seated;
        if (queue !== undefined) {
            queue.executing--;
            if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues--;
        }
        this.#noteDemand();
        this.#dispatch();
    }

    /** Virtual time goes on as fast as each queue with requests gets seats. */
    #advance(): number {
        const nowMs = this.#clock.monotonicMs();
        if (this.#activeQueues > 0) {
            const seats = Math.min(this.seatsInUse + this.seatsWaiting, this.#limit);
            this.#virtualTime += ((nowMs - this.#syncedMs) / 1000) * (seats / this.#activeQueues);
        }
        this.#syncedMs = nowMs;
        return nowMs;
    }

    #hasRoom(seats: number): boolean {
        if (this.#limit === 0) return false;
        // A request that is wider than the level runs alone.
        if (seats > this.#limit) return this.executing === 0;
        return this.seatsInUse + seats <= this.#limit;
    }

    /** The queue of the hand with the least work; equals take turns. */
    #shortestQueue(hand: readonly number[]): Queue {
        const offset = this.#arrivals++ % hand.length;
        let best: Queue | undefined;
        for (let i = 0; i < hand.length; i++) {
            const queue = this.#queues[hand[(offset + i) % hand.length] ?? 0];
            if (queue === undefined) continue;
            if (best === undefined || queue.waitingWork < best.waitingWork) best = queue;
        }
        if (best === undefined) throw new Error('a priority level that queues has no queues');
        return best;
    }

    #enqueue(seated: Seated, queue: Queue): void {
        if (queue.waiting.length === 0 && queue.executing === 0) {
            queue.nextStart = this.#virtualTime;
            this.#activeQueues++;
        }
        seated.arrivedVirtual = this.#virtualTime;
        seated.queue = queue;
        queue.waiting.push(seated);
        queue.waitingWork += seated.work;
        this.#busy.add(queue);
        this.waiting++;
        this.seatsWaiting += seated.seats;
        seated.demand.stats.waitingRequests++;
        seated.demand.stats.waitingSeats += seated.seats;
        this.#bound(queue);
        this.#noteDemand();
    }

    #dequeue(seated: Seated, queue: Queue): void {
        const index = queue.waiting.indexOf(seated);
        queue.waiting.splice(index, 1);
        queue.waitingWork = queue.waiting.length === 0 ? 0 : queue.waitingWork - seated.work;
        if (queue.waiting.length === 0) this.#busy.delete(queue);
        this.waiting--;
        this.seatsWaiting -= seated.seats;
        seated.demand.stats.waitingRequests--;
        seated.demand.stats.waitingSeats -= seated.seats;
    }

    #dispatch(): void {
        while (this.waiting > 0 && (this.#discipline.type === 'exempt' || this.seatsInUse < this.#limit)) {
            const queue = this.#nextQueue();
            const seated = queue?.waiting[0];
            if (queue === undefined || seated === undefined) return;
            if (this.#discipline.type !== 'exempt' && !this.#hasRoom(seated.seats)) return;
            this.#dequeue(seated, queue);
            this.#served = queue.index;
            queue.executing++;
            queue.nextStart += seated.work;
            this.#bound(queue);
            this.#execute(seated, this.#syncedMs);
        }
    }

    /** The queue whose oldest request finishes first in virtual time. */
    #nextQueue(): Queue | undefined {
        let best: Queue | undefined;
        let bestFinish = Infinity;
        let bestTurn = Infinity;
        const count = this.#queues.length;
        for (const queue of this.#busy) {
            const finish = queue.nextStart + (queue.waiting[0]?.work ?? 0);
            const turn = (queue.index - this.#served - 1 + count) % count;
            if (finish > bestFinish || (finish === bestFinish && turn >= bestTurn)) continue;
            best = queue;
            bestFinish = finish;
            bestTurn = turn;
        }
        return best;
    }

    /** A queue cannot save up virtual time from before its oldest request arrived. */
    #bound(queue: Queue): void {
        const oldest = queue.waiting[0];
        if (oldest !== undefined && queue.nextStart < oldest.arrivedVirtual) {
            queue.nextStart = oldest.arrivedVirtual;
        }
    }

    #execute(seated: Seated, nowMs: number): void {
        const { stats } = seated.demand;
        seated.state = 'executing';
        seated.startedMs = nowMs;
        this.executing++;
        this.seatsInUse += seated.seats;
        stats.dispatched++;
        stats.executingRequests++;
        stats.executingSeats += seated.seats;
        stats.waitedExecuted.observe((nowMs - seated.arrivedMs) / 1000);
        this.#noteDemand();
        seated.cancelWait?.();
    }

    #reject(seated: Seated, reason: RejectReason): void {
        const { stats } = seated.demand;
        seated.state = 'rejected';
        seated.reason = reason;
        stats.rejected[reason]++;
        stats.waitedRejected.observe((this.#syncedMs - seated.arrivedMs) / 1000);
        seated.cancelWait?.();
    }

    #wait(seated: Seated): void {
        const { signal } = seated.demand;
        seated.decision = new Promise((resolve) => {
            const giveUp = (reason: RejectReason): void => {
                if (seated.state !== 'waiting' || seated.queue === undefined) return;
                this.#advance();
                const { queue } = seated;
                this.#dequeue(seated, queue);
                if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues--;
                this.#bound(queue);
                this.#noteDemand();
                this.#reject(seated, reason);
                this.#dispatch();
            };
            const onAbort = (): void => {
                giveUp('cancelled');
            };
            const cancelTimer = this.#clock.setTimer(this.waitMaxMs, () => {
                giveUp('time-out');
            });
            seated.cancelWait = () => {
                cancelTimer();
                signal.removeEventListener('abort', onAbort);
                resolve();
            };
            if (signal.aborted) giveUp('cancelled');
            else signal.addEventListener('abort', onAbort, { once: true });
        });
    }

    #noteDemand(): void {
        this.demand.set(this.seatsInUse + this.seatsWaiting, this.#syncedMs);
    }
}
