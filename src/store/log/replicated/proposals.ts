import { assert } from '../../../util/assert.ts';
import { StoreError } from '../../store.ts';
import {
    groupBytesMax,
    groupCommandsMax,
    pendingBytesMax,
    pendingCommandsMax,
    type ProposeOptions,
    type Settled,
} from '../log.ts';

/** A caller of this member and what it waits for. */
export interface Proposal<Command, Outcome> {
    readonly sequence: number;
    readonly command: Command;
    readonly options: ProposeOptions;
    readonly sinceMs: number;
    /** The command as it goes through the log. */
    readonly data: Buffer;
    resolve(outcome: Outcome): void;
    reject(error: unknown): void;
}

/**
 * Relaxed commands are offered at most once in this time, unless there is company that does not wait; so an idle
 * cluster syncs its disks at most so often. Nothing is acknowledged before it is durable.
 */
export const coalesceDelayMaxMs = 1_000;
/** etcd's: what a request may take beside elections. */
export const proposalTimeoutMs = 5_000;

interface Offered<Command, Outcome> {
    proposal: Proposal<Command, Outcome>;
    term: number;
}

/**
 * The proposals of this member's callers, and whether they may be proposed again.
 *
 *     add ─► waiting ────take──────► offered in a term ──settle──► done
 *               ▲                        │
 *               └── takeBack: refused ───┤
 *               └── termApplied: dead ───┘
 *
 * An offer is good in one term only: its leader either appends it with that term or never. When an entry of a
 * later term is applied, everything of earlier terms that will ever be committed has been applied too; what is
 * then still offered in an earlier term is certainly lost and waits again, in the old order. So a change of
 * leaders makes callers wait, but leaves none of them without an outcome, and nothing is done twice.
 */
export class Proposals<Command, Outcome> {
    #waiting: Proposal<Command, Outcome>[] = [];
    readonly #offered = new Map<number, Offered<Command, Outcome>>();
    #bytes = 0;
    #nextSequence: number;
    #takenMs = -Infinity;

    readonly #encode: (sequence: number, command: Command) => Buffer;

    /** `firstSequence` must differ from start to start: entries of an earlier life may still be applied. */
    constructor(firstSequence: number, encode: (sequence: number, command: Command) => Buffer) {
        this.#nextSequence = firstSequence;
        this.#encode = encode;
    }

    get size(): number {
        return this.#waiting.length + this.#offered.size;
    }

    get hasWaiting(): boolean {
        return this.#waiting.length > 0;
    }

    async add(command: Command, options: ProposeOptions, nowMs: number): Promise<Outcome> {
        if (this.size >= pendingCommandsMax || this.#bytes + options.bytes > pendingBytesMax) {
            throw new StoreError('timeout', 'too many requests are waiting for the store');
        }
        const sequence = this.#nextSequence++;
        const data = this.#encode(sequence, command);
        return await new Promise<Outcome>((resolve, reject) => {
            this.#waiting.push({ sequence, command, options, sinceMs: nowMs, data, resolve, reject });
            this.#bytes += options.bytes;
        });
    }

    /** When what waits should be offered; undefined when nothing waits. */
    dueMs(): number | undefined {
        const [first] = this.#waiting;
        if (first === undefined) return undefined;
        const urgent = this.#waiting.some(({ options }) => options.durability === 'fsync');
        return urgent ? first.sinceMs : Math.max(first.sinceMs, this.#takenMs + coalesceDelayMaxMs);
    }

    /** The next group, as offered in `term`. */
    take(term: number, nowMs: number): Proposal<Command, Outcome>[] {
        this.#takenMs = nowMs;
        let bytes = 0;
        let count = 0;
        for (const { options } of this.#waiting) {
            if (count === groupCommandsMax || (count > 0 && bytes + options.bytes > groupBytesMax)) break;
            bytes += options.bytes;
            count += 1;
        }
        const group = this.#waiting.splice(0, count);
        for (const proposal of group) this.#offered.set(proposal.sequence, { proposal, term });
        return group;
    }

    /** The offer was refused: it was certainly not appended. */
    takeBack(group: readonly Proposal<Command, Outcome>[]): void {
        const back = group.filter(({ sequence }) => this.#offered.delete(sequence));
        this.#waiting.unshift(...back);
    }

    /** An entry of `term` was applied. */
    termApplied(term: number): void {
        const dead: Proposal<Command, Outcome>[] = [];
        for (const { proposal, term: offeredIn } of this.#offered.values()) {
            if (offeredIn < term) dead.push(proposal);
        }
        dead.sort((a, b) => a.sequence - b.sequence);
        this.takeBack(dead);
    }

    /** The command of an own entry, with what its caller gave along. */
    commandOf(sequence: number): Command | undefined {
        return this.#offered.get(sequence)?.proposal.command;
    }

    settle(sequence: number, settled: Settled<Outcome>): void {
        const offered = this.#offered.get(sequence);
        if (offered === undefined) return;
        this.#offered.delete(sequence);
        this.#bytes -= offered.proposal.options.bytes;
        if (settled.type === 'resolved') offered.proposal.resolve(settled.outcome);
        else offered.proposal.reject(settled.error);
    }

    /** Gives up on those proposed before `offeredBeforeMs`, and those that still wait since `waitingBeforeMs`. */
    expire(bounds: { offeredBeforeMs: number; waitingBeforeMs: number; leaderTerm: number }): void {
        for (const [sequence, { proposal, term }] of this.#offered) {
            if (proposal.sinceMs >= bounds.offeredBeforeMs) continue;
            this.settle(sequence, { type: 'rejected', error: unknownOutcome(term !== bounds.leaderTerm) });
        }
        const late = this.#waiting.filter(({ sinceMs }) => sinceMs < bounds.waitingBeforeMs);
        if (late.length === 0) return;
        this.#waiting = this.#waiting.filter(({ sinceMs }) => sinceMs >= bounds.waitingBeforeMs);
        const error = new StoreError('noLeader', 'the cluster has no leader that could be reached');
        for (const proposal of late) this.#reject(proposal, error);
    }

    /**
     * A snapshot took the place of entries that this member has not seen: what was offered may be in them, and
     * must not be offered again.
     */
    forgetOffered(): void {
        const error = unknownOutcome(false);
        for (const sequence of [...this.#offered.keys()]) this.settle(sequence, { type: 'rejected', error });
    }

    /** Those that were not offered: nothing of them was written. */
    failWaiting(error: StoreError): void {
        for (const proposal of this.#waiting.splice(0)) this.#reject(proposal, error);
    }

    failAll(error: StoreError): void {
        this.failWaiting(error);
        for (const sequence of [...this.#offered.keys()]) this.settle(sequence, { type: 'rejected', error });
        assert(this.#bytes === 0, 'bytes of proposals that are gone', { bytes: this.#bytes });
    }

    #reject(proposal: Proposal<Command, Outcome>, error: StoreError): void {
        this.#bytes -= proposal.options.bytes;
        proposal.reject(error);
    }
}

function unknownOutcome(leaderChanged: boolean): StoreError {
    return leaderChanged
        ? new StoreError('leaderChanged', 'the leader changed; whether the write was made is not known')
        : new StoreError('timeout', 'the write took too long; whether it was made is not known');
}
