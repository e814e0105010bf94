import type { MessageBody } from './core.ts';
import type { ChunkToRead, MemberId, SnapshotMeta } from './types.ts';

/** The snapshot on its way to a follower: one chunk at a time. */
export interface SnapshotSending {
    /** Distinguishes it from earlier ones to the same follower; see snapshot-chunk-number.ts. */
    transfer: number;
    /** What the driver was asked to read; undefined while a chunk waits for its answer. */
    reading: ChunkToRead | undefined;
    /** Known once chunk 0 was read. */
    snapshot: SnapshotMeta | undefined;
    chunk: number;
    /** Kept until it is answered, so that a lost one can be sent again. */
    sent: Extract<MessageBody, { type: 'snapshotChunk' }> | undefined;
    /** Tick of the last sending or reading. */
    since: number;
}

/**
 * What the leader knows of one follower, and how it feeds it:
 *
 *     probe      one append, then silence until it is answered or a heartbeat is: where do the logs agree?
 *     replicate  appends are sent ahead of the answers, up to a number in flight
 *     snapshot   what the follower lacks is compacted: no appends until a snapshot is installed
 *
 *              refused, unreachable
 *     replicate ──────────────────► probe ──── compacted ────► snapshot
 *               ◄────────────────── probe ◄── installed, away, failed
 *                    agreed
 *
 * Invariant: match < next, and in `replicate` everything in [match + 1, next - 1] is in flight.
 */
export class Progress {
    readonly id: MemberId;
    readonly #inflightMax: number;
    /** Last indices of the appends in flight, ascending. */
    readonly #inflight: number[] = [];
    state: 'probe' | 'replicate' | 'snapshot' = 'probe';
    /** Highest index known to be durable there and equal to the leader's. */
    match = 0;
    next: number;
    /** Highest commit index that was sent; the follower may not have got it. */
    commitSent = 0;
    /** probe: nothing is sent until an answer comes. */
    paused = false;
    /** replicate: an append without entries is due, to find out whether some were lost. */
    nudge = false;
    /** It proposed or asked for a read not long ago: until this tick, what is committed is news for its clients. */
    asksUntil = 0;
    /** Tick of the last append that was sent or answered: what is silent for longer may be lost. */
    movedAt: number;
    /** Tick at which it was last heard of. */
    heardAt: number;
    /** The last read round it answered. */
    readRound = 0;
    /** Answers about the log from before this round are from before a doubt, and ignored. */
    minRound = 0;
    /** It refused what it had acknowledged: an old message, or has it lost its log? */
    suspected = false;
    /** It came back with an empty disk: its acknowledgements and votes are forgotten, it counts for nothing. */
    forgetful = false;
    sending: SnapshotSending | undefined;
    /** Set when it is removed: it shall learn of that before it is let go, but not for ever. */
    leaving: { index: number; until: number } | undefined;

    constructor(id: MemberId, options: { next: number; now: number; inflightMax: number }) {
        this.id = id;
        this.next = options.next;
        this.heardAt = this.movedAt = options.now;
        this.#inflightMax = options.inflightMax;
    }

    get windowFull(): boolean {
        return this.#inflight.length >= this.#inflightMax;
    }

    /** Never speaks of more than the follower has acknowledged: its log may differ after that. */
    acknowledgedCommit(committed: number): number {
        return Math.min(this.match, committed);
    }

    becomeProbe(next = this.match + 1): void {
        this.state = 'probe';
        this.next = Math.max(next, this.match + 1);
        this.paused = false;
        this.sending = undefined;
        this.#inflight.length = 0;
    }

    becomeReplicate(): void {
        this.state = 'replicate';
        this.next = this.match + 1;
        this.paused = false;
        this.sending = undefined;
        this.#inflight.length = 0;
    }

    becomeSnapshot(sending: SnapshotSending): void {
        this.state = 'snapshot';
        this.paused = false;
        this.sending = sending;
        this.#inflight.length = 0;
    }

    /** An append with entries up to `lastIndex` goes out. */
    sent(lastIndex: number): void {
        if (this.state === 'probe') {
            this.paused = true;
            return;
        }
        this.next = lastIndex + 1;
        this.#inflight.push(lastIndex);
    }

    /** The follower has everything up to `match`. */
    acknowledged(match: number): void {
        this.match = Math.max(this.match, match);
        this.next = Math.max(this.next, this.match + 1);
        let freed = 0;
        while (freed < this.#inflight.length && (this.#inflight[freed] ?? 0) <= this.match) freed++;
        if (freed > 0) this.#inflight.splice(0, freed);
    }

    /** Its log is not what it said it was. Answers from before `round` must not be believed any more. */
    forget(options: { next: number; round: number; forgetful: boolean }): void {
        this.match = 0;
        this.commitSent = 0;
        this.readRound = 0;
        this.minRound = options.round;
        this.suspected = false;
        this.forgetful ||= options.forgetful;
        this.becomeProbe(options.next);
    }
}
