import type { Core, MessageOf } from './core.ts';
import type { Leadership } from './leadership.ts';
import { decodeMembershipChange, encodeMembershipChange, isMember, isSensible } from './membership.ts';
import { entryBytes } from './raft-log.ts';
import { appendAsLeader } from './roles.ts';
import type { MembershipChange, ProposedEntry, ProposeRefusal, ProposeResult } from './types.ts';

/** A learner that lacks more entries than this cannot be promoted: a quorum might have to wait for it. */
export const learnerLagEntriesMax = 5_000;

/**
 * On a follower the entries go to the leader of this term, and only of this term: once an entry of a later term
 * is applied, what was forwarded earlier and has not been applied never will be.
 */
export function propose(core: Core, entries: readonly ProposedEntry[]): ProposeResult {
    const { leadership } = core;
    if (core.isRemoved || core.forgetful) return refused('removed');
    if (leadership !== undefined) return appendProposed(core, leadership, entries);
    if (core.leader === '') return refused('noLeader');
    const bytes = bytesOf(entries);
    if (core.forwardedBytes > 0 && core.forwardedBytes + bytes > core.config.uncommittedBytesMax) {
        return refused('busy');
    }
    core.forwardedBytes += bytes;
    core.send(core.leader, { type: 'propose', entries });
    return { type: 'forwarded', to: core.leader, term: core.term };
}

export function proposeMembership(core: Core, change: MembershipChange): ProposeResult {
    if (core.isRemoved || core.forgetful) return refused('removed');
    if (core.leadership === undefined) return refused('noLeader');
    return appendProposed(core, core.leadership, [
        { type: 'membership', data: encodeMembershipChange(change) },
    ]);
}

/** A follower's proposals; what is refused is dropped, and its origin hears nothing. */
export function handlePropose(core: Core, message: MessageOf<'propose'>): void {
    const { leadership } = core;
    if (leadership === undefined || !isMember(core.memberships.current, message.from)) return;
    appendProposed(core, leadership, message.entries);
}

function appendProposed(
    core: Core,
    leadership: Leadership,
    entries: readonly ProposedEntry[],
): ProposeResult {
    const reason = refusal(core, leadership, entries);
    if (reason !== undefined) return refused(reason);
    const firstIndex = core.log.lastIndex + 1;
    for (const entry of entries) appendAsLeader(core, leadership, entry);
    return { type: 'appended', firstIndex, term: core.term };
}

function refusal(
    core: Core,
    leadership: Leadership,
    entries: readonly ProposedEntry[],
): ProposeRefusal | undefined {
    if (leadership.transfer !== undefined) return 'transferring';
    const [first] = entries;
    if (first === undefined) return 'invalid';
    const { uncommittedBytes } = leadership;
    // A single large batch passes when nothing else waits.
    if (uncommittedBytes > 0 && uncommittedBytes + bytesOf(entries) > core.config.uncommittedBytesMax) {
        return 'busy';
    }
    if (!entries.some((entry) => entry.type === 'membership')) return undefined;
    const change = entries.length === 1 ? decodeMembershipChange(first.data) : undefined;
    return change === undefined ? 'invalid' : refusalOfChange(core, leadership, change);
}

/** One at a time, and not before this leader has committed in its term: else two quorums may not meet. */
function refusalOfChange(
    core: Core,
    leadership: Leadership,
    change: MembershipChange,
): ProposeRefusal | undefined {
    const { log, memberships } = core;
    if (log.committed < leadership.openingIndex || memberships.currentIndex > log.committed) {
        return 'membershipPending';
    }
    if (!isSensible(memberships.current, change)) return 'invalid';
    if (change.type !== 'promote') return undefined;
    const progress = leadership.progress.get(change.id);
    const ready =
        progress?.state === 'replicate' &&
        core.now - progress.heardAt < core.electionTicks &&
        log.lastIndex - progress.match <= learnerLagEntriesMax;
    return ready ? undefined : 'learnerNotReady';
}

function bytesOf(entries: readonly ProposedEntry[]): number {
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    return bytes;
}

function refused(reason: ProposeRefusal): ProposeResult {
    return { type: 'refused', reason };
}
