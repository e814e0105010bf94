import type { Leadership } from './leadership.ts';
import { MembershipHistory } from './membership-history.ts';
import { Outbox } from './outbox.ts';
import { PendingWrites } from './pending-writes.ts';
import { RaftLog } from './raft-log.ts';
import type { SnapshotReceiving } from './snapshot-receive.ts';
import type { HardState, MemberId, PersistedState, RaftConfig, RaftMessage } from './types.ts';

type Body<M> = M extends unknown ? Omit<M, 'from' | 'to' | 'term'> : never;
/** A message without its envelope. */
export type MessageBody = Body<RaftMessage>;
export type MessageOf<T extends RaftMessage['type']> = Extract<RaftMessage, { type: T }>;

export type CoreRole = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** Reads that a follower has sent to the leader, under one number of its own. */
export interface ForwardedReads {
    contexts: number[];
    /** Tick at which waiting for the answer ends. */
    until: number;
}

/**
 * The state of one member. The rules that change it are functions, one file per concept: election.ts,
 * replication.ts, append.ts, read-index.ts, proposals.ts, leadership-transfer.ts, snapshot-*.ts.
 *
 * Invariants: `leadership` is there exactly while `role` is 'leader'; `leader` is this member then; `votedFor`
 * belongs to `term`; `term` never goes back.
 */
export class Core {
    readonly config: RaftConfig;
    readonly id: MemberId;
    electionTicks: number;
    heartbeatTicks: number;
    readonly log: RaftLog;
    readonly memberships: MembershipHistory;
    readonly outbox = new Outbox();
    readonly writes = new PendingWrites();

    term: number;
    votedFor: MemberId;
    role: CoreRole = 'follower';
    leader: MemberId = '';
    leadership: Leadership | undefined;

    /** Ticks since the start. */
    now = 0;
    /** Tick at which the leader of this term was last heard of. */
    heardAt = 0;
    /** Tick at which an election begins unless a leader is heard of. */
    electionAt = 0;
    /** Of the election that is under way. */
    readonly votes = new Map<MemberId, boolean>();
    /** The term up to which `term` and `votedFor` are durable. */
    durableTerm: number;
    /** What the last Ready said; undefined when the next one must say it again. */
    givenHardState: HardState | undefined;

    receiving: SnapshotReceiving | undefined;
    readsToForward: number[] = [];
    readonly forwardedReads = new Map<number, ForwardedReads>();
    nextForwardedRead: number;
    /** Bytes of proposals that the next Ready sends to the leader. */
    forwardedBytes = 0;
    /** A leader showed that this member had acknowledged the log up to here, which its disk had lost; 0 for none. */
    lostUpTo: number;
    /** It lost all of its log, and with it knows nothing of its votes. */
    emptied = false;

    constructor(config: RaftConfig, persisted: PersistedState) {
        const { hardState, snapshot, entries, applied } = persisted;
        this.config = config;
        this.id = config.id;
        this.electionTicks = config.electionTicks;
        this.heartbeatTicks = config.heartbeatTicks;
        const lastIndex = snapshot.index + entries.length;
        this.lostUpTo = hardState.commit > lastIndex ? hardState.commit : 0;
        // Of a log with a hole at its end it is not known which part is committed.
        const committed = this.lostUpTo > 0 ? applied : hardState.commit;
        this.log = new RaftLog({ base: snapshot, entries, committed, applied });
        this.memberships = new MembershipHistory(config.id, snapshot.index, snapshot.membership);
        for (const entry of entries) if (entry.type === 'membership') this.memberships.append(entry);
        // A log may be newer than the hard state when it was restored from a backup.
        this.term = Math.max(hardState.term, this.log.lastTerm);
        this.votedFor = this.term === hardState.term ? hardState.votedFor : '';
        this.durableTerm = hardState.term;
        this.givenHardState = { ...hardState };
        // Answers to reads of an earlier life of this member must not be taken for those of this one.
        this.nextForwardedRead = Math.floor(config.random() * 2 ** 48);
        this.resetElectionTimer();
    }

    get isVoter(): boolean {
        return this.memberships.current.voters.includes(this.id);
    }

    get isRemoved(): boolean {
        return this.memberships.isRemoved(this.log.committed);
    }

    get hardState(): HardState {
        const commit = Math.max(this.log.committed, this.lostUpTo);
        return { term: this.term, votedFor: this.votedFor, commit };
    }

    /**
     * This member acknowledged entries in an earlier life that its disk, emptied or put back to an older state,
     * does not have. Until it has them again it neither votes nor stands for election nor serves: with its vote
     * a log without them could win. A commit index beyond the end of the log says so across restarts.
     *
     * What is forgotten before a leader shows it is beyond the core's help (3.8): who never heard of it cannot
     * know. `lost-disks.ts` of the simulation says what is promised.
     */
    get forgetful(): boolean {
        return this.emptied || this.log.persisted < this.lostUpTo;
    }

    /** The leader of this term knows that this member has acknowledged the log up to `index`; it ends before. */
    noteLoss(index: number): void {
        this.lostUpTo = Math.max(this.lostUpTo, index);
        this.emptied ||= this.log.lastIndex === 0;
        // It may have voted in this term, for whom is forgotten: the vote is spent.
        if (this.votedFor === '') this.votedFor = this.id;
    }

    /** [electionTicks, 2 * electionTicks) from now. */
    resetElectionTimer(): void {
        const ticks = this.electionTicks + Math.floor(this.config.random() * this.electionTicks);
        this.electionAt = this.now + ticks;
    }

    /** Sent at once, unless the message would speak of a term that the disk does not know yet. */
    send(to: MemberId, body: MessageBody): void {
        const outbox =
            this.durableTerm === this.term ? this.outbox.messages : this.outbox.messagesAfterPersist;
        outbox.push(this.#address(to, body, this.term));
    }

    /** A leader's, whose term is durable; to a follower where nobody is known to wait for it: not urgent. */
    sendCommitNotice(to: MemberId, commit: number): void {
        this.outbox.commitNotices.push({ type: 'commit', commit, from: this.id, to, term: this.term });
    }

    /** Sent when everything so far is durable: for what promises something of the log or the vote. */
    sendAfterPersist(to: MemberId, body: MessageBody, term = this.term): void {
        this.outbox.messagesAfterPersist.push(this.#address(to, body, term));
    }

    /** Speaks of a term that is not this member's: pre-votes do. */
    sendInTerm(to: MemberId, body: MessageBody, term: number): void {
        this.outbox.messages.push(this.#address(to, body, term));
    }

    #address(to: MemberId, body: MessageBody, term: number): RaftMessage {
        return { ...body, from: this.id, to, term };
    }
}
