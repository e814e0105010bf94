import type { Core, MessageOf } from './core.ts';
import { quorumOf } from './membership.ts';
import { quorumValue } from './quorum.ts';
import { becomeFollower, becomeLeader } from './roles.ts';
import type { MemberId } from './types.ts';

type Ballot = MessageOf<'preVote' | 'vote'>;
type BallotReply = MessageOf<'preVoteReply' | 'voteReply'>;

/**
 * May stand for election: a voter whose log is its own, not about to be replaced by a snapshot. Who is removed
 * by an entry that is not committed yet stands too, though its own vote does not count (4.2.2): it may be the
 * only one whose log is complete enough to win, and to commit that removal.
 */
export function isPromotable(core: Core): boolean {
    const { log, memberships } = core;
    const isVoter = core.isVoter || memberships.at(log.committed).voters.includes(core.id);
    return isVoter && !core.isRemoved && !core.forgetful && core.receiving?.installing !== true;
}

/** Time for an election, unless this member leads. */
export function tickElection(core: Core): void {
    if (core.now < core.electionAt) return;
    core.resetElectionTimer();
    if (isPromotable(core)) campaign(core);
    else core.leader = isSticky(core) ? core.leader : '';
}

/**
 * Check-quorum (6.2): a leader that has not heard of a quorum for an election timeout gives up, so that its
 * clients look elsewhere, and so that the others' loyalty to it (see `isSticky`) cannot keep a leader that
 * reaches nobody.
 */
export function tickCheckQuorum(core: Core): void {
    const { leadership } = core;
    if (leadership === undefined) return;
    const heardAt = quorumValue(core, leadership, { own: core.now, of: (progress) => progress.heardAt });
    if (heardAt < core.now - core.electionTicks) becomeFollower(core, core.term, '');
}

/** Asks first whether it could win (pre-vote, 9.6): who is cut off or behind does not raise its term. */
export function campaign(core: Core): void {
    core.role = 'preCandidate';
    core.leader = '';
    core.votes.clear();
    core.resetElectionTimer();
    const { lastIndex, lastTerm } = core.log;
    for (const id of otherVoters(core)) {
        core.sendInTerm(id, { type: 'preVote', lastIndex, lastTerm, transfer: false }, core.term + 1);
    }
    countVote(core, core.id, true);
}

/**
 * The election proper. The requests wait for the disk: a candidate that forgot part of the log it stood with
 * could otherwise win, after a restart, with votes for the longer one. Its own vote counts when it is durable.
 */
export function standForElection(core: Core, transfer: boolean): void {
    becomeFollower(core, core.term + 1, '');
    core.role = 'candidate';
    core.votedFor = core.id;
    const { lastIndex, lastTerm } = core.log;
    for (const id of otherVoters(core)) {
        core.sendAfterPersist(id, { type: 'vote', lastIndex, lastTerm, transfer });
    }
}

/**
 * Who hears a leader turns nobody else into one (4.2.3): then the votes are ignored, and the candidate's term
 * with them. With leases nobody votes within an election timeout of its start either: it might have heard a
 * leader just before.
 */
export function isSticky(core: Core): boolean {
    if (core.role === 'leader') return true;
    const heard = core.leader !== '' || (core.config.readMode === 'lease' && core.heardAt === 0);
    return heard && core.now - core.heardAt < core.electionTicks;
}

export function handleBallot(core: Core, message: Ballot): void {
    const { type, from, term } = message;
    const free =
        core.votedFor === from ||
        (core.votedFor === '' && core.leader === '') ||
        (type === 'preVote' && term > core.term);
    const granted = free && !core.forgetful && core.log.isUpToDate(message.lastIndex, message.lastTerm);
    if (type === 'preVote') {
        // A granted reply speaks of the term that the candidate would have, a refusal of this member's.
        core.sendInTerm(from, { type: 'preVoteReply', granted }, granted ? term : core.term);
        return;
    }
    if (granted) {
        core.votedFor = from;
        core.resetElectionTimer();
    }
    core.sendAfterPersist(from, { type: 'voteReply', granted });
}

export function handleBallotReply(core: Core, message: BallotReply): void {
    const expected = message.type === 'preVoteReply' ? 'preCandidate' : 'candidate';
    if (core.role !== expected) return;
    if (message.type === 'preVoteReply' && message.granted && message.term !== core.term + 1) return;
    countVote(core, message.from, message.granted);
}

/** The vote that this member gave itself is on its disk. */
export function ownVoteIsDurable(core: Core): void {
    if (core.role === 'candidate' && core.votedFor === core.id) countVote(core, core.id, true);
}

function countVote(core: Core, from: MemberId, granted: boolean): void {
    const { current } = core.memberships;
    if (!current.voters.includes(from)) return;
    if (!core.votes.has(from)) core.votes.set(from, granted);
    let yes = 0;
    let no = 0;
    for (const id of current.voters) {
        const vote = core.votes.get(id);
        if (vote === true) yes++;
        if (vote === false) no++;
    }
    const quorum = quorumOf(current);
    if (yes >= quorum) {
        if (core.role === 'preCandidate') standForElection(core, false);
        else becomeLeader(core);
    } else if (no > current.voters.length - quorum) {
        becomeFollower(core, core.term, '');
    }
}

function otherVoters(core: Core): readonly MemberId[] {
    return core.memberships.current.voters.filter((id) => id !== core.id);
}
