import type { Core } from './core.ts';
import type { RaftRole, RaftStatus } from './types.ts';

export function statusOf(core: Core): RaftStatus {
    const { log, leadership } = core;
    const progress = [...(leadership?.progress.values() ?? [])]
        .filter((follower) => follower.leaving === undefined)
        .map((follower) => ({
            id: follower.id,
            match: follower.match,
            state: follower.state,
            active: core.now - follower.heardAt < core.electionTicks,
            forgetful: follower.forgetful,
        }));
    return {
        id: core.id,
        role: roleOf(core),
        term: core.term,
        leader: core.leader,
        commit: log.committed,
        applied: log.applied,
        lastIndex: log.lastIndex,
        firstIndex: log.baseIndex + 1,
        membership: core.memberships.current,
        progress,
        forgetful: core.forgetful,
        transferringTo: leadership?.transfer?.to ?? '',
    };
}

/** Who is no voter only learns: also a new member that does not know yet what it is to become. */
function roleOf(core: Core): RaftRole {
    if (core.isRemoved) return 'removed';
    if (core.role === 'follower' && !core.isVoter) return 'learner';
    return core.role;
}
