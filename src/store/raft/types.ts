/**
 * The vocabulary of the consensus core: what it is told, what it asks for. Raft as in the paper "In Search of
 * an Understandable Consensus Algorithm" and Ongaro's thesis (section numbers below are the thesis').
 *
 * The core is a pure state machine: no clock, network, disk or random source. Its driver (store/member.ts,
 * or the simulation) feeds it and carries out what `ready()` lists:
 *
 *     tick, step(message), propose, readIndex, …  ─►  RaftCore  ─►  Ready: persist, send, apply, answer
 */

/** A member's name on the wire: 16 lower-case hex digits, never '' or all zeros. */
export type MemberId = string;

/** One element of the replicated log. Indices begin at 1. */
export interface Entry {
    index: number;
    term: number;
    type: EntryType;
    /** Opaque for 'command'; an encoded membership change for 'membership'; empty for 'noop'. */
    data: Buffer;
}
export type EntryType = 'noop' | 'command' | 'membership';

/** Must be durable before anything that depends on it is said to others. */
export interface HardState {
    term: number;
    /** Whom this member voted for in `term`; '' for nobody. */
    votedFor: MemberId;
    /**
     * A hint, not a promise: need not be synced by itself. Beyond the end of the log it is evidence that the disk
     * has lost entries; whoever loads it must leave it so.
     */
    commit: number;
}

/** Who takes part. Voters decide, learners only receive. */
export interface Membership {
    voters: readonly MemberId[];
    learners: readonly MemberId[];
}

/** One at a time (4.1), and only once the leader has committed an entry of its own term (the fix of 2015). */
export type MembershipChange =
    | { type: 'addLearner'; id: MemberId; context: Buffer }
    | { type: 'addVoter'; id: MemberId; context: Buffer }
    | { type: 'promote'; id: MemberId; context: Buffer }
    | { type: 'remove'; id: MemberId; context: Buffer }
    /** Changes nobody's role: new addresses, for example. */
    | { type: 'update'; id: MemberId; context: Buffer };

/** The state that replaces a log prefix: everything up to `index` is applied in it. */
export interface SnapshotMeta {
    index: number;
    term: number;
    /** The membership as of `index`. */
    membership: Membership;
}

/** What a member finds on its disk at start. */
export interface PersistedState {
    hardState: HardState;
    /** Where the log begins: the entry before the first one in `entries`; index 0, term 0 for an empty disk. */
    snapshot: SnapshotMeta;
    /** Contiguous from snapshot.index + 1; all that is kept of the log is in memory (it is short, see below). */
    entries: readonly Entry[];
    /** Index up to which the state machine on disk has applied; snapshot.index <= applied. */
    applied: number;
}

interface MessageBase {
    from: MemberId;
    to: MemberId;
    term: number;
}

/** Everything that members say to each other. Any message may be lost, late, doubled or out of order. */
export type RaftMessage = MessageBase &
    (
        | {
              type: 'append';
              previousIndex: number;
              previousTerm: number;
              entries: readonly Entry[];
              commit: number;
              /** Last read round that the sender wants confirmed; 0 for none. */
              readRound: number;
          }
        | {
              type: 'appendReply';
              /** Highest index known to agree with the leader's log; of no meaning in a refusal. */
              match: number;
              /** Set in a refusal: where the leader should look next (5.3, "fast backup"). */
              refused?: { at: number; hintIndex: number; hintTerm: number };
              readRound: number;
          }
        | { type: 'heartbeat'; commit: number; readRound: number }
        | { type: 'heartbeatReply'; readRound: number }
        /** Of the log that the follower has acknowledged, what is committed. Not answered: a heartbeat says it again. */
        | { type: 'commit'; commit: number }
        | { type: 'preVote' | 'vote'; lastIndex: number; lastTerm: number; transfer: boolean }
        | { type: 'preVoteReply' | 'voteReply'; granted: boolean }
        | { type: 'timeoutNow' }
        /** A follower's proposals, on their way to the leader. */
        | { type: 'propose'; entries: readonly ProposedEntry[] }
        /** A follower asks the leader for a read index; `context` is the asker's. */
        | { type: 'readIndex'; context: number }
        | { type: 'readIndexReply'; context: number; index: number; refused: boolean }
        /** A piece of a snapshot. The receiver answers each; the next is sent after the answer. */
        | { type: 'snapshotChunk'; snapshot: SnapshotMeta; chunk: number; data: Buffer; last: boolean }
        | { type: 'snapshotReply'; index: number; chunk: number; status: 'next' | 'restart' | 'installed' }
    );

export type CommitNotice = Extract<RaftMessage, { type: 'commit' }>;

export interface ProposedEntry {
    type: 'command' | 'membership';
    data: Buffer;
}

export interface RaftConfig {
    id: MemberId;
    /** A follower that hears of no leader for [electionTicks, 2 * electionTicks) starts an election. */
    electionTicks: number;
    heartbeatTicks: number;
    /** In [0, 1). */
    random: () => number;
    /** Entries' bytes of one append message (at least one entry is sent). */
    appendBytesMax: number;
    /** Append messages in flight per follower before the leader waits for an answer. */
    inflightAppendsMax: number;
    /** Proposed and not yet committed; beyond it proposals are refused with 'busy'. */
    uncommittedBytesMax: number;
    /** Pending reads; beyond it they are refused with 'busy'. */
    pendingReadsMax: number;
    /** 'lease': trust the election timeout of the others and skip the confirmation round (6.4.1). */
    readMode: 'quorum' | 'lease';
}

