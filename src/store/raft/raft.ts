import { handleAppend, handleCommit, handleHeartbeat } from './append.ts';
import { advanceCommit } from './commit.ts';
import { Core } from './core.ts';
import type { MessageOf } from './core.ts';
import {
    campaign,
    handleBallot,
    handleBallotReply,
    isPromotable,
    isSticky,
    ownVoteIsDurable,
    tickCheckQuorum,
    tickElection,
} from './election.ts';
import type { Leadership } from './leadership.ts';
import {
    handleTimeoutNow,
    sendTimeoutNowWhenReady,
    tickTransfer,
    transferLeadership,
} from './leadership-transfer.ts';
import { isWellFormed } from './message-check.ts';
import { handlePropose, propose, proposeMembership } from './proposals.ts';
import {
    beginRound,
    broadcastHeartbeat,
    confirmReads,
    forwardReads,
    handleReadIndex,
    handleReadIndexReply,
    readIndex,
    startReadRound,
    tickForwardedReads,
} from './read-index.ts';
import {
    handleAppendReply,
    handleHeartbeatReply,
    noteAsking,
    replicate,
    reportUnreachable,
} from './replication.ts';
import { becomeFollower } from './roles.ts';
import { handleSnapshotReply, snapshotChunkRead, tickSnapshots } from './snapshot-send.ts';
import { handleSnapshotChunk, snapshotChunkStored } from './snapshot-receive.ts';
import { statusOf } from './status.ts';
import type {
    ChunkToRead,
    ChunkToStore,
    HardState,
    MemberId,
    Membership,
    MembershipChange,
    PersistedState,
    ProposedEntry,
    ProposeResult,
    Raft,
    RaftConfig,
    RaftMessage,
    RaftStatus,
    Ready,
    SnapshotMeta,
} from './types.ts';

export function createRaft(config: RaftConfig, persisted: PersistedState): Raft {
    return new RaftMember(new Core(config, persisted));
}

/**
 * The interface in front of the rules: brings every input to the rule it concerns and collects what they want
 * done. A member whose disk was emptied or put back to an older state has forgotten votes and acknowledgements;
 * when its leader's messages give that away, it refuses service. See `forgetful` in core.ts.
 */
class RaftMember implements Raft {
    readonly #core: Core;

    constructor(core: Core) {
        this.#core = core;
    }

    tick(): void {
        const core = this.#core;
        core.now++;
        tickForwardedReads(core);
        if (core.leadership === undefined) {
            tickElection(core);
            return;
        }
        tickCheckQuorum(core);
        tickTransfer(core);
        // Checking the quorum may have ended it.
        if (core.role === 'leader') tickLeader(core, core.leadership);
    }

    step(message: RaftMessage): void {
        const core = this.#core;
        if (message.to !== core.id || message.from === core.id || !isWellFormed(message)) return;
        if (message.term < core.term) answerStale(core, message);
        else if (admit(core, message)) dispatch(core, message);
    }

