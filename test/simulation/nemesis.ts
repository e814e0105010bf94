import type { MemberId, RaftStatus } from '../../src/store/raft/types.ts';
import type { LostDisks } from './lost-disks.ts';
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
    pauseClock: (id: MemberId, forMs: number) => void;
    fillDisk: (id: MemberId, forMs: number) => void;
    lostDisks: LostDisks;
}

/** So often it is looked whether there is a new leader: more often than one could serve much. */
const newLeaderCheckMs = 2;

/** Brings about what the options say can go wrong, until it is stopped. */
export class Nemesis {
    readonly #options: NemesisOptions;
    #isStopped = false;
    #huntedTerm = 0;

    constructor(options: NemesisOptions) {
        this.#options = options;
    }

    start(): void {
        const { network, clock, crash, disk, membership } = this.#options.options;
        const { members } = this.#options;
        this.#every(network.partitionEveryMs, () => this.#options.network.partition([...members.keys()]));
        this.#every(crash.everyMs, () => this.#crash());
        this.#every(clock.jumpEveryMs, () => this.#jumpClock());
        this.#every(clock.pauseEveryMs, () => this.#pause());
        this.#every(clock.paceEveryMs, () => this.#changePace());
        this.#every(disk.fullEveryMs, () => this.#fillDisk());
        this.#every(membership.changeEveryMs, () => this.#changeMembership());
        this.#every(membership.transferEveryMs, () => this.#transfer());
        if (crash.newLeaderProbability > 0) this.#huntNewLeaders();
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

    #huntNewLeaders(): void {
        const { timeline, random, options } = this.#options;
        timeline.after(newLeaderCheckMs, () => {
            if (this.#isStopped) return;
            for (const member of this.#running()) {
                const { status } = member;
                if (status?.role !== 'leader' || this.#huntedTerm >= status.term) continue;
                this.#huntedTerm = status.term;
                if (!random.chance(options.crash.newLeaderProbability)) continue;
                const losesTail = random.chance(options.disk.losesTailProbability);
                member.crashWithin(random.between(1, options.crash.stepsMax), losesTail);
            }
            this.#huntNewLeaders();
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
        const { random, timeline, options, lostDisks } = this.#options;
        const { crash } = options;
        const isLong = random.chance(crash.longProbability);
        const downMs = isLong ? crash.longMs : random.exponential(crash.downMeanMs);
        timeline.after(downMs, () => {
            if (!member.isRunning && !lostDisks.keepsDown(member.id)) member.start();
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

    #changePace(): void {
        const { random, options } = this.#options;
        const running = this.#running();
        if (running.length === 0) return;
        const { electionTicks, heartbeatTicks } = options.raft;
        const factor = 1 + random.next() * (options.clock.paceFactorMax - 1);
        random.pick(running).setTimeouts({
            electionTicks: Math.ceil(electionTicks * factor),
            heartbeatTicks: Math.max(1, Math.floor(heartbeatTicks * factor)),
        });
    }

    #fillDisk(): void {
        const { random, options, members, fillDisk } = this.#options;
        const id = this.#leader()?.member.id;
        const isLeader = id !== undefined && random.chance(0.5);
        const forMs = random.exponential(options.disk.fullMeanMs);
        fillDisk(isLeader ? id : random.pick([...members.keys()]), forMs);
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
        const { random, options, addMember, network } = this.#options;
        const { cutOffProbability } = options.membership;
        // Before it sends the change to anybody but the one it adds.
        if (cutOffProbability > 0 && random.chance(cutOffProbability)) {
            network.cutOff(leader.member.id, [...this.#options.members.keys()]);
        }
        const { voters, learners } = leader.status.membership;
        const { votersMin, votersMax } = options.membership;
        const context = Buffer.alloc(0);
        const canGrow = voters.length + learners.length < votersMax;
        if (canGrow && random.chance(0.4)) {
            const type = random.chance(options.membership.addVoterShare) ? 'addVoter' : 'addLearner';
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