export type ProposeResult =
    /** This member leads: the entries have the indices from firstIndex on, in this term. */
    | { type: 'appended'; firstIndex: number; term: number }
    /** Sent to the leader; whether it arrives is unknown. */
    | { type: 'forwarded'; to: MemberId; term: number }
    | { type: 'refused'; reason: ProposeRefusal };
export type ProposeRefusal =
    | 'noLeader'
    /** Too much is waiting, here or at the leader. Try again later. */
    | 'busy'
    /** Leadership is being handed over. */
    | 'transferring'
    /** Another membership change is not committed yet, or the leader has not committed in its term. */
    | 'membershipPending'
    /** This member is not (any more) part of the cluster. */
    | 'removed'
    /** The change makes no sense: unknown member, already a voter, the last voter, a learner far behind. */
    | 'invalid'
    | 'learnerNotReady';

/** What the driver has to do now, in this order of safety. */
export interface Ready {
    /** To be persisted in one atomic, synced write together with `entries`. */
    hardState: HardState | undefined;
    /** To be appended; entries[0].index and everything after it in the old log is replaced. */
    entries: readonly Entry[];
    /** False when what is above changes only the commit hint: it may be written without a sync, or not at all. */
    mustSync: boolean;
    /** May be sent at once, before anything is persisted. */
    messages: readonly RaftMessage[];
    /**
     * May wait for some milliseconds, and be left out when an append or a heartbeat with as high a commit index
     * goes to the same member meanwhile. For followers where nobody is known to wait for what is committed next.
     */
    commitNotices: readonly CommitNotice[];
    /** To be sent only after this Ready's hardState and entries (and all earlier ones) are durable. */
    messagesAfterPersist: readonly RaftMessage[];
    /** Committed and locally persisted, each exactly once and in order: apply them, then call `appliedTo`. */
    committed: readonly Entry[];
    /** Answers to `readIndex(context)`: serve once the state machine has applied `index`. */
    reads: readonly ({ context: number } & ({ index: number } | { refused: ProposeRefusal }))[];
    /** Chunks of snapshots to be read for followers; answer each with `snapshotChunkRead`. */
    chunksToRead: readonly ChunkToRead[];
    /** Chunks of a snapshot to be stored; answer each with `snapshotChunkStored`. */
    chunksToStore: readonly ChunkToStore[];
}

/** `chunk` 0 opens a new snapshot of the newest applied state; later ones continue that same snapshot. */
export interface ChunkToRead {
    to: MemberId;
    chunk: number;
    /** Absent for chunk 0: the driver says which state it has opened. */
    snapshot?: SnapshotMeta;
}

/** When `last` is set the driver replaces state, log and membership by the snapshot before it answers. */
export interface ChunkToStore {
    from: MemberId;
    snapshot: SnapshotMeta;
    chunk: number;
    data: Buffer;
    last: boolean;
}

export type RaftRole = 'follower' | 'preCandidate' | 'candidate' | 'leader' | 'learner' | 'removed';

export interface RaftStatus {
    id: MemberId;
    role: RaftRole;
    term: number;
    /** '' when none is known. */
    leader: MemberId;
    commit: number;
    applied: number;
    lastIndex: number;
    firstIndex: number;
    membership: Membership;
    /** Of the leader only. */
    progress: readonly {
        id: MemberId;
        match: number;
        state: 'probe' | 'replicate' | 'snapshot';
        /** Heard of within an election timeout. */
        active: boolean;
        /** It came back with an empty disk: counts for nothing, must be removed and added anew under another id. */
        forgetful: boolean;
    }[];
    /**
     * Its disk was emptied or put back, as its leader's messages show: it refuses service and does not vote, until
     * it has again what it had lost. A running one whose disk was empty stays so.
     */
    forgetful: boolean;
    transferringTo: MemberId;
}

/**
 * The core as its driver sees it; `createRaft(config, persisted)` in raft.ts makes one. Methods never throw for
 * what others send; they throw AssertionError for what can only be a bug.
 */
export interface Raft {
    tick(): void;
    step(message: RaftMessage): void;
    propose(entries: readonly ProposedEntry[]): ProposeResult;
    /** As leader only; a follower answers 'noLeader' (the driver forwards by asking the leader's member). */
    proposeMembership(change: MembershipChange): ProposeResult;
    /**
     * A follower's proposals came by another way than `step`: for an election timeout its commit notices are not
     * put off.
     */
    noteAsking(follower: MemberId): void;
    /** Answered in a later Ready's `reads`. */
    readIndex(context: number): void;
    transferLeadership(to: MemberId): 'started' | 'notLeader' | 'invalid';
    /** Start an election now, without waiting (tests, restored single members). */
    campaign(): void;
    hasReady(): boolean;
    /** Takes what is to be done; each thing is given once. Several may be outstanding; persist in order. */
    ready(): Ready;
    /** Everything of the `ready()` calls so far, up to and including that one, is durable. */
    persisted(ready: Ready): void;
    appliedTo(index: number): void;
    /** `request` is the very object that `ready` gave: identity tells it from one of an earlier transfer. */
    snapshotChunkRead(
        request: ChunkToRead,
        result: { snapshot: SnapshotMeta; data: Buffer; last: boolean } | 'failed',
    ): void;
    /** 'installed' after the last chunk: state, log and membership on disk are the snapshot's now. */
    snapshotChunkStored(request: ChunkToStore, result: 'stored' | 'installed' | 'failed'): void;
    /** Forget the log up to and including `index`, which is applied; slower followers get a snapshot. */
    compactLog(index: number, membership: Membership): void;
    /** The connection to a member broke, or its answers cannot arrive: probe again. */
    reportUnreachable(id: MemberId): void;
    setTimeouts(timeouts: { electionTicks: number; heartbeatTicks: number }): void;
    status(): RaftStatus;
}