    propose(entries: readonly ProposedEntry[]): ProposeResult {
        return propose(this.#core, entries);
    }

    proposeMembership(change: MembershipChange): ProposeResult {
        return proposeMembership(this.#core, change);
    }

    noteAsking(follower: MemberId): void {
        noteAsking(this.#core, follower);
    }

    readIndex(context: number): void {
        readIndex(this.#core, context);
    }

    transferLeadership(to: MemberId): 'started' | 'notLeader' | 'invalid' {
        return transferLeadership(this.#core, to);
    }

    campaign(): void {
        if (this.#core.role !== 'leader' && isPromotable(this.#core)) campaign(this.#core);
    }

    hasReady(): boolean {
        const core = this.#core;
        flush(core);
        const { log, outbox } = core;
        return log.hasUngiven() || log.hasDeliverable() || !outbox.isEmpty || hardStateChanged(core);
    }

    ready(): Ready {
        const core = this.#core;
        flush(core);
        const entries = core.log.takeUngiven();
        const changed = hardStateChanged(core);
        const mustSync = entries.length > 0 || voteChanged(core) || lossIsUnsaid(core);
        const hardState: HardState | undefined = changed ? core.hardState : undefined;
        if (hardState !== undefined) core.givenHardState = hardState;
        const ready: Ready = {
            hardState,
            entries,
            mustSync,
            committed: core.log.takeDeliverable(),
            ...core.outbox.take(),
        };
        core.forwardedBytes = 0;
        if (mustSync) core.writes.add({ ready, term: core.term, lastIndex: entries.at(-1)?.index ?? 0 });
        return ready;
    }

    persisted(ready: Ready): void {
        const core = this.#core;
        const durable = core.writes.finish(ready);
        if (durable === undefined) return;
        core.durableTerm = durable.term;
        core.log.persistedTo(durable.lastIndex);
        if (durable.term === core.term) ownVoteIsDurable(core);
        if (core.leadership !== undefined) advanceCommit(core, core.leadership);
    }

    appliedTo(index: number): void {
        this.#core.log.appliedTo(index);
    }

    snapshotChunkRead(
        request: ChunkToRead,
        result: { snapshot: SnapshotMeta; data: Buffer; last: boolean } | 'failed',
    ): void {
        snapshotChunkRead(this.#core, request, result);
    }

    snapshotChunkStored(request: ChunkToStore, result: 'stored' | 'installed' | 'failed'): void {
        snapshotChunkStored(this.#core, request, result);
    }

    compactLog(index: number, membership: Membership): void {
        if (index <= this.#core.log.baseIndex) return;
        this.#core.log.compact(index);
        this.#core.memberships.compact(index, membership);
    }

    reportUnreachable(id: MemberId): void {
        const core = this.#core;
        if (core.leadership !== undefined) reportUnreachable(core, core.leadership, id);
    }

    setTimeouts({ electionTicks, heartbeatTicks }: { electionTicks: number; heartbeatTicks: number }): void {
        const core = this.#core;
        if (electionTicks === core.electionTicks && heartbeatTicks === core.heartbeatTicks) return;
        core.electionTicks = electionTicks;
        core.heartbeatTicks = heartbeatTicks;
        core.resetElectionTimer();
        if (core.leadership === undefined) return;
        core.leadership.heartbeatAt = Math.min(core.leadership.heartbeatAt, core.now + heartbeatTicks);
    }

    status(): RaftStatus {
        return statusOf(this.#core);
    }
}

function tickLeader(core: Core, leadership: Leadership): void {
    tickSnapshots(core, leadership);
    if (core.now < leadership.heartbeatAt) return;
    leadership.heartbeatAt = core.now + core.heartbeatTicks;
    if (core.config.readMode === 'lease') beginRound(core, leadership);
    broadcastHeartbeat(core, leadership);
    confirmReads(core, leadership);
}

/** What is sent once for many inputs. Doing it twice sends nothing twice. */
function flush(core: Core): void {
    if (core.leadership === undefined) {
        forwardReads(core);
        return;
    }
    startReadRound(core, core.leadership);
    sendTimeoutNowWhenReady(core);
    replicate(core, core.leadership);
}

/** A message of this term, or of a later one that may move this member there. False when it is to be ignored. */
function admit(core: Core, message: RaftMessage): boolean {
    const { type, term } = message;
    const isBallot = type === 'preVote' || type === 'vote';
    if (isBallot && term > core.term && !message.transfer && isSticky(core)) return false;
    if (term === core.term || type === 'preVote') return true;
    if (type === 'preVoteReply' && message.granted) return true;
    becomeFollower(core, term, isLeaders(type) ? message.from : '');
    return true;
}

function isLeaders(type: RaftMessage['type']): boolean {
    return type === 'append' || type === 'heartbeat' || type === 'commit' || type === 'snapshotChunk';
}

/**
 * A leader of an earlier term hears of the present one, so that it gives up: with pre-vote and loyal followers
 * a member that got ahead would otherwise be deaf to it for ever. So does a candidate. The rest is history.
 */
function answerStale(core: Core, message: RaftMessage): void {
    const { from, type } = message;
    switch (type) {
        case 'append':
        case 'heartbeat':
        case 'commit':
        case 'snapshotChunk':
            core.send(from, { type: 'heartbeatReply', readRound: 0 });
            break;
        case 'preVote':
            core.send(from, { type: 'preVoteReply', granted: false });
            break;
        case 'vote':
            core.sendAfterPersist(from, { type: 'voteReply', granted: false });
            break;
        case 'readIndex':
            core.send(from, { type: 'readIndexReply', context: message.context, index: 0, refused: true });
            break;
        default:
            break;
    }
}

function dispatch(core: Core, message: RaftMessage): void {
    switch (message.type) {
        case 'append':
            handleAppend(core, message);
            break;
        case 'heartbeat':
            handleHeartbeat(core, message);
            break;
        case 'commit':
            handleCommit(core, message);
            break;
        case 'snapshotChunk':
            handleSnapshotChunk(core, message);
            break;
        case 'preVote':
        case 'vote':
            handleBallot(core, message);
            break;
        case 'preVoteReply':
        case 'voteReply':
            handleBallotReply(core, message);
            break;
        case 'timeoutNow':
            handleTimeoutNow(core, message);
            break;
        case 'propose':
            noteAsking(core, message.from);
            handlePropose(core, message);
            break;
        case 'readIndex':
            noteAsking(core, message.from);
            handleReadIndex(core, message);
            break;
        case 'readIndexReply':
            handleReadIndexReply(core, message);
            break;
        default:
            if (core.leadership !== undefined) dispatchToLeader(core, core.leadership, message);
    }
}

function dispatchToLeader(
    core: Core,
    leadership: Leadership,
    message: MessageOf<'appendReply' | 'heartbeatReply' | 'snapshotReply'>,
): void {
    switch (message.type) {
        case 'appendReply':
            handleAppendReply(core, leadership, message);
            break;
        case 'heartbeatReply':
            handleHeartbeatReply(core, leadership, message);
            break;
        case 'snapshotReply':
            handleSnapshotReply(core, leadership, message);
            break;
    }
}

function voteChanged(core: Core): boolean {
    const given = core.givenHardState;
    return given?.term !== core.term || given.votedFor !== core.votedFor;
}

function hardStateChanged(core: Core): boolean {
    return voteChanged(core) || core.givenHardState?.commit !== core.hardState.commit;
}

/** What the disk has lost must be on it before the log grows again. */
function lossIsUnsaid(core: Core): boolean {
    return (core.givenHardState?.commit ?? 0) < core.lostUpTo;
}
