import { advanceCommit } from './commit.ts';
import type { Core, MessageOf } from './core.ts';
import type { Leadership } from './leadership.ts';
import { sendTimeoutNowWhenReady } from './leadership-transfer.ts';
import type { Progress } from './progress.ts';
import { beginRound, confirmReads, sendHeartbeat } from './read-index.ts';
import type { RaftLog } from './raft-log.ts';
import { startSnapshot } from './snapshot-send.ts';
import type { MemberId } from './types.ts';

/** Sends every follower what it may be sent now. Part of every `ready`, so that one message carries many proposals. */
export function replicate(core: Core, leadership: Leadership): void {
    for (const progress of leadership.progress.values()) {
        if (progress.leaving !== undefined && letGo(core, leadership, progress)) continue;
        switch (progress.state) {
            case 'snapshot':
                break;
            case 'probe':
                if (!progress.paused) sendAppend(core, leadership, progress);
                break;
            case 'replicate':
                stream(core, leadership, progress);
                break;
        }
    }
}

/** A removed member is fed until it knows, unless that takes a snapshot or too long. */
function letGo(core: Core, leadership: Leadership, progress: Progress): boolean {
    const { leaving } = progress;
    if (leaving === undefined) return false;
    const keep = core.now < leaving.until && progress.next > core.log.baseIndex;
    if (!keep) leadership.progress.delete(progress.id);
    return !keep;
}

function stream(core: Core, leadership: Leadership, progress: Progress): void {
    while (progress.next <= core.log.lastIndex && !progress.windowFull) {
        if (!sendAppend(core, leadership, progress)) return;
    }
    const { committed } = core.log;
    const commit = progress.acknowledgedCommit(committed);
    // A removed member is let go when it has answered.
    const mustAnswer = progress.leaving !== undefined && progress.commitSent < committed;
    if (progress.nudge || mustAnswer) sendAppend(core, leadership, progress);
    else if (progress.commitSent < commit) {
        if (core.now < progress.asksUntil) core.send(progress.id, { type: 'commit', commit });
        else core.sendCommitNotice(progress.id, commit);
        progress.commitSent = commit;
    }
}

/** A follower's clients wait for what is committed next. */
export function noteAsking(core: Core, id: MemberId): void {
    const progress = core.leadership?.progress.get(id);
    if (progress !== undefined) progress.asksUntil = core.now + core.electionTicks;
}

/** False when the follower needs a snapshot. */
function sendAppend(core: Core, leadership: Leadership, progress: Progress): boolean {
    const { log } = core;
    const previousIndex = progress.next - 1;
    const previousTerm = log.termAt(previousIndex);
    if (previousTerm === undefined) {
        startSnapshot(core, progress);
        return false;
    }
    const blocked = progress.state === 'replicate' && progress.windowFull;
    const entries = blocked ? [] : log.slice(progress.next, core.config.appendBytesMax);
    core.send(progress.id, {
        type: 'append',
        previousIndex,
        previousTerm,
        entries,
        commit: log.committed,
        readRound: leadership.round,
    });
    progress.nudge = false;
    progress.movedAt = core.now;
    progress.commitSent = log.committed;
    if (progress.state === 'probe' || entries.length > 0) progress.sent(previousIndex + entries.length);
    return true;
}

export function handleAppendReply(
    core: Core,
    leadership: Leadership,
    message: MessageOf<'appendReply'>,
): void {
    const progress = leadership.progress.get(message.from);
    if (progress === undefined) return;
    progress.heardAt = core.now;
    if (message.readRound < progress.minRound) return;
    noteRound(core, leadership, { progress, round: message.readRound });
    if (message.refused !== undefined) {
        handleRefusal(core, leadership, { progress, refused: message.refused, round: message.readRound });
        return;
    }
    if (message.match > core.log.lastIndex) return;
    const { leaving } = progress;
    if (leaving !== undefined && message.match >= leaving.index && progress.commitSent >= leaving.index) {
        leadership.progress.delete(progress.id);
        return;
    }
    acknowledge(core, progress, message.match);
    advanceCommit(core, leadership);
    sendTimeoutNowWhenReady(core);
}

