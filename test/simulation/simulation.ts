import type { MemberId, Membership, RaftMessage } from '../../src/store/raft/types.ts';
import { AssertionError } from '../../src/util/assert.ts';
import { productionCore, type Core } from './core.ts';
import { describeMessage } from './describe.ts';
import { checkLinearizable } from './linearizability.ts';
import { decodeCommand, Machine, type EventBatch } from './machine.ts';
import { LostDisks } from './lost-disks.ts';
import { SimulatedMember, type MemberEnvironment, type WorkKind } from './member.ts';
import { Nemesis } from './nemesis.ts';
import { Network } from './network.ts';
import { optionsOfSeed, tickMs, type SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { SafetyObserver, SafetyViolation } from './safety.ts';
import { Timeline } from './timeline.ts';
import { txnModel } from './txn-model.ts';
import { brokenWatchGuarantees } from './watch-guarantees.ts';
import { Watcher } from './watcher.ts';
import { Workload } from './workload.ts';

export interface SimulationResult {
    steps: number;
    messages: number;
    committed: number;
    operations: number;
    unknownOperations: number;
    crashes: number;
    leaders: number;
    snapshotsInstalled: number;
    membershipChanges: number;
    refusedWrites: number;
    unreachableReports: number;
    disksLost: number;
    /** Of those: the member was shown its loss before its log was complete again. */
    lossesNoticed: number;
    simulatedMs: number;
}

/** Once everything is healed, the cluster must be whole again within this time. */
const convergenceMaxMs = 60_000;
const checkEveryMs = 100;
const probeTimeoutMs = 1_000;
const retryAfterFailureMs = 20;

/** Runs what `seed` stands for to its end; throws SafetyViolation when something is wrong. */
export function simulate(seed: number, core: Core = productionCore, trace?: Trace): SimulationResult {
    return simulateWith(optionsOfSeed(seed), core, trace);
}

/** The same with faults of one's own choice. */
export function simulateWith(
    options: SimulationOptions,
    core: Core = productionCore,
    trace?: Trace,
): SimulationResult {
    return new Simulation(options, core, trace).run();
}

/** Called with a line for everything that happens. */
export type Trace = (line: string) => void;

/** One cluster, its clients, its watchers and its bad luck. */
export class Simulation {
    readonly #options: SimulationOptions;
    readonly #core: Core;
    readonly #random: Random;
    readonly #timeline = new Timeline();
    readonly #members = new Map<MemberId, SimulatedMember>();
    readonly #frozenUntilMs = new Map<MemberId, number>();
    readonly #diskFullUntilMs = new Map<MemberId, number>();
    readonly #lostDisks: LostDisks;
    readonly #network: Network;
    readonly #workload: Workload;
    readonly #watchers: Watcher[];
    readonly #nemesis: Nemesis;
    readonly #safety: SafetyObserver;
    readonly #trace: ((text: () => string) => void) | undefined;
    #isHealed = false;
    #steps = 0;
    #crashes = 0;
    #refusedWrites = 0;
    #unreachableReports = 0;

    constructor(options: SimulationOptions, core: Core, trace?: Trace) {
        this.#options = options;
        this.#trace = trace && ((text) => trace(`${this.#timeline.nowMs.toFixed(2)} ${text()}`));
        this.#core = core;
        this.#random = new Random(options.seed ^ 0x5eed);
        const timeline = this.#timeline;
        const members = this.#members;
        const random = (): Random => this.#random.fork();
        const voters = Array.from({ length: options.members }, (_, i) => memberId(i + 1));
        const initial: Membership = { voters, learners: [] };
        this.#safety = new SafetyObserver(core, members, initial);
        this.#network = new Network({
            faults: options.network,
            timeline,
            random: random(),
            deliver: (message) => this.#whenAwake(message.to, () => this.#deliver(message)),
            onUnreachable: (from, to) => {
                this.#unreachableReports += 1;
                this.#members.get(from)?.unreachable(to);
            },
        });
        this.#workload = new Workload({ options: options.clients, timeline, random: random(), members });
        this.#lostDisks = new LostDisks({
            options: options.lostDisks,
            timeline,
            random: new Random(options.seed ^ 0xd15c),
            members,
            safety: this.#safety,
        });
        this.#nemesis = new Nemesis({
            options,
            timeline,
            random: random(),
            network: this.#network,
            members,
            addMember: () => this.#addMember({ voters: [], learners: [] }),
            pauseClock: (id, forMs) => this.#frozenUntilMs.set(id, timeline.nowMs + forMs),
            fillDisk: (id, forMs) => this.#diskFullUntilMs.set(id, timeline.nowMs + forMs),
            lostDisks: this.#lostDisks,
        });
        for (const _ of voters) this.#addMember(initial);
        const keys = Array.from({ length: options.clients.keys }, (_, i) => `k${i}`);
        this.#watchers = Array.from(
            { length: options.watchers.count },
            (_, i) =>
                new Watcher({
                    options: options.watchers,
                    keys: i === 0 ? keys : keys.slice(0, 1),
                    timeline,
                    random: random(),
                    members,
                }),
        );
    }

    run(): SimulationResult {
        try {
            this.#nemesis.start();
            this.#lostDisks.start();
            this.#workload.start();
            this.#compactHistoryNowAndThen();
            this.#runUntil(this.#options.faultyMs);
            this.#heal();
            this.#converge();
            this.#checkHistories();
        } catch (error) {
            if (!(error instanceof Error) || error instanceof SafetyViolation) throw error;
            // Of a broken core, or of what drives it.
            const property = error.name === AssertionError.name ? 'no failed assertion' : undefined;
            if (property === undefined) throw error;
            throw new SafetyViolation(property, error.message, { cause: error });
        }
        return this.#result();
    }

    #runUntil(timeMs: number): void {
        while (this.#timeline.nowMs < timeMs && this.#timeline.step()) this.#steps += 1;
    }

    #addMember(initial: Membership): MemberId {
        const id = memberId(this.#members.size + 1);
        const member = new SimulatedMember(id, initial, this.#environment());
        this.#members.set(id, member);
        member.start();
        const { rateSpread } = this.#options.clock;
        const rate = rateSpread ** (2 * this.#random.next() - 1);
        this.#tickForever(member, rate);
        return id;
    }

    #environment(): MemberEnvironment {
        const { raft, log, disk } = this.#options;
        const random = this.#random.fork();
        return {
            core: this.#core,
            random,
            safety: this.#safety,
            raftConfig: raft,
            log,
            trace: this.#trace,
            send: (message) => this.#network.send(message),
            later: (kind, callback) => this.#timeline.after(this.#duration(kind, random), callback),
            disk: { isFull: (id) => this.#isDiskFull(id), ignoresFailures: disk.ignoresFailures },
            onProgress: (member) => {
                for (const watcher of this.#watchers) watcher.onProgress(member);
            },
            onCrash: (member) => {
                this.#crashes += 1;
                for (const watcher of this.#watchers) watcher.onCrash(member);
                if (!this.#isHealed) this.#nemesis.onCrash(member);
            },
        };
    }

    #duration(kind: WorkKind, random: Random): number {
        const { syncMeanMs, stallProbability, stallMeanMs, applyMeanMs } = this.#options.disk;
        if (kind === 'retry') return retryAfterFailureMs;
        if (kind === 'apply') return random.exponential(applyMeanMs);
        const isStalled = !this.#isHealed && random.chance(stallProbability);
        return random.exponential(isStalled ? stallMeanMs : syncMeanMs);
    }

    #tickForever(member: SimulatedMember, rate: number): void {
        this.#timeline.after(this.#isHealed ? tickMs : tickMs * rate, () => {
            if (!this.#isFrozen(member.id)) member.tick();
            this.#tickForever(member, rate);
        });
    }

    #isFrozen(id: MemberId): boolean {
        return !this.#isHealed && (this.#frozenUntilMs.get(id) ?? 0) > this.#timeline.nowMs;
    }

    #isDiskFull(id: MemberId): boolean {
        if (this.#isHealed || (this.#diskFullUntilMs.get(id) ?? 0) <= this.#timeline.nowMs) return false;
        this.#refusedWrites += 1;
        return true;
    }

    /** A process that is stopped finds in its sockets what came meanwhile. */
    #whenAwake(id: MemberId, callback: () => void): void {
        if (!this.#isFrozen(id)) callback();
        else this.#timeline.after((this.#frozenUntilMs.get(id) ?? 0) - this.#timeline.nowMs, callback);
    }

    #deliver(message: RaftMessage): void {
        if (!this.#lostDisks.mayHear(message)) return;
        this.#trace?.(() => describeMessage(message, this.#core));
        this.#members.get(message.to)?.receive(message);
    }

    #compactHistoryNowAndThen(): void {
        this.#timeline.after(500, () => {
            if (this.#isHealed) return;
            const member = this.#random.pick([...this.#members.values()]);
            const revision = member.view.machine.revision - this.#options.clients.historyRevisions;
            if (revision > 0) member.write({ type: 'compact', revision }, () => undefined);
            this.#compactHistoryNowAndThen();
        });
    }

    #heal(): void {
        this.#isHealed = true;
        this.#nemesis.stop();
        this.#lostDisks.stop();
        this.#workload.stop();
        this.#network.heal();
        for (const member of this.#members.values()) {
            member.cancelCrash();
            if (!member.isRunning && !this.#lostDisks.keepsDown(member.id)) member.start();
        }
    }

    /** Leaders, logs and states become one; a write gets through and is everywhere. */
    #converge(): void {
        const deadlineMs = this.#timeline.nowMs + convergenceMaxMs;
        const probe = new Probe();
        let difference: string | undefined;
        while (this.#timeline.nowMs < deadlineMs) {
            this.#runUntil(this.#timeline.nowMs + checkEveryMs);
            difference = this.#difference();
            if (difference !== undefined) continue;
            if (probe.state === 'done') return;
            difference = 'a write does not get through';
            const member = this.#leader();
            if (probe.state === 'none' && member !== undefined)
                probe.send(member, this.#workload, this.#timeline);
        }
        throw new SafetyViolation(
            'convergence',
            `not whole after ${convergenceMaxMs} ms without faults: ${difference}`,
        );
    }

    #leader(): SimulatedMember | undefined {
        const leaders = [...this.#members.values()].filter(({ status }) => status?.role === 'leader');
        return leaders.length === 1 ? leaders[0] : undefined;
    }

    #currentMembers(): SimulatedMember[] {
        const membership = this.#leader()?.view.machine.membership;
        const ids = membership === undefined ? [] : [...membership.voters, ...membership.learners];
        return ids.flatMap((id) => (this.#lostDisks.isGone(id) ? [] : (this.#members.get(id) ?? [])));
    }

    #difference(): string | undefined {
        const leader = this.#leader();
        if (leader === undefined) return 'there is no one leader';
        const { applied, machine } = leader.view;
        const digest = machine.digest();
        for (const { id, view, status } of this.#currentMembers()) {
            if (status?.leader !== leader.id) return `${id} does not follow ${leader.id}`;
            if (view.applied.index !== applied.index) {
                return `${id} has applied ${view.applied.index} of ${applied.index}`;
            }
            if (view.machine.digest() !== digest) {
                throw new SafetyViolation(
                    'state-machine safety',
                    `${id} and ${leader.id} differ at ${applied.index}`,
                );
            }
        }
        return applied.index === leader.status?.lastIndex ? undefined : 'not everything is applied';
    }

    #checkHistories(): void {
        const { history } = this.#workload;
        const truth = this.#trueHistory();
        const verdict = checkLinearizable(txnModel(history, truth), history);
        if (verdict.type === 'undecided') throw new Error('the search for a linearization was given up');
        if (verdict.type === 'violation') {
            const { longest, stuck } = verdict;
            const tail = longest.slice(-8).map((operation) => `\n  then ${JSON.stringify(operation)}`);
            const rest = stuck.map((operation) => `\n  but not ${JSON.stringify(operation)}`);
            const text = `${longest.length} of ${history.length} operations can be explained${tail.join('')}${rest.join('')}`;
            throw new SafetyViolation('linearizability', text);
        }
        for (const session of this.#watchers.flatMap(({ sessions }) => sessions)) {
            const broken = brokenWatchGuarantees(session, truth);
            if (broken.length > 0) throw new SafetyViolation('watch guarantees', broken.join('\n'));
        }
    }

    /** What the committed entries, applied one after the other, say that happened. */
    #trueHistory(): EventBatch[] {
        const machine = new Machine({ voters: [], learners: [] });
        const batches: EventBatch[] = [];
        for (const entry of this.#safety.committed) {
            if (entry.type !== 'command') continue;
            const before = machine.revision;
            machine.apply(decodeCommand(entry.data));
            const newest = machine.history.at(-1);
            if (machine.revision > before && newest !== undefined) batches.push(newest);
        }
        return batches;
    }

    #result(): SimulationResult {
        const { history } = this.#workload;
        return {
            steps: this.#steps,
            messages: this.#network.delivered,
            committed: this.#safety.commit,
            operations: history.length,
            unknownOperations: history.filter(({ returned }) => returned === undefined).length,
            crashes: this.#crashes,
            leaders: this.#safety.leaders,
            snapshotsInstalled: this.#safety.snapshotsInstalled,
            membershipChanges: this.#safety.membershipChanges,
            refusedWrites: this.#refusedWrites,
            unreachableReports: this.#unreachableReports,
            disksLost: this.#lostDisks.lost,
            lossesNoticed: this.#lostDisks.noticed,
            simulatedMs: Math.round(this.#timeline.nowMs),
        };
    }
}

/** 1 is 0000000000000001. */
export function memberId(number: number): MemberId {
    return number.toString(16).padStart(16, '0');
}

/** A last write, tried until it is acknowledged. */
class Probe {
    state: 'none' | 'sent' | 'done' = 'none';
    #sent = 0;

    send(member: SimulatedMember, workload: Workload, timeline: Timeline): void {
        this.state = 'sent';
        const txn = { compares: [], puts: [{ key: 'k0', value: `last${++this.#sent}` }] };
        workload.write(member, txn, (type) => {
            this.state = type === 'done' ? 'done' : 'none';
        });
        timeline.after(probeTimeoutMs, () => {
            if (this.state === 'sent') this.state = 'none';
        });
    }
}
