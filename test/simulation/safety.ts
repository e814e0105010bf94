import type {
    Entry,
    MemberId,
    Membership,
    RaftMessage,
    RaftStatus,
    SnapshotMeta,
} from '../../src/store/raft/types.ts';
import type { Core } from './core.ts';
import { initialIndex, initialTerm, type Image } from './disk.ts';

export type SafetyProperty =
    | 'election safety'
    | 'one vote a term'
    | 'log matching'
    | 'leader completeness'
    | 'state-machine safety'
    | 'applied only committed'
    | 'committed stays'
    | 'one membership change at a time'
    | 'vote is durable'
    | 'an emptied disk counts for nothing'
    | 'no failed assertion'
    | 'linearizability'
    | 'watch guarantees'
    | 'convergence';

/** A run showed what must never be. */
export class SafetyViolation extends Error {
    override readonly name = 'SafetyViolation';
    readonly property: SafetyProperty;
    constructor(property: SafetyProperty, message: string, options?: ErrorOptions) {
        super(`${property}: ${message}`, options);
        this.property = property;
    }
}

/** What the checks may know of a member: all of it. */
export interface ObservedMember {
    readonly id: MemberId;
    readonly durable: Readonly<Image>;
    readonly view: Readonly<Image>;
}

interface KnownEntry {
    previousTerm: number;
    type: Entry['type'];
    data: Buffer;
}

/**
 * The safety properties of Raft (figure 3 of the paper), held against everything that the members of a
 * simulated cluster do, as it happens. It sees all members at once, across their crashes.
 */
export class SafetyObserver {
    readonly #core: Core;
    readonly #members: ReadonlyMap<MemberId, ObservedMember>;
    #leaders = new Map<number, MemberId>();
    #votes = new Map<string, MemberId>();
    #acknowledged = new Map<MemberId, number>();
    /** By leader and term: how far it has committed. */
    #commits = new Map<string, number>();
    /** Every entry ever given to a disk, by "term index". */
    #entries = new Map<string, KnownEntry>();
    /** What was applied first at each index, by whomever. */
    #committed: Entry[] = [{ index: initialIndex, term: initialTerm, type: 'noop', data: Buffer.alloc(0) }];
    #initial: Membership;
    #votersOf = new Map<MemberId, readonly MemberId[]>();
    /** Every set of voters that any member went by. */
    #votersSeen = new Map<string, readonly MemberId[]>();
    /** Membership after each committed change; ascending. */
    #memberships: { index: number; membership: Membership }[];

    constructor(core: Core, members: ReadonlyMap<MemberId, ObservedMember>, initial: Membership) {
        this.#core = core;
        this.#members = members;
        this.#initial = initial;
        this.#memberships = [{ index: 0, membership: initial }];
    }

    get leaders(): number {
        return this.#leaders.size;
    }
    get membershipChanges(): number {
        return this.#memberships.length - 1;
    }
    snapshotsInstalled = 0;

    /** Newest index known to be committed. */
    get commit(): number {
        return this.#committed.length;
    }

    /** All that was committed, in order. */
    get committed(): readonly Entry[] {
        return this.#committed;
    }

    onStatus(member: ObservedMember, status: RaftStatus): void {
        const { voters } = status.membership;
        if (this.#votersOf.get(member.id) !== voters) {
            this.#votersOf.set(member.id, voters);
            this.#votersSeen.set(voters.join(' '), voters);
        }
        if (status.role !== 'leader') return;
        this.#checkCountsNoForgetful(status);
        const known = this.#leaders.get(status.term);
        if (known === member.id) return;
        if (known !== undefined) {
            throw new SafetyViolation(
                'election safety',
                `${known} and ${member.id} lead in term ${status.term}`,
            );
        }
        this.#leaders.set(status.term, member.id);
        this.#checkLeaderCompleteness(member, status.term);
    }

