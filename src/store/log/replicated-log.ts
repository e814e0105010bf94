import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { MembershipHistory } from '../raft/membership-history.ts';
import { createRaft } from '../raft/raft.ts';
import type { Entry, MemberId, MembershipChange, RaftMessage, RaftStatus, Ready } from '../raft/types.ts';
import { ClusterError } from '../cluster.ts';
import type { Measurements } from '../measurements.ts';
import { StoreError } from '../store.ts';
import type { PeerTransport } from '../transport/peer-transport.ts';
import type { LoadedRaftState } from './load-raft-state.ts';
import type { Log, ProposeOptions, StateMachine } from './log.ts';
import type { AppliedRecord, MemberList } from './raft-records.ts';
import { Applier, type AppliedMembership, type CommandCodec } from './replicated/applier.ts';
import { LogWriter } from './replicated/log-writer.ts';
import type { PaceOptions } from './replicated/pace.ts';
import { membershipRefused } from './replicated/membership-refused.ts';
import { Offering } from './replicated/offering.ts';
import { Proposals, proposalTimeoutMs } from './replicated/proposals.ts';
import { RaftDriver } from './replicated/raft-driver.ts';
import { ReadBarriers, readTimeoutMs } from './replicated/read-barriers.ts';
import { RetainedLog } from './replicated/retained-log.ts';
import { SnapshotTransfers } from './replicated/snapshot-transfers.ts';

export interface ReplicatedLogOptions<Command, Outcome> {
    loaded: LoadedRaftState;
    disk: Disk;
    /** Of the database; undefined for a memory disk. */
    directory: string | undefined;
    machine: StateMachine<Command, Outcome>;
    codec: CommandCodec<Command>;
    /** Started, with its handlers leading here. */
    transport: PeerTransport;
    clock: Clock;
    logger: Logger;
    /** In [0, 1). */
    random: () => number;
    measurements?: Measurements | undefined;
    tuning?: LogTuning | undefined;
    hooks: ReplicatedLogHooks;
}

export interface LogTuning extends PaceOptions {
    /** Entries that are kept for followers that are behind; their bytes are bounded besides. */
    retainedEntriesMax?: number | undefined;
}

export interface ReplicatedLogHooks {
    applyMembership(entry: Entry): AppliedMembership;
    /** The disk holds a newer state now, a snapshot's: the state machine is to be built anew from it. */
    onSnapshotInstalled(memberList: MemberList): Promise<void>;
    /** Leader, role or term are others now. */
    onStatus(status: RaftStatus): void;
    /** This member cannot go on. */
    onFatal(error: Error): void;
}

/** Bytes of entries of one message, messages on their way to a follower, what may wait for a quorum. */
const appendBytesMax = 1024 * 1024;
const inflightAppendsMax = 64;
const uncommittedBytesMax = 64 * 1024 * 1024;
const pendingReadsMax = 20_000;
/** Proposals and reads wait so many election timeouts for a leader. */
const leaderWaitElections = 3;
/** How long `close` lets what waits finish. */
const closeWaitMaxMs = 2_000;
const sequenceStartMax = 2 ** 48;

/**
 * The log of a cluster with several members. Commands of this member's callers are appended by the leader, here
 * or elsewhere, and resolve when this member has applied them; see Proposals for what a change of leaders does.
 */
export class ReplicatedLog<Command, Outcome> implements Log<Command, Outcome> {
    readonly #options: ReplicatedLogOptions<Command, Outcome>;
    readonly #self: MemberId;
    readonly #writer: LogWriter;
    readonly #proposals: Proposals<Command, Outcome>;
    readonly #reads = new ReadBarriers();
    readonly #applier: Applier<Command, Outcome>;
    readonly #transfers: SnapshotTransfers;
    readonly #retained: RetainedLog;
    readonly #memberships: MembershipHistory;
    readonly #driver: RaftDriver;
    readonly #offering: Offering<Command, Outcome>;
    readonly #awaitedEntries = new Map<number, (term: number) => void>();
    #state: { type: 'open' | 'closing' } | { type: 'stopped'; error: StoreError } = { type: 'open' };
    #failure: StoreError | undefined;
    #status: RaftStatus;
    #leaderLostAtMs: number | undefined;
    #readsScheduled = false;
    #whenDrained: (() => void) | undefined;

