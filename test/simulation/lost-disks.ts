import type { MemberId, RaftMessage, RaftStatus } from '../../src/store/raft/types.ts';
import { lastIndexOf, type Image } from './disk.ts';
import type { SimulatedMember } from './member.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { SafetyObserver } from './safety.ts';
import type { Timeline } from './timeline.ts';

export interface LostDisksOptions {
    options: SimulationOptions['lostDisks'];
    timeline: Timeline;
    random: Random;
    members: ReadonlyMap<MemberId, SimulatedMember>;
    safety: SafetyObserver;
}

/**
 * How far a member is whose disk is lost:
 *
 *     away ──► fragile ──► known ──► (complete: nothing special any more)
 *      │ waited in vain        │ its leader is gone before it knew
 *      ▼                       ▼
 *     (back, disk intact)     gone for good
 */
type Loss =
    | { type: 'away'; until: number }
    | { type: 'fragile'; leader: MemberId; term: number; lost: number }
    | { type: 'known'; lost: number }
    | { type: 'gone' };

const checkEveryMs = 10;
const waitMaxMs = 3_000;
const copiesMax = 3;

/**
 * Members that come back under their id with an empty disk, or with an older state of it (a copy of the card).
 *
 * Such a member has forgotten whom it voted for and what it acknowledged. In general Raft promises nothing then
 * (3.8 of the thesis): a candidate without an entry that is committed by this member's copy can win with its
 * vote. Nothing in the member tells an emptied disk from one that is new. What the core promises, and what is
 * simulated, is this:
 *
 *     At most a minority is in this state at once, and for each of them, when it comes back,
 *     (1) there is a leader L, no member has seen a later term than L's, and L knows that this member has
 *         acknowledged all that it ever did: so L's heartbeats show it what it has lost;
 *     (2) all of that is committed: acknowledgements that are late can commit nothing more;
 *     (3) the older state is one of the past of the same log: its end was not replaced later;
 *     (4) until it has on disk what L shows it, it hears nobody but L, and L does not tell it to stand for
 *         election. If L is deposed before that, the member must not be started any more.
 *     Then every property holds, whatever else goes wrong, restarts of the member before it is complete too.
 *
 * Where one of them is missing the core does not find out: (1) a leader that was elected while the member was
 * away takes its log for a new or slow member's; (2) commits with what was acknowledged and is lost; (3) an end
 * that was replaced looks like one that was acknowledged; (4) it votes and acknowledges in terms that it has
 * forgotten. An operator removes such a member and adds it anew under another id, which is always safe.
 */
export class LostDisks {
    readonly #options: LostDisksOptions;
    readonly #losses = new Map<MemberId, Loss>();
    readonly #copies = new Map<MemberId, Image[]>();
    #isStopped = false;
    /** Members that came back without what was on their disk, and those of them that learned it from the leader. */
    lost = 0;
    noticed = 0;

    constructor(options: LostDisksOptions) {
        this.#options = options;
    }

    start(): void {
        const { everyMs, copyEveryMs } = this.#options.options;
        if (everyMs === Infinity) return;
        this.#every(everyMs, () => this.#lose());
        this.#every(copyEveryMs, () => this.#copy());
        this.#watch();
    }

