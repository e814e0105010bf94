import type { Core, MessageOf } from './core.ts';
import { isMember } from './membership.ts';
import type { Leadership, WaitingRead } from './leadership.ts';
import type { Progress } from './progress.ts';
import { quorumValue } from './quorum.ts';
import type { ProposeRefusal } from './types.ts';

/**
 * Linearizable reads without a log entry (6.4). The leader notes its commit index, makes sure by a round of
 * heartbeats that it still leads, and lets the read be served from what is applied up to that index. One round
 * is under way at a time; all reads that come meanwhile share the next. A new leader knows the commit index
 * only when it has committed an entry of its own term: until then reads wait.
 *
 * With leases (6.4.1) a confirmed round also says that nobody else is elected for an election timeout after it
 * began, and reads within that time need no round. That holds only if all members' ticks run at the same speed
 * and the driver ticks before it asks when it was held up; a leadership transfer ends it for the term.
 */
export function readIndex(core: Core, context: number): void {
    const { leadership } = core;
    if (core.isRemoved || core.forgetful) refuse(core, [context], 'removed');
    else if (leadership !== undefined) addRead(core, leadership, { from: 'self', context });
    else if (core.leader === '') refuse(core, [context], 'noLeader');
    else if (forwardedCount(core) >= core.config.pendingReadsMax) refuse(core, [context], 'busy');
    else core.readsToForward.push(context);
}

/** A follower asks. */
export function handleReadIndex(core: Core, message: MessageOf<'readIndex'>): void {
    const { leadership } = core;
    const read: WaitingRead = { from: 'follower', id: message.from, context: message.context };
    if (leadership !== undefined && isMember(core.memberships.current, message.from))
        addRead(core, leadership, read);
    else answer(core, read, 'noLeader');
}

export function handleReadIndexReply(core: Core, message: MessageOf<'readIndexReply'>): void {
    const forwarded = core.forwardedReads.get(message.context);
    if (forwarded === undefined) return;
    core.forwardedReads.delete(message.context);
    if (message.refused) {
        refuse(core, forwarded.contexts, 'busy');
        return;
    }
    for (const context of forwarded.contexts) core.outbox.reads.push({ context, index: message.index });
}

/** Begins the next round when reads wait and none is under way. Part of every `ready`. */
export function startReadRound(core: Core, leadership: Leadership): void {
    const { log } = core;
    if (leadership.waiting.length === 0 || log.committed < leadership.openingIndex) return;
    if (core.config.readMode === 'lease' && core.now < leadership.leaseUntil && !leadership.leaseBroken) {
        for (const read of leadership.waiting.splice(0)) answer(core, read, log.committed);
        return;
    }
    if (leadership.confirming !== undefined) return;
    const round = beginRound(core, leadership);
    leadership.confirming = { round, index: log.committed, reads: leadership.waiting };
    leadership.waiting = [];
    broadcastHeartbeat(core, leadership);
    confirmReads(core, leadership);
}

export function broadcastHeartbeat(core: Core, leadership: Leadership): void {
    for (const progress of leadership.progress.values()) sendHeartbeat(core, leadership, progress);
}

export function sendHeartbeat(core: Core, leadership: Leadership, progress: Progress): void {
    core.send(progress.id, {
        type: 'heartbeat',
        commit: progress.acknowledgedCommit(core.log.committed),
        readRound: leadership.round,
    });
}

/** A later round number than every message sent so far carries. */
export function beginRound(core: Core, leadership: Leadership): number {
    leadership.round++;
    if (core.config.readMode === 'lease') {
        leadership.roundsStarted.push({ round: leadership.round, at: core.now });
    }
    return leadership.round;
}

/** Somebody answered a round: which are confirmed by a quorum? */
export function confirmReads(core: Core, leadership: Leadership): void {
    const { confirming, roundsStarted } = leadership;
    if (confirming === undefined && roundsStarted.length === 0) return;
    const confirmed = quorumValue(core, leadership, {
        own: leadership.round,
        of: (progress) => progress.readRound,
    });
    while (roundsStarted[0] !== undefined && roundsStarted[0].round <= confirmed) {
        leadership.leaseUntil = roundsStarted[0].at + leaseTicks(core.electionTicks);
        roundsStarted.shift();
    }
    if (confirming === undefined || confirming.round > confirmed) return;
    leadership.confirming = undefined;
    for (const read of confirming.reads) answer(core, read, confirming.index);
    startReadRound(core, leadership);
}

/** Sends what was asked since the last time, as one question. Part of every `ready`. */
export function forwardReads(core: Core): void {
    if (core.readsToForward.length === 0) return;
    const contexts = core.readsToForward;
    core.readsToForward = [];
    if (core.leader === '' || core.leadership !== undefined) {
        refuse(core, contexts, 'noLeader');
        return;
    }
    const context = core.nextForwardedRead++;
    core.forwardedReads.set(context, { contexts, until: core.now + core.electionTicks });
    core.send(core.leader, { type: 'readIndex', context });
}

/** Question or answer were lost, probably. */
export function tickForwardedReads(core: Core): void {
    for (const [context, { contexts, until }] of core.forwardedReads) {
        if (until > core.now) break;
        core.forwardedReads.delete(context);
        refuse(core, contexts, 'noLeader');
    }
}

/** The leader that was asked is not the leader any more. */
export function failForwardedReads(core: Core): void {
    for (const { contexts } of core.forwardedReads.values()) refuse(core, contexts, 'noLeader');
    core.forwardedReads.clear();
    refuse(core, core.readsToForward.splice(0), 'noLeader');
}

/** This member leads no more; must be called while its term is still the old one. */
export function failLeaderReads(core: Core, leadership: Leadership): void {
    for (const read of [...(leadership.confirming?.reads ?? []), ...leadership.waiting]) {
        answer(core, read, 'noLeader');
    }
}

/** Shorter than the others' patience by a tick, for ticks do not coincide, and a tenth, for clocks drift. */
function leaseTicks(electionTicks: number): number {
    return electionTicks - Math.ceil(electionTicks / 10) - 1;
}

function addRead(core: Core, leadership: Leadership, read: WaitingRead): void {
    const pending = leadership.waiting.length + (leadership.confirming?.reads.length ?? 0);
    if (pending >= core.config.pendingReadsMax) answer(core, read, 'busy');
    else leadership.waiting.push(read);
}

function answer(core: Core, read: WaitingRead, result: number | ProposeRefusal): void {
    if (read.from === 'follower') {
        const refused = typeof result !== 'number';
        const index = refused ? 0 : result;
        core.send(read.id, { type: 'readIndexReply', context: read.context, index, refused });
    } else if (typeof result === 'number') {
        core.outbox.reads.push({ context: read.context, index: result });
    } else {
        refuse(core, [read.context], result);
    }
}

function refuse(core: Core, contexts: readonly number[], refused: ProposeRefusal): void {
    for (const context of contexts) core.outbox.reads.push({ context, refused });
}

function forwardedCount(core: Core): number {
    let count = core.readsToForward.length;
    for (const { contexts } of core.forwardedReads.values()) count += contexts.length;
    return count;
}
