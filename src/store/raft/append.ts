import type { Core, MessageOf } from './core.ts';
import { becomeFollower } from './roles.ts';
import type { MemberId } from './types.ts';

/** A sign of life of this term's leader. False when it cannot be one: there is at most one leader a term. */
export function hearLeader(core: Core, from: MemberId): boolean {
    if (core.leadership !== undefined) return false;
    if (core.leader !== '' && core.leader !== from) return false;
    if (core.role !== 'follower' || core.leader === '') {
        becomeFollower(core, core.term, from);
        return true;
    }
    core.heardAt = core.now;
    core.resetElectionTimer();
    return true;
}

/** 5.3: takes the entries if they continue this log somewhere, else says where the leader should look next. */
export function handleAppend(core: Core, message: MessageOf<'append'>): void {
    const { log } = core;
    if (!hearLeader(core, message.from) || core.receiving?.installing === true) return;
    const { previousIndex, previousTerm, entries, readRound } = message;
    const known = log.termAt(previousIndex);
    if ((known !== previousTerm && previousIndex > log.committed) || needsSnapshot(core, previousIndex)) {
        const hint = log.lastWithTermAtMost(previousIndex, previousTerm);
        core.sendAfterPersist(message.from, {
            type: 'appendReply',
            match: 0,
            refused: { at: previousIndex, hintIndex: hint.index, hintTerm: hint.term },
            readRound,
        });
        return;
    }
    // Below the base everything is committed, here and therefore at the leader.
    if (known !== undefined && known !== previousTerm) return;
    if (!merge(core, entries)) return;
    const agreed = previousIndex + entries.length;
    if (agreed > log.committed) log.commitTo(Math.min(message.commit, agreed));
    const match = Math.max(agreed, log.committed);
    core.sendAfterPersist(message.from, { type: 'appendReply', match, readRound });
}

/**
 * A member that joins knows no membership. The log alone might not tell it the one that the cluster began with,
 * and half a membership makes a second leader: it begins with a snapshot. Nobody else refuses at index 0.
 */
function needsSnapshot(core: Core, previousIndex: number): boolean {
    const { voters, learners } = core.memberships.current;
    return previousIndex === 0 && core.log.lastIndex === 0 && voters.length + learners.length === 0;
}

/**
 * Skips what is here already and replaces what differs. A late message never cuts off what a newer one of the
 * same leader brought. False for what contradicts a committed entry: such a leader must not be answered.
 */
function merge(core: Core, entries: MessageOf<'append'>['entries']): boolean {
    const { log, memberships } = core;
    for (const entry of entries) {
        if (entry.index <= log.lastIndex) {
            const known = log.termAt(entry.index);
            if (known === entry.term || entry.index <= log.baseIndex) continue;
            if (entry.index <= log.committed) return false;
            log.truncateFrom(entry.index);
            memberships.truncateFrom(entry.index);
            core.writes.truncateFrom(entry.index);
        }
        log.append(entry);
        if (entry.type === 'membership') memberships.append(entry);
    }
    return true;
}

/** `commit` is at most what this member has acknowledged in this term. If the log ends before that, the disk lost it. */
export function handleHeartbeat(core: Core, message: MessageOf<'heartbeat'>): void {
    if (!hearLeader(core, message.from)) return;
    const { from, commit, readRound } = message;
    if (commitAcknowledged(core, { from, commit, readRound }))
        core.send(from, { type: 'heartbeatReply', readRound });
}

export function handleCommit(core: Core, { from, commit }: MessageOf<'commit'>): void {
    if (hearLeader(core, from)) commitAcknowledged(core, { from, commit, readRound: 0 });
}

/** False, and the leader is told, when the log ends before what this member has acknowledged. */
function commitAcknowledged(
    core: Core,
    { from, commit, readRound }: { from: MemberId; commit: number; readRound: number },
): boolean {
    const { log } = core;
    if (core.receiving?.installing === true) return true;
    if (commit <= log.lastIndex) {
        log.commitTo(commit);
        return true;
    }
    core.noteLoss(commit);
    const refused = { at: commit, hintIndex: log.lastIndex, hintTerm: log.lastTerm };
    core.sendAfterPersist(from, { type: 'appendReply', match: 0, refused, readRound });
    return false;
}
