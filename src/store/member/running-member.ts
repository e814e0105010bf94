import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { decodeAddress, decodeCommand, encodeCommand } from '../log/command-codec.ts';
import { loadRaftState, type LoadedRaftState } from '../log/load-raft-state.ts';
import type { DiskWrite, Log } from '../log/log.ts';
import {
    appliedWrite,
    bootstrapWrites,
    compactLogWrites,
    membershipOf,
    membersWrite,
    type AppliedRecord,
    type MemberIdentity,
    type MemberList,
} from '../log/raft-records.ts';
import type { AppliedMembership } from '../log/replicated/applier.ts';
import { proposeMethod } from '../log/replicated/forwarding.ts';
import { ReplicatedLog, type LogTuning } from '../log/replicated-log.ts';
import { SingleMemberLog, type LocalStateMachine } from '../log/single-member-log.ts';
import type { Command, Outcome } from '../mvcc/command.ts';
import type { Measurements } from '../measurements.ts';
import type { CreateLog, MvccStore } from '../mvcc/mvcc-store.ts';
import { recover } from '../mvcc/recover.ts';
import { decodeMembershipChange } from '../raft/membership.ts';
import type { Entry, MemberId, RaftStatus } from '../raft/types.ts';
import { StoreError } from '../store.ts';
import type { PeerHandlers, PeerTransport } from '../transport/peer-transport.ts';
import { changeMembers } from './member-list.ts';
import { noTransport } from './no-transport.ts';
import { MemberError } from './options.ts';

export interface RunningMemberOptions {
    disk: Disk;
    /** Undefined for a memory disk. */
    directory: string | undefined;
    loaded: LoadedRaftState;
    transport: PeerTransport | undefined;
    clock: Clock;
    logger: Logger;
    random: () => number;
    measurements: Measurements;
    logTuning: LogTuning | undefined;
    onStopped: (error: StoreError) => void;
    /** Requests of other members that are not the log's. */
    onRequest: PeerHandlers['onRequest'];
}

type Machine = LocalStateMachine<Command, Outcome>;
/** A member without company has no log but its store. */
type Mode = { type: 'alone' } | { type: 'replicated'; log: ReplicatedLog<Command, Outcome> };

/**
 * One member's log and what goes with it: who the members are, the transport, the change from a cluster of one
 * to one of several and back.
 *
 * Alone, the store's own writes are the log (SingleMemberLog) and the position in the Raft log stands still. A
 * second member makes the state so far count as a snapshot, at a new position, and the Raft log begins there.
 */
export class RunningMember {
    readonly identity: MemberIdentity;
    readonly #options: RunningMemberOptions;
    #memberList: MemberList;
    /** Where the state stood when this member became alone. */
    #position: AppliedRecord;
    #term: number;
    #mode: Mode = { type: 'alone' };
    #store: MvccStore | undefined;
    #transportStarted = false;
    #switching: Promise<void> | undefined;
    readonly #listeners = new Set<() => void>();

    constructor(options: RunningMemberOptions) {
        const { loaded } = options;
        this.#options = options;
        this.identity = loaded.identity;
        this.#memberList = loaded.memberList;
        this.#position = loaded.applied;
        this.#term = loaded.persisted.hardState.term;
    }

    get memberList(): MemberList {
        return this.#memberList;
    }

    get log(): ReplicatedLog<Command, Outcome> | undefined {
        return this.#mode.type === 'replicated' ? this.#mode.log : undefined;
    }

    /** Nobody else has or gets the data. */
    get isSoleMember(): boolean {
        const [only, ...others] = this.#memberList.members;
        return only?.id === this.identity.memberId && !only.isLearner && others.length === 0;
    }

    /** The log of the start. `recovered.exact` must be the opposite of `startsAlone`. */
    createLog(): CreateLog {
        const { loaded } = this.#options;
        if (this.startsAlone) return (machine) => this.#createSingle(machine);
        return (machine) => this.#createReplicated(machine, loaded);
    }

    /** Alone, and without a log whose rest is still to be applied. */
    get startsAlone(): boolean {
        const { entries } = this.#options.loaded.persisted;
        return this.isSoleMember && entries.length === 0;
    }