function acknowledge(core: Core, progress: Progress, match: number): void {
    progress.acknowledged(match);
    progress.movedAt = core.now;
    if (progress.suspected && match < progress.next - 1) return;
    progress.suspected = false;
    if (progress.state === 'probe') progress.becomeReplicate();
    // It got by other ways what the snapshot was to bring.
    if (progress.state === 'snapshot' && progress.match >= core.log.baseIndex) progress.becomeProbe();
}

/**
 * The follower's log does not have `refused.at`. Its hint says where to look next (5.3): the end of its log, or
 * the last entry whose term is not above that of the refused one; this log then skips to its own last entry
 * whose term is not above the hint's. So every probe skips a whole term, on one side or the other.
 */
function handleRefusal(
    core: Core,
    leadership: Leadership,
    reply: {
        progress: Progress;
        refused: { at: number; hintIndex: number; hintTerm: number };
        round: number;
    },
): void {
    const { progress, refused } = reply;
    if (refused.at === 0 && progress.match === 0) {
        if (progress.state === 'probe' && progress.next === 1) startSnapshot(core, progress);
        return;
    }
    if (refused.at <= progress.match || refused.hintIndex < progress.match) {
        doubt(core, leadership, reply);
        return;
    }
    if (progress.state === 'snapshot') return;
    if (progress.state === 'probe' && refused.at !== progress.next - 1) return;
    const hint = Math.min(refused.hintIndex, refused.at - 1);
    progress.becomeProbe(firstToTry(core.log, hint, refused.hintTerm));
    progress.movedAt = core.now;
}

/** At or below the base it is the base's, which is compacted: that brings a snapshot. */
function firstToTry(log: RaftLog, hintIndex: number, hintTerm: number): number {
    if (hintIndex < log.baseIndex) return hintIndex + 1;
    const { index, term } = log.lastWithTermAtMost(hintIndex, hintTerm);
    return term <= hintTerm ? index + 1 : log.baseIndex;
}

/**
 * A follower refuses what it has acknowledged. That is a late message, or its disk was lost or replaced by an
 * older one. The round number tells: after a doubt only answers to later messages are believed, and one of
 * those that refuses again is the truth. Then its log is brought there anew; if it is empty, the member has
 * forgotten its votes too and must not decide anything: it counts for nothing until it is removed.
 */
function doubt(
    core: Core,
    leadership: Leadership,
    reply: { progress: Progress; refused: { hintIndex: number }; round: number },
): void {
    const { progress, refused } = reply;
    if (progress.suspected) {
        const hint = Math.min(refused.hintIndex, core.log.lastIndex);
        const round = beginRound(core, leadership);
        progress.forget({ next: hint + 1, round, forgetful: hint === 0 });
        return;
    }
    progress.suspected = true;
    progress.minRound = beginRound(core, leadership);
    progress.becomeProbe();
    // So that the member itself notices before its log is filled again.
    sendHeartbeat(core, leadership, progress);
}

export function handleHeartbeatReply(
    core: Core,
    leadership: Leadership,
    message: MessageOf<'heartbeatReply'>,
): void {
    const progress = leadership.progress.get(message.from);
    if (progress === undefined) return;
    progress.heardAt = core.now;
    if (core.now - progress.movedAt >= core.heartbeatTicks) {
        // It lives, and what was sent is not answered: that may be lost.
        progress.paused = false;
        progress.nudge = progress.match < core.log.lastIndex;
    }
    noteRound(core, leadership, { progress, round: message.readRound });
}

function noteRound(
    core: Core,
    leadership: Leadership,
    { progress, round }: { progress: Progress; round: number },
): void {
    if (round <= progress.readRound || round > leadership.round) return;
    progress.readRound = round;
    confirmReads(core, leadership);
}

/** The connection broke: what is in flight is lost, probably. A snapshot waits for the next sign of life. */
export function reportUnreachable(core: Core, leadership: Leadership, id: string): void {
    const progress = leadership.progress.get(id);
    if (progress?.state === 'replicate') {
        progress.becomeProbe();
        progress.paused = true;
        progress.movedAt = core.now;
    }
}
