import { assert } from '../../util/assert.ts';
import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import { Progress } from './progress.ts';
import { entryBytes } from './raft-log.ts';
import { failForwardedReads, failLeaderReads } from './read-index.ts';
import type { EntryType, MemberId } from './types.ts';

/** Also when the term stays: a candidate finds a leader, a leader gives up. */
export function becomeFollower(core: Core, term: number, leader: MemberId): void {
    assert(term >= core.term, 'terms never go back', { term, own: core.term });
    if (core.leadership !== undefined) failLeaderReads(core, core.leadership);
    if (term !== core.term || leader !== core.leader) failForwardedReads(core);
    if (term !== core.term) {
        core.term = term;
        core.votedFor = '';
    }
    core.role = 'follower';
    core.leadership = undefined;
    core.leader = leader;
    core.votes.clear();
    if (leader !== '') core.heardAt = core.now;
    core.resetElectionTimer();
}

export function becomeLeader(core: Core): void {
    assert(core.role === 'candidate', 'only a candidate becomes leader', { role: core.role });
    failForwardedReads(core);
    const { log } = core;
    const leadership: Leadership = {
        progress: new Map(),
        openingIndex: log.lastIndex + 1,
        heartbeatAt: core.now + core.heartbeatTicks,
        uncommittedBytes: uncommittedBytes(core),
        transfer: undefined,
        snapshotTransfers: 0,
        round: 0,
        roundsStarted: [],
        confirming: undefined,
        waiting: [],
        leaseUntil: 0,
        leaseBroken: false,
    };
    core.role = 'leader';
    core.leader = core.id;
    core.leadership = leadership;
    core.receiving = undefined;
    core.votes.clear();
    followMembership(core, leadership);
    appendAsLeader(core, leadership, { type: 'noop', data: Buffer.alloc(0) });
}

/** A removed member that cannot be reached is let go after as many election timeouts. */
const farewellElectionsMax = 10;

/** The leader feeds exactly the others of the membership in force. */
export function followMembership(core: Core, leadership: Leadership): void {
    const { voters, learners } = core.memberships.current;
    const others = new Set([...voters, ...learners]);
    others.delete(core.id);
    for (const progress of leadership.progress.values()) {
        if (others.has(progress.id)) continue;
        progress.leaving ??= {
            index: core.log.lastIndex,
            until: core.now + core.electionTicks * farewellElectionsMax,
        };
    }
    for (const id of others) {
        if (leadership.progress.get(id)?.leaving === undefined && leadership.progress.has(id)) continue;
        const options = {
            next: core.log.lastIndex + 1,
            now: core.now,
            inflightMax: core.config.inflightAppendsMax,
        };
        leadership.progress.set(id, new Progress(id, options));
    }
}

export function appendAsLeader(
    core: Core,
    leadership: Leadership,
    proposed: { type: EntryType; data: Buffer },
): void {
    const { log, term } = core;
    const entry = { index: log.lastIndex + 1, term, type: proposed.type, data: proposed.data };
    log.append(entry);
    leadership.uncommittedBytes += entryBytes(entry);
    if (entry.type !== 'membership') return;
    core.memberships.append(entry);
    followMembership(core, leadership);
}

function uncommittedBytes(core: Core): number {
    let bytes = 0;
    for (let index = core.log.committed + 1; index <= core.log.lastIndex; index++) {
        const entry = core.log.entryAt(index);
        if (entry !== undefined) bytes += entryBytes(entry);
    }
    return bytes;
}