    /** What a leader has committed since it knows of emptied disks is on a quorum without them, as it counts. */
    #checkCountsNoForgetful({ id, term, commit, progress, membership }: RaftStatus): void {
        const key = `${id} ${term}`;
        const before = this.#commits.get(key) ?? 0;
        this.#commits.set(key, commit);
        if (commit <= before || !progress.some(({ forgetful }) => forgetful)) return;
        const { voters } = membership;
        const have = progress.filter(({ match, forgetful }) => match >= commit && !forgetful);
        const count = [id, ...have.map((follower) => follower.id)].filter((one) =>
            voters.includes(one),
        ).length;
        if (count > voters.length / 2) return;
        throw new SafetyViolation(
            'an emptied disk counts for nothing',
            `${id} commits ${commit} in term ${term} with ${count} of ${voters.length} besides those emptied`,
        );
    }

    /** The newest entry of which the member ever said that it has it on disk; to itself, when it led. */
    acknowledgedBy({ id, durable }: ObservedMember): number {
        const own = durable.entries.findLast(({ term }) => this.#leaders.get(term) === id);
        return Math.max(this.#acknowledged.get(id) ?? 0, own?.index ?? 0);
    }

    #checkLeaderCompleteness({ id, view }: ObservedMember, term: number): void {
        const newest = this.#committed.findLast((entry) => entry.term < term);
        if (newest === undefined || holds(view, newest)) return;
        throw new SafetyViolation(
            'leader completeness',
            `${id} leads in term ${term} without entry ${newest.index} of term ${newest.term}`,
        );
    }

    onSend(member: ObservedMember, message: RaftMessage): void {
        if (message.type === 'voteReply' && message.granted) this.#onVote(member, message.term, message.to);
        if (message.type === 'vote') this.#onVote(member, message.term, member.id);
        if (message.type === 'appendReply') this.#onAcknowledge(member.id, message.match);
        if (message.type === 'snapshotReply' && message.status === 'installed') {
            this.#onAcknowledge(member.id, message.index);
        }
    }

    #onAcknowledge(id: MemberId, index: number): void {
        this.#acknowledged.set(id, Math.max(index, this.#acknowledged.get(id) ?? 0));
    }

    #onVote({ id, durable }: ObservedMember, term: number, candidate: MemberId): void {
        const { hardState } = durable;
        const isDurable = hardState.term === term && hardState.votedFor === candidate;
        // It may ask for votes before its own is durable: that one counts later.
        if (candidate === id && !isDurable) return;
        const vote = `${id} ${term}`;
        const known = this.#votes.get(vote);
        if (known !== undefined && known !== candidate) {
            throw new SafetyViolation(
                'one vote a term',
                `${id} votes for ${known} and ${candidate} in term ${term}`,
            );
        }
        this.#votes.set(vote, candidate);
        if (hardState.term < term || (hardState.term === term && !isDurable)) {
            throw new SafetyViolation(
                'vote is durable',
                `${id} says its vote for ${candidate} in term ${term} early`,
            );
        }
    }

    /** `view` is what the member has on its disk before `entries`. */
    onAppend({ id, view }: ObservedMember, entries: readonly Entry[]): void {
        const [first] = entries;
        if (first === undefined) return;
        let previousTerm = termAt(view, first.index - 1);
        for (const entry of entries) {
            this.#checkLogMatching(id, entry, previousTerm);
            const committed = this.#committed[entry.index - 1];
            if (committed !== undefined && committed.term !== entry.term && holds(view, committed)) {
                throw new SafetyViolation('committed stays', `${id} replaces committed entry ${entry.index}`);
            }
            previousTerm = entry.term;
        }
        const next = this.#committed[first.index + entries.length - 1];
        if (next !== undefined && next.index > view.snapshot.index && holds(view, next)) {
            throw new SafetyViolation('committed stays', `${id} cuts off committed entry ${next.index}`);
        }
    }

    #checkLogMatching(id: MemberId, entry: Entry, previousTerm: number | undefined): void {
        const key = `${entry.term} ${entry.index}`;
        const known = this.#entries.get(key);
        if (known === undefined) {
            if (previousTerm !== undefined) {
                this.#entries.set(key, { previousTerm, type: entry.type, data: entry.data });
            }
            return;
        }
        const isSame = known.type === entry.type && known.data.equals(entry.data);
        if (!isSame || (previousTerm !== undefined && known.previousTerm !== previousTerm)) {
            throw new SafetyViolation(
                'log matching',
                `${id} has another entry ${entry.index} of term ${entry.term}, or another before it`,
            );
        }
    }

    onApply(member: ObservedMember, entry: Entry): void {
        const { id, view } = member;
        if (entry.index !== view.applied.index + 1) {
            throw new SafetyViolation(
                'state-machine safety',
                `${id} applies ${entry.index} after ${view.applied.index}`,
            );
        }
        const known = this.#committed[entry.index - 1];
        if (known === undefined) {
            this.#onCommit(member, entry);
            return;
        }
        if (known.term !== entry.term || known.type !== entry.type || !known.data.equals(entry.data)) {
            throw new SafetyViolation(
                'state-machine safety',
                `${id} applies at ${entry.index} an entry of term ${entry.term}, others one of term ${known.term}`,
            );
        }
    }

    #onCommit({ id }: ObservedMember, entry: Entry): void {
        if (entry.index !== this.#committed.length + 1) {
            throw new SafetyViolation(
                'state-machine safety',
                `${id} applies ${entry.index}, which skips some`,
            );
        }
        this.#checkDurableOnQuorum(id, entry);
        this.#committed.push(entry);
        if (entry.type !== 'membership') return;
        const change = this.#core.decodeMembershipChange(entry.data);
        if (change === undefined) return;
        const membership = this.#core.applyMembershipChange(this.#membership, change);
        this.#memberships.push({ index: entry.index, membership });
    }

    /** Of what is committed. */
    get #membership(): Membership {
        return this.#memberships.at(-1)?.membership ?? this.#initial;
    }

    /**
     * A quorum has the entry on disk, by the membership that the leader may have had when it counted: that of
     * the entry's place, or one with a change that was in its log already, be it in memory.
     */
    #checkDurableOnQuorum(id: MemberId, entry: Entry): void {
        const have = new Set<MemberId>();
        for (const member of this.#members.values()) if (holds(member.durable, entry)) have.add(member.id);
        const tried = new Set<string>();
        for (const voters of this.#candidateMemberships(entry)) {
            if (voters.filter((voter) => have.has(voter)).length > voters.length / 2) return;
            tried.add(`[${voters.join(' ')}]`);
        }
        throw new SafetyViolation(
            'applied only committed',
            `${id} applies entry ${entry.index} of term ${entry.term}, which of ${[...tried].join(' or ')} only [${[...have].join(' ')}] have on disk`,
        );
    }

    /** Those seen anywhere that are one change away from what is committed. */
    *#candidateMemberships(entry: Entry): Generator<readonly MemberId[]> {
        const { voters } = this.#membership;
        yield voters;
        const change =
            entry.type === 'membership' ? this.#core.decodeMembershipChange(entry.data) : undefined;
        if (change !== undefined) yield this.#core.applyMembershipChange(this.#membership, change).voters;
        for (const seen of this.#votersSeen.values()) {
            const added = seen.filter((id) => !voters.includes(id)).length;
            const removed = voters.filter((id) => !seen.includes(id)).length;
            if (added + removed === 1) yield seen;
        }
    }

    /** A snapshot's state is what applying everything up to it gives. */
    onInstall({ id, view }: ObservedMember, snapshot: SnapshotMeta): void {
        this.snapshotsInstalled += 1;
        const committed = this.#committed[snapshot.index - 1];
        if (committed === undefined || committed.term !== snapshot.term) {
            throw new SafetyViolation(
                'state-machine safety',
                `${id} installs ${snapshot.index}, not committed so`,
            );
        }
        if (snapshot.index < view.applied.index) {
            throw new SafetyViolation(
                'committed stays',
                `${id} goes back from ${view.applied.index} to ${snapshot.index}`,
            );
        }
        const expected = this.#memberships.findLast(({ index }) => index <= snapshot.index)?.membership;
        if (JSON.stringify(expected) !== JSON.stringify(snapshot.membership)) {
            throw new SafetyViolation(
                'state-machine safety',
                `${id} installs another membership at ${snapshot.index}`,
            );
        }
    }
}

/** Whether the entry is in the log, or in the state that replaced its beginning. */
function holds(image: Readonly<Image>, { index, term }: { index: number; term: number }): boolean {
    return index <= image.snapshot.index || termAt(image, index) === term;
}

function termAt({ snapshot, entries }: Readonly<Image>, index: number): number | undefined {
    if (index === snapshot.index) return snapshot.term;
    return entries[index - snapshot.index - 1]?.term;
}