    constructor(options: ReplicatedLogOptions<Command, Outcome>) {
        this.#options = options;
        const { loaded, disk, clock, logger, random } = options;
        const { persisted, identity, applied } = loaded;
        this.#self = identity.memberId;
        this.#writer = new LogWriter({
            disk,
            clock,
            logger,
            onSynced: (durationMs, holdsState) => {
                this.#driver.pace.noteSync(durationMs);
                options.measurements?.noteSync(durationMs, holdsState);
            },
            onFailure: (error) => {
                this.#diskFailed(error);
            },
        });
        this.#proposals = new Proposals(
            Math.floor(random() * sequenceStartMax),
            (sequence, command: Command) => options.codec.encode({ origin: this.#self, sequence, command }),
        );
        this.#retained = new RetainedLog(
            persisted.snapshot,
            persisted.entries,
            options.tuning?.retainedEntriesMax,
        );
        this.#memberships = membershipsOf(this.#self, loaded);
        this.#applier = this.#createApplier(applied);
        this.#transfers = this.#createTransfers();
        const raft = createRaft(
            {
                id: this.#self,
                electionTicks: 20,
                heartbeatTicks: 2,
                random,
                appendBytesMax,
                inflightAppendsMax,
                uncommittedBytesMax,
                pendingReadsMax,
                readMode: 'quorum',
            },
            persisted,
        );
        this.#status = raft.status();
        this.#driver = new RaftDriver({
            raft,
            self: this.#self,
            hardState: persisted.hardState,
            retained: this.#retained,
            memberships: this.#memberships,
            writer: this.#writer,
            transport: options.transport,
            transfers: this.#transfers,
            clock,
            pace: options.tuning,
            hooks: {
                onCommitted: (entries) => {
                    this.#applier.push(entries);
                },
                onRead: (answer) => {
                    this.#readAnswered(answer);
                },
                onTick: () => {
                    this.#tick();
                },
                onStatus: (status) => {
                    this.#statusIs(status);
                },
            },
        });
        this.#offering = new Offering({
            proposals: this.#proposals,
            driver: this.#driver,
            transport: options.transport,
            clock,
            isHurried: () => this.#state.type === 'closing',
        });
        this.#leaderLostAtMs = clock.monotonicMs();
    }

    get applied(): AppliedRecord {
        return this.#applier.applied;
    }

    /** The kept entries, committed or not. */
    get extent(): { firstIndex: number; lastIndex: number } {
        return { firstIndex: this.#retained.base.index + 1, lastIndex: this.#retained.lastIndex };
    }

    /** Of the last turn; `readBarrier` for what is certain. */
    get status(): RaftStatus {
        return this.#status;
    }

    async propose(command: Command, options: ProposeOptions): Promise<Outcome> {
        this.#checkOpen();
        if (this.#failure !== undefined) throw this.#failure;
        const outcome = this.#proposals.add(command, options, this.#nowMs());
        this.#offering.schedule();
        return await outcome;
    }

    async readBarrier(): Promise<void> {
        this.#checkOpen();
        const answer = this.#reads.wait(this.#nowMs());
        this.#scheduleReads();
        await answer;
    }

    async runExclusive<T>(work: () => Promise<T>): Promise<T> {
        this.#checkOpen();
        return await this.#runExclusive(work);
    }

    async close(): Promise<void> {
        if (this.#state.type === 'open') this.#state = { type: 'closing' };
        await this.#drained();
        await this.#stop(new StoreError('closed', 'the store is closed'));
    }

    /** Refuses service from now on, with `error`; the member takes no further part. */
    async fail(error: StoreError): Promise<void> {
        await this.#stop(error);
    }

    receive(messages: readonly RaftMessage[]): void {
        this.#driver.receive(messages);
    }

    unreachable(member: MemberId): void {
        this.#driver.input((raft) => {
            raft.reportUnreachable(member);
        });
    }

    /** A follower's proposals; see Offering. */
    proposeForFollower(from: MemberId, body: Buffer): Buffer {
        return this.#offering.acceptForwarded(from, body);
    }

    /**
     * As the leader: resolves once the change is applied here. Rejects with ClusterError, 'timeout' when its
     * outcome is not known.
     */
    async changeMembership(change: MembershipChange): Promise<void> {
        this.#checkOpen();
        const result = this.#driver.input((raft) => raft.proposeMembership(change));
        if (result?.type !== 'appended') {
            throw membershipRefused(result?.type === 'refused' ? result.reason : 'noLeader');
        }
        const term = await this.#entryApplied(result.firstIndex);
        if (term !== result.term) {
            throw new ClusterError('noLeader', 'the leader changed before the change was made');
        }
    }

    transferLeadership(to: MemberId): 'started' | 'notLeader' | 'invalid' {
        return this.#driver.input((raft) => raft.transferLeadership(to)) ?? 'notLeader';
    }

    /** Stands for election at once; for a sole voter, which has nobody to wait for. */
    campaign(): void {
        this.#driver.input((raft) => {
            raft.campaign();
        });
    }

    get electionMs(): number {
        return this.#driver.pace.electionMs;
    }

    #createApplier(applied: AppliedRecord): Applier<Command, Outcome> {
        const { machine, codec, clock, logger, hooks } = this.#options;
        return new Applier({
            self: this.#self,
            machine,
            codec,
            writer: this.#writer,
            proposals: this.#proposals,
            clock,
            logger,
            applied,
            applyMembership: (entry) => hooks.applyMembership(entry),
            onApplied: ({ index }, entries) => {
                this.#entriesApplied(index, entries);
            },
            onFatal: (error) => {
                hooks.onFatal(error);
            },
        });
    }

    #createTransfers(): SnapshotTransfers {
        const { disk, directory, loaded, logger, hooks } = this.#options;
        return new SnapshotTransfers({
            disk,
            directory,
            identity: loaded.identity,
            logger,
            flush: async () => {
                await this.#writer.runExclusive(async () => await Promise.resolve());
            },
            runExclusive: async (work) => await this.#runExclusive(work),
            hardState: () => this.#driver.hardState,
            onInstalled: async ({ applied, memberList, snapshot }) => {
                this.#proposals.forgetOffered();
                this.#applier.reset(applied);
                this.#retained.reset(snapshot);
                this.#memberships.reset(snapshot.index, snapshot.membership);
                await hooks.onSnapshotInstalled(memberList);
                this.#reads.applied(applied.index);
            },
        });
    }

    async #runExclusive<T>(work: () => Promise<T>): Promise<T> {
        return await this.#applier.runExclusive(async () => await this.#writer.runExclusive(work));
    }

    #entriesApplied(index: number, entries: readonly Entry[]): void {
        for (const entry of entries) {
            if (entry.type === 'membership') this.#memberships.append(entry);
            const awaited = this.#awaitedEntries.get(entry.index);
            this.#awaitedEntries.delete(entry.index);
            awaited?.(entry.term);
        }
        this.#reads.applied(index);
        this.#driver.appliedTo(index);
        if (this.#proposals.size === 0) this.#whenDrained?.();
        else if (this.#proposals.hasWaiting) this.#offering.schedule();
    }

    async #entryApplied(index: number): Promise<number> {
        return await new Promise<number>((resolve, reject) => {
            const cancel = this.#options.clock.setTimer(proposalTimeoutMs, () => {
                this.#awaitedEntries.delete(index);
                reject(new ClusterError('timeout', 'the change of the membership took too long'));
            });
            this.#awaitedEntries.set(index, (term) => {
                cancel();
                resolve(term);
            });
        });
    }

    #scheduleReads(): void {
        if (this.#readsScheduled) return;
        this.#readsScheduled = true;
        setImmediate(() => {
            this.#readsScheduled = false;
            if (!this.#reads.hasGathering || this.#state.type === 'stopped') return;
            if (this.#driver.status().leader === '') return;
            const context = this.#reads.begin();
            this.#driver.input((raft) => {
                raft.readIndex(context);
            });
        });
    }

    #readAnswered(answer: Ready['reads'][number]): void {
        // Refused ones are asked again with the next tick.
        if ('refused' in answer) this.#reads.refused(answer.context);
        else this.#reads.answered(answer.context, answer.index, this.applied.index);
    }

    #statusIs(status: RaftStatus): void {
        const before = this.#status;
        this.#status = status;
        if (status.leader !== '') this.#leaderLostAtMs = undefined;
        else this.#leaderLostAtMs ??= this.#nowMs();
        const changed =
            before.leader !== status.leader || before.role !== status.role || before.term !== status.term;
        if (!changed) return;
        this.#options.hooks.onStatus(status);
        this.#offering.leaderChanged();
        if (this.#reads.hasGathering) this.#scheduleReads();
    }

    #tick(): void {
        const nowMs = this.#nowMs();
        const leaderWaitMs = leaderWaitElections * this.electionMs;
        const patience = proposalTimeoutMs + leaderWaitMs;
        const waitingMs = this.#leaderLostAtMs === undefined ? patience : leaderWaitMs;
        this.#proposals.expire({
            offeredBeforeMs: nowMs - patience,
            waitingBeforeMs: nowMs - waitingMs,
            leaderTerm: this.#status.term,
        });
        this.#reads.expire({ gatheringBeforeMs: nowMs - waitingMs, askedBeforeMs: nowMs - readTimeoutMs });
        if (this.#proposals.hasWaiting) this.#offering.offer({ now: false });
        if (this.#reads.hasGathering) this.#scheduleReads();
        if (this.#proposals.size === 0) this.#whenDrained?.();
    }

    /**
     * What was not offered yet is refused while the disk refuses writes; what was is decided by the others, too.
     * Reads go on for as long as this member has what the cluster has committed. Called at every attempt.
     */
    #diskFailed(error: StoreError | undefined): void {
        this.#failure = error;
        if (error === undefined) return;
        this.#proposals.failWaiting(error);
        this.#reads.failApplying(error);
        const { role, progress, membership } = this.#status;
        if (role !== 'leader') return;
        const [heir] = progress
            .filter(({ id, active, forgetful }) => id !== this.#self && active && !forgetful)
            .filter(({ id }) => membership.voters.includes(id));
        if (heir !== undefined) this.transferLeadership(heir.id);
    }

    async #drained(): Promise<void> {
        if (this.#proposals.size === 0) return;
        this.#offering.schedule();
        await new Promise<void>((resolve) => {
            const cancel = this.#options.clock.setTimer(closeWaitMaxMs, resolve);
            this.#whenDrained = () => {
                cancel();
                resolve();
            };
        });
    }

    async #stop(error: StoreError): Promise<void> {
        if (this.#state.type === 'stopped') return;
        this.#state = { type: 'stopped', error };
        this.#driver.stop();
        this.#offering.stop();
        this.#proposals.failAll(error);
        this.#reads.failAll(error);
        await this.#transfers.close();
        await this.#applier.close();
        await this.#writer.close();
    }

    #checkOpen(): void {
        if (this.#state.type === 'stopped') throw this.#state.error;
        if (this.#state.type === 'closing') throw new StoreError('closed', 'the store is closed');
    }

    #nowMs(): number {
        return this.#options.clock.monotonicMs();
    }
}

/** The memberships in the kept log, up to what is applied. */
function membershipsOf(self: MemberId, { persisted, applied }: LoadedRaftState): MembershipHistory {
    const { snapshot, entries } = persisted;
    const history = new MembershipHistory(self, snapshot.index, snapshot.membership);
    for (const entry of entries) {
        if (entry.type === 'membership' && entry.index <= applied.index) history.append(entry);
    }
    return history;
}