    /** No more losses; those under way go on. */
    stop(): void {
        this.#isStopped = true;
        for (const [id, loss] of this.#losses) if (loss.type === 'away') this.#losses.delete(id);
    }

    /** It must not be started by others. */
    keepsDown(id: MemberId): boolean {
        const type = this.#losses.get(id)?.type;
        return type === 'away' || type === 'gone';
    }

    isGone(id: MemberId): boolean {
        return this.#losses.get(id)?.type === 'gone';
    }

    /** Condition (4). */
    mayHear({ from, to, term, type }: RaftMessage): boolean {
        const loss = this.#losses.get(to);
        if (loss?.type !== 'fragile') return true;
        return from === loss.leader && term === loss.term && type !== 'timeoutNow';
    }

    #every(meanMs: number, act: () => void): void {
        const { timeline, random } = this.#options;
        timeline.after(random.exponential(meanMs), () => {
            if (this.#isStopped) return;
            act();
            this.#every(meanMs, act);
        });
    }

    #copy(): void {
        const { random, members } = this.#options;
        const member = random.pick([...members.values()]);
        if (this.#losses.has(member.id)) return;
        const copies = this.#copies.get(member.id) ?? [];
        copies.push(member.copyDisk());
        if (copies.length > copiesMax) copies.splice(random.below(copies.length), 1);
        this.#copies.set(member.id, copies);
    }

    #lose(): void {
        const { random, members, timeline } = this.#options;
        const minority = Math.floor((members.size - 1) / 2);
        if (this.#losses.size >= minority) return;
        const candidates = [...members.values()].filter(
            ({ isRunning, id }) => isRunning && !this.#losses.has(id),
        );
        if (candidates.length === 0) return;
        const member = random.pick(candidates);
        this.#losses.set(member.id, { type: 'away', until: timeline.nowMs + waitMaxMs });
        member.crash(true);
    }

    #watch(): void {
        this.#options.timeline.after(checkEveryMs, () => {
            for (const [id, loss] of this.#losses) this.#advance(id, loss);
            this.#watch();
        });
    }

    #advance(id: MemberId, loss: Loss): void {
        const member = this.#options.members.get(id);
        if (member === undefined) return;
        switch (loss.type) {
            case 'away':
                this.#tryReturn(member, loss.until);
                return;
            case 'fragile':
                this.#checkFragile(member, loss);
                return;
            case 'known':
                if (member.status?.forgetful === false && lastIndexOf(member.durable) >= loss.lost) {
                    this.#losses.delete(id);
                }
                return;
            case 'gone':
                return;
        }
    }

    #tryReturn(member: SimulatedMember, until: number): void {
        const { safety, timeline, random } = this.#options;
        const lost = safety.acknowledgedBy(member);
        const leader = this.#newestLeader();
        const known = leader?.progress.find(({ id }) => id === member.id)?.match ?? 0;
        if (leader !== undefined && Math.min(known, leader.commit, safety.commit) >= lost) {
            const images = this.#imagesOf(member).filter((image) => this.#isPast(image, lost));
            if (images.length > 0) {
                this.lost += 1;
                this.#losses.set(member.id, { type: 'fragile', leader: leader.id, term: leader.term, lost });
                this.#copies.delete(member.id);
                member.replaceDisk(random.pick(images));
                member.start();
                return;
            }
        }
        if (timeline.nowMs < until) return;
        this.#losses.delete(member.id);
        member.start();
    }

    #imagesOf(member: SimulatedMember): readonly Image[] {
        const { random, options } = this.#options;
        if (random.chance(options.emptiedShare)) return [member.emptyDisk()];
        return [member.firstDisk(), ...(this.#copies.get(member.id) ?? [])];
    }

    /** Condition (3), and that something is missing at all. */
    #isPast(image: Image, lost: number): boolean {
        const index = lastIndexOf(image);
        if (index >= lost) return false;
        const term = image.entries.at(-1)?.term ?? image.snapshot.term;
        return index === 0 || this.#options.safety.committed[index - 1]?.term === term;
    }

    #checkFragile(member: SimulatedMember, { leader, term, lost }: Loss & { type: 'fragile' }): void {
        // What the leader shows is on disk: as evidence of the loss, or because the log is complete again.
        if (member.durable.hardState.commit >= lost) {
            if (lastIndexOf(member.durable) < lost) this.noticed += 1;
            this.#losses.set(member.id, { type: 'known', lost });
            return;
        }
        const status = this.#options.members.get(leader)?.status;
        if (status?.role === 'leader' && status.term === term) return;
        this.#losses.set(member.id, { type: 'gone' });
        member.crash(true);
    }

    /** Condition (1), apart from what the leader knows of the member. */
    #newestLeader(): RaftStatus | undefined {
        let newest: RaftStatus | undefined;
        let term = 0;
        for (const { status, view } of this.#options.members.values()) {
            term = Math.max(term, status?.term ?? 0, view.hardState.term);
            if (status?.role === 'leader' && status.term > (newest?.term ?? 0)) newest = status;
        }
        return newest?.term === term ? newest : undefined;
    }
}