    /** Begins to take part. */
    async start(store: MvccStore): Promise<void> {
        this.#store = store;
        if (this.#mode.type === 'alone') return;
        if (this.isSoleMember) {
            this.#mode.log.campaign();
            return;
        }
        await this.#startTransport();
    }

    /** Goes from alone to the Raft log. At once when that is done already. */
    async becomeReplicated(): Promise<void> {
        await this.#switch(async () => {
            if (this.#mode.type === 'replicated' && this.#transportStarted) return;
            if (this.#options.transport === undefined) {
                throw new MemberError('invalid', 'this member has no transport: nobody can join it');
            }
            if (this.#mode.type === 'alone') {
                await this.#store?.replaceLog(async (machine) => await this.#beginLog(machine), {
                    replicated: true,
                });
            }
            await this.#startTransport();
            this.log?.campaign();
        });
    }

    /** After a start with a log that is not needed any more: goes on without, once all of it is applied. */
    async becomeAlone(): Promise<void> {
        await this.#switch(async () => {
            const { log } = this;
            if (log === undefined || this.#transportStarted) return;
            await log.readBarrier();
            await this.#store?.replaceLog(async (machine) => await this.#createAlone(machine, log), {
                replicated: false,
            });
            this.#store?.setLeading(true);
            this.#changed();
        });
    }

    /** Changes the own entry in the list while nobody else has it. */
    async changeAlone(change: (list: MemberList) => MemberList): Promise<void> {
        const list = change(this.#memberList);
        await this.#options.disk.write([membersWrite(list)], { sync: true });
        this.#memberList = list;
        this.#changed();
    }

    status(): Pick<RaftStatus, 'leader' | 'term' | 'commit' | 'applied'> {
        const { log } = this;
        if (log !== undefined) return { ...log.status, applied: log.applied.index };
        const index = this.#aloneIndex();
        return { leader: this.identity.memberId, term: this.#term, commit: index, applied: index };
    }

    onChange(listener: () => void): () => void {
        this.#listeners.add(listener);
        return () => {
            this.#listeners.delete(listener);
        };
    }

    async close(): Promise<void> {
        await this.#options.transport?.close();
    }

    #aloneIndex(): number {
        return this.#position.index + (this.#store?.revision ?? 1);
    }

    /** One change of mode at a time. */
    async #switch(work: () => Promise<void>): Promise<void> {
        while (this.#switching !== undefined) await this.#switching;
        const switching = work();
        this.#switching = switching.catch(() => undefined);
        try {
            await switching;
        } finally {
            this.#switching = undefined;
        }
    }

    /** The state as it is on disk becomes the snapshot where the log begins. */
    async #beginLog(machine: Machine): Promise<Log<Command, Outcome>> {
        const { disk, logger } = this.#options;
        const index = this.#aloneIndex() + 1;
        const term = this.#term;
        const applied = { index, term, revision: this.#store?.revision ?? 1 };
        const membership = membershipOf(this.#memberList.members);
        await disk.write(
            bootstrapWrites({
                identity: this.identity,
                hardState: { term, votedFor: '', commit: index },
                snapshot: { index, term, membership },
                applied,
                memberList: this.#memberList,
            }),
            { sync: true },
        );
        const loaded = await loadRaftState(disk);
        if (loaded === undefined) throw new StoreError('corrupt', 'the start of the log cannot be read back');
        logger.info({ index, term }, 'store goes on with a replicated log');
        return this.#createReplicated(machine, loaded);
    }

    /** The old log is closed, what it applied is on disk. */
    async #createAlone(
        machine: Machine,
        log: ReplicatedLog<Command, Outcome>,
    ): Promise<Log<Command, Outcome>> {
        const { disk, logger } = this.#options;
        const { applied, status, extent } = log;
        const writes: DiskWrite[] = [
            appliedWrite(applied),
            ...compactLogWrites(extent.firstIndex, extent.lastIndex),
            ...bootstrapWrites({
                identity: this.identity,
                hardState: { term: status.term, votedFor: this.identity.memberId, commit: applied.index },
                snapshot: {
                    index: applied.index,
                    term: applied.term,
                    membership: membershipOf(this.#memberList.members),
                },
                applied,
                memberList: this.#memberList,
            }),
        ];
        await disk.write(writes, { sync: true });
        this.#mode = { type: 'alone' };
        this.#position = applied;
        this.#term = status.term;
        logger.info({ index: applied.index }, 'store is alone and goes on without a log');
        return this.#createSingle(machine);
    }

    #createSingle(machine: Machine): SingleMemberLog<Command, Outcome> {
        const { disk, clock, logger, measurements } = this.#options;
        return new SingleMemberLog({
            disk,
            machine,
            clock,
            logger,
            onSynced: (durationMs) => {
                measurements.noteSync(durationMs, true);
            },
        });
    }

    #createReplicated(machine: Machine, loaded: LoadedRaftState): ReplicatedLog<Command, Outcome> {
        const { disk, directory, transport, clock, logger, random, measurements, logTuning } = this.#options;
        const log = new ReplicatedLog<Command, Outcome>({
            loaded,
            disk,
            directory,
            machine,
            codec: { encode: encodeCommand, decode: decodeCommand, decodeAddress },
            transport: transport ?? noTransport,
            clock,
            logger,
            random,
            measurements,
            tuning: logTuning,
            hooks: {
                applyMembership: (entry) => this.#applyMembership(entry),
                onSnapshotInstalled: async (memberList) => {
                    await this.#snapshotInstalled(memberList);
                },
                onStatus: (status) => {
                    this.#statusChanged(status);
                },
                onFatal: (error) => {
                    this.#cannotGoOn(error);
                },
            },
        });
        this.#mode = { type: 'replicated', log };
        return log;
    }

    #applyMembership(entry: Entry): AppliedMembership {
        const change = decodeMembershipChange(entry.data);
        const list = change === undefined ? this.#memberList : changeMembers(this.#memberList, change);
        return {
            writes: [membersWrite(list)],
            publish: () => {
                this.#memberList = list;
                this.#setPeers();
                this.#changed();
            },
        };
    }

    async #snapshotInstalled(memberList: MemberList): Promise<void> {
        this.#memberList = memberList;
        this.#setPeers();
        this.#store?.reload(await recover(this.#options.disk, { exact: true }));
        this.#changed();
    }

    #statusChanged({ role, leader, term }: RaftStatus): void {
        const { logger } = this.#options;
        logger.info({ role, leader, term }, 'raft state changed');
        this.#store?.setLeading(role === 'leader');
        if (role === 'removed') this.#removed();
        this.#changed();
    }

    #removed(): void {
        const { memberId, clusterId } = this.identity;
        this.#cannotGoOn(
            new StoreError(
                'closed',
                `this member, ${memberId}, was removed from cluster ${clusterId}; to join again, delete its data directory and add it anew`,
            ),
        );
    }

    #cannotGoOn(error: Error): void {
        const { logger, onStopped } = this.#options;
        const named =
            error instanceof StoreError
                ? error
                : new StoreError('corrupt', 'the store cannot apply its log', { cause: error });
        logger.error({ err: named }, 'this member serves no more');
        void this.log?.fail(named);
        onStopped(named);
    }

    async #startTransport(): Promise<void> {
        const { transport } = this.#options;
        if (this.#transportStarted) return;
        if (transport === undefined) {
            throw new MemberError('invalid', 'a member of a cluster of several needs a transport');
        }
        await transport.start(this.identity, this.#handlers());
        this.#transportStarted = true;
        this.#setPeers();
    }

    #setPeers(): void {
        if (!this.#transportStarted) return;
        const { members, removed } = this.#memberList;
        const peers = members.filter(({ id }) => id !== this.identity.memberId);
        this.#options.measurements.keepRoundTrips((id) => peers.some((peer) => peer.id === id));
        this.#options.transport?.setPeers({ peers, removed });
    }

    #handlers(): PeerHandlers {
        const { logger, clock, measurements } = this.#options;
        return {
            onMessages: (messages) => {
                this.log?.receive(messages);
            },
            onRequest: async (from, method, body) => {
                if (method !== proposeMethod) return await this.#options.onRequest(from, method, body);
                this.#checkMember(from);
                const { log } = this;
                if (log === undefined) throw new StoreError('noLeader', 'this member has no log');
                return log.proposeForFollower(from, body);
            },
            onUnreachable: (member) => {
                this.log?.unreachable(member);
            },
            onRoundTrip: (member, durationMs) => {
                measurements.noteRoundTrip(member, durationMs, clock.monotonicMs());
            },
            onRefused: (member, reason) => {
                if (reason === 'removed') this.#removed();
                else
                    logger.error(
                        { member },
                        'a peer belongs to another cluster: its address is wrong, or its data',
                    );
            },
        };
    }

    #checkMember(from: MemberId | undefined): asserts from is MemberId {
        if (this.#memberList.members.some(({ id }) => id === from)) return;
        throw new StoreError('noLeader', 'only members may propose');
    }

    #changed(): void {
        for (const listener of this.#listeners) listener();
    }
}
