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
    /** This member acknowledged entries in an earlier life that its (now empty) disk does not have. */
    forgetful = false;

    constructor(config: RaftConfig, persisted: PersistedState) {
        const { hardState, snapshot, entries, applied } = persisted;
        this.config = config;
        this.id = config.id;
        this.electionTicks = config.electionTicks;
        this.heartbeatTicks = config.heartbeatTicks;
        this.log = new RaftLog({ base: snapshot, entries, committed: hardState.commit, applied });
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
        return { term: this.term, votedFor: this.votedFor, commit: this.log.committed };
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
