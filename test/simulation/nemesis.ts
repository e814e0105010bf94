import type { MemberId, RaftStatus } from '../../src/store/raft/types.ts';
import type { SimulatedMember } from './member.ts';
import type { Network } from './network.ts';
import type { SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface NemesisOptions {
    options: SimulationOptions;
    timeline: Timeline;
    random: Random;
    network: Network;
    members: ReadonlyMap<MemberId, SimulatedMember>;
    addMember: () => MemberId;
    /** Removes what is out of the cluster for good. */
    pauseClock: (id: MemberId, forMs: number) => void;
}

/** Brings about what the options say can go wrong, until it is stopped. */
export class Nemesis {
    readonly #options: NemesisOptions;
    #isStopped = false;

    constructor(options: NemesisOptions) {
        this.#options = options;
    }

    start(): void {
        const { network, clock, crash, membership } = this.#options.options;
        const { members } = this.#options;
        this.#every(network.partitionEveryMs, () => this.#options.network.partition([...members.keys()]));
        this.#every(crash.everyMs, () => this.#crash());
        this.#every(clock.jumpEveryMs, () => this.#jumpClock());
        this.#every(clock.pauseEveryMs, () => this.#pause());
        this.#every(membership.changeEveryMs, () => this.#changeMembership());
        this.#every(membership.transferEveryMs, () => this.#transfer());
    }

    stop(): void {
        this.#isStopped = true;
    }

    #every(meanMs: number, act: () => void): void {
        if (meanMs === Infinity) return;
        const { timeline, random } = this.#options;
        timeline.after(random.exponential(meanMs), () => {
            if (this.#isStopped) return;
            act();
            this.#every(meanMs, act);
        });
    }

    #running(): SimulatedMember[] {
        return [...this.#options.members.values()].filter(({ isRunning }) => isRunning);
    }

    #crash(): void {
        const { random, options } = this.#options;
        const running = this.#running();
        if (running.length === 0) return;
        const isEverybody = random.chance(options.crash.everybodyProbability);
        for (const member of isEverybody ? running : [random.pick(running)]) {
            const losesTail = random.chance(options.disk.losesTailProbability);
            if (isEverybody) member.crash(losesTail);
            else member.crashWithin(random.between(1, options.crash.stepsMax), losesTail);
        }
    }

    /** Restarts a crashed member after a while; called whenever one has crashed. */
    onCrash(member: SimulatedMember): void {
        const { random, timeline, options } = this.#options;
        const { crash } = options;
        const isLong = random.chance(crash.longProbability);
        const downMs = isLong ? crash.longMs : random.exponential(crash.downMeanMs);
        timeline.after(downMs, () => {
            if (!member.isRunning) member.start();
        });
    }

    #jumpClock(): void {
        const { random, options } = this.#options;
        const running = this.#running();
        if (running.length === 0) return;
        const member = random.pick(running);
        for (let ticks = random.between(1, options.clock.jumpTicksMax); ticks > 0; ticks--) member.tick();
    }

    #pause(): void {
        const { random, options, members, pauseClock } = this.#options;
        pauseClock(random.pick([...members.keys()]), random.exponential(options.clock.pauseMeanMs));
    }

    #leader(): { member: SimulatedMember; status: RaftStatus } | undefined {
        const leaders = this.#running().flatMap((member) => {
            const { status } = member;
            return status?.role === 'leader' ? [{ member, status }] : [];
        });
        return leaders.length === 0 ? undefined : this.#options.random.pick(leaders);
    }

    #transfer(): void {
        const leader = this.#leader();
        if (leader === undefined) return;
        const { voters } = leader.status.membership;
        leader.member.transferLeadership(this.#options.random.pick(voters));
    }

    #changeMembership(): void {
        const leader = this.#leader();
        if (leader === undefined) return;
        const { random, options, addMember } = this.#options;
        const { voters, learners } = leader.status.membership;
        const { votersMin, votersMax } = options.membership;
        const context = Buffer.alloc(0);
        const canGrow = voters.length + learners.length < votersMax;
        if (canGrow && random.chance(0.4)) {
            const type = random.chance(0.7) ? 'addLearner' : 'addVoter';
            // A new voter counts at once; with few it would stop the cluster until it has caught up.
            leader.member.proposeMembership({ type, id: addMember(), context });
        } else if (learners.length > 0 && random.chance(0.6)) {
            leader.member.proposeMembership({ type: 'promote', id: random.pick(learners), context });
        } else {
            const candidates = voters.length > votersMin ? [...voters, ...learners] : learners;
            if (candidates.length === 0) return;
            const id =
                random.chance(0.3) && candidates.includes(leader.member.id)
                    ? leader.member.id
                    : random.pick(candidates);
            leader.member.proposeMembership({ type: 'remove', id, context });
        }
    }
}
