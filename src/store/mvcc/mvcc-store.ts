import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Alarm } from '../cluster.ts';
import type { Disk } from '../disk/disk.ts';
import type { Log } from '../log/log.ts';
import type { LocalStateMachine } from '../log/single-member-log.ts';
import { SwitchableLog } from '../log/switchable-log.ts';
import type { Measurements } from '../measurements.ts';
import {
    StoreError,
    type RangeRequest,
    type RangeResult,
    type Store,
    type StoreWatch,
    type TxnRequest,
    type TxnResult,
    type WatchBatch,
    type WatchRequest,
} from '../store.ts';
import {
    openSnapshotSource,
    type SnapshotCapable,
    type SnapshotSource,
} from '../snapshot/snapshot-source.ts';
import { AutoCompaction, type AutoCompactionPolicy } from './auto-compaction.ts';
import { checkRequest } from './check-request.ts';
import type { Command, CommandOutcomes, Outcome } from './command.ts';
import { Compactor } from './compactor.ts';
import { spaceExceeded, takesSpace } from './evaluate-command.ts';
import { hashRecords } from './hash-kv.ts';
import { LeaseExpiry } from './lease-expiry.ts';
import { MvccMachine } from './mvcc-machine.ts';
import type { MvccState } from './mvcc-state.ts';
import { Quota } from './quota.ts';
import { Reader } from './reader.ts';
import type { Recovered } from './recover.ts';
import { StoreLeases, type AskLeader } from './store-leases.ts';
import { WatchHub } from './watch-hub.ts';

export interface MvccStoreOptions {
    disk: Disk;
    recovered: Recovered;
    logger: Logger;
    clock: Clock;
    autoCompaction: AutoCompactionPolicy;
    /** Makes the log that drives the state machine. */
    createLog: CreateLog;
    /** How to ask the member that leads about leases; absent where there is no other. */
    askLeader?: AskLeader | undefined;
    /** Whether this member decides about leases and compaction from the start: see `setLeading`. Default true. */
    leading?: boolean;
    /** Writes that would make the database larger raise the alarm NOSPACE. Absent: no limit but the disk's. */
    quotaBytes?: number;
    /** Whose alarm that is. */
    memberId?: string;
    measurements?: Measurements | undefined;
}

export type CreateLog = (machine: LocalStateMachine<Command, Outcome>) => Log<Command, Outcome>;

/** Of a command that is no transaction, for the queue's bound. */
const commandBytes = 64;

/** The embedded store: a revisioned key space, driven by a log. */
export class MvccStore implements Store, SnapshotCapable {
    readonly leases: StoreLeases;
    readonly #options: MvccStoreOptions;
    readonly #state: MvccState;
    readonly #hub: WatchHub;
    readonly #machine: MvccMachine;
    readonly #log: SwitchableLog<Command, Outcome>;
    readonly #compactor: Compactor;
    readonly #autoCompaction: AutoCompaction;
    readonly #expiry: LeaseExpiry;
    readonly #quota: Quota | undefined;
    #lifecycle: 'open' | 'closed' = 'open';
    #closing: Promise<void> | undefined;

    constructor(options: MvccStoreOptions) {
        const { disk, logger, clock, recovered, quotaBytes } = options;
        const { history, leases, alarms, cleanRevision, exact } = recovered;
        this.#options = options;
        const reader = new Reader(disk, history);
        this.#state = { history, reader, leases, alarms };
        this.#hub = new WatchHub({ disk, history, reader, logger });
        this.#machine = new MvccMachine({
            disk,
            state: this.#state,
            cleanRevision,
            replicated: exact,
            onApply: (txn, events) => {
                this.#hub.dispatch(txn, events);
                this.#autoCompaction.noteWrite(txn.revision, history.writtenBytes);
            },
            onCommand: (command) => {
                this.#onCommand(command);
            },
        });
        this.#log = new SwitchableLog(options.createLog(this.#machine), options.measurements);
        this.#compactor = new Compactor({ disk, history, log: this.#log, hub: this.#hub, logger });
        this.#autoCompaction = this.#createAutoCompaction();
        this.#expiry = new LeaseExpiry({
            table: leases,
            clock,
            logger,
            revoke: async (id) => await this.#propose({ type: 'leaseRevoke', id }),
        });
        this.leases = this.#createLeases();
        if (quotaBytes !== undefined) {
            this.#quota = new Quota({ quotaBytes, history, sizeBytes: async () => await disk.sizeBytes() });
        }
        if (options.leading !== false) this.#expiry.lead();
        // What was written before this start ages from now on.
        if (history.applied > history.compacted + 1) this.#autoCompaction.noteWrite(history.applied, 0);
        // A crash may have interrupted a compaction.
        this.#sweep();
    }

    get revision(): number {
        return this.#hub.revision;
    }

    get compactedRevision(): number {
        return this.#state.history.compacted;
    }

    async txn(request: TxnRequest): Promise<TxnResult> {
        const bytes = checkRequest(request);
        const command: Command = { type: 'txn', request };
        if (this.#quota !== undefined) await this.#checkSpace(command, bytes);
        const durability = request.durability ?? 'fsync';
        return (await this.#log.propose(command, { durability, bytes })) as CommandOutcomes['txn'];
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        this.#checkOpen();
        return await this.#state.reader.range(request);
    }

    async readIndex(): Promise<number> {
        await this.#log.readBarrier();
        const { applied } = this.#state.history;
        await this.#hub.whenRejoined();
        return applied;
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError?: (error: StoreError) => void,
    ): StoreWatch {
        this.#checkOpen();
        return this.#hub.watch(request, onBatch, onError);
    }

    /** Resolves when this member has deleted what the compaction has made unreadable. */
    async compact(revision: number): Promise<void> {
        this.#checkOpen();
        await this.#propose({ type: 'compact', revision });
        await this.#compactor.sweep();
    }

    async sizeBytes(): Promise<number> {
        this.#checkOpen();
        return await this.#options.disk.sizeBytes();
    }

    async openSnapshot(): Promise<SnapshotSource> {
        this.#checkOpen();
        // Nothing that was acknowledged is held back then.
        return await this.#log.runExclusive(async () => await openSnapshotSource(this.#options.disk));
    }

    async defragment(): Promise<void> {
        this.#checkOpen();
        await this.#compactor.defragment();
    }

    async hashKv(revision: number): Promise<{ hash: number; revision: number; compactRevision: number }> {
        this.#checkOpen();
        const { history, reader } = this.#state;
        return await this.#compactor.runSwept(async () => {
            const { applied, compacted } = history;
            const upTo = reader.checkRevision(revision, { newest: applied, compacted });
            const hash = await hashRecords(this.#options.disk, upTo);
            return { hash, revision: upTo, compactRevision: compacted };
        });
    }

    alarms(): readonly Alarm[] {
        return this.#state.alarms.list();
    }

    async setAlarm({ member, type }: Alarm, active: boolean): Promise<void> {
        await this.#propose({ type: 'alarm', member, alarm: type, active });
    }

    /**
     * Whether it is this member that lets leases expire and decides when history is compacted. Becoming so
     * gives every lease its full time anew.
     */
    setLeading(leading: boolean): void {
        if (leading === this.#expiry.leads) return;
        if (leading) this.#expiry.lead();
        else this.#expiry.follow();
    }

    /**
     * Goes on with another log: drains and closes the one in use first (see SwitchableLog.replace). `replicated`
     * says whether other members will apply the same commands.
     */
    async replaceLog(
        create: (machine: LocalStateMachine<Command, Outcome>) => Promise<Log<Command, Outcome>>,
        { replicated }: { replicated: boolean },
    ): Promise<void> {
        await this.#log.replace(async () => {
            this.#machine.setReplicated(replicated);
            return await create(this.#machine);
        });
    }

    /**
     * The database has been replaced by a snapshot of a newer state. To be called, without a group prepared or
     * held back, before anything else is applied. Watches that need what is compacted there fail with
     * 'compacted', the others go on from its history.
     */
    reload(recovered: Recovered): void {
        const { history, leases, alarms } = this.#state;
        const before = history.applied;
        history.replaceBy(recovered.history);
        leases.replaceBy(recovered.leases);
        alarms.replaceBy(recovered.alarms);
        if (this.#expiry.leads) this.#expiry.lead();
        this.#hub.rejoin(before);
        this.#autoCompaction.noteWrite(history.applied, history.writtenBytes);
        this.#sweep();
    }

    async close(): Promise<void> {
        this.#closing ??= this.#close();
        await this.#closing;
    }

    async #close(): Promise<void> {
        this.#lifecycle = 'closed';
        this.#expiry.follow();
        this.#autoCompaction.close();
        const compactorClosed = this.#compactor.close();
        await this.#log.close();
        await compactorClosed;
        await this.#hub.close();
        await this.#options.disk.close();
    }

    async #propose<C extends Exclude<Command, { type: 'txn' }>>(
        command: C,
    ): Promise<CommandOutcomes[C['type']]> {
        const outcome = await this.#log.propose(command, { durability: 'fsync', bytes: commandBytes });
        return outcome as CommandOutcomes[C['type']];
    }

    /** Raises the alarm, and refuses the command, when it would exceed the quota. */
    async #checkSpace(command: Command, bytes: number): Promise<void> {
        if (this.#quota === undefined || !takesSpace(command)) return;
        const room = this.#quota.hasRoom(bytes);
        if (room === true || (await room)) return;
        const { memberId = '' } = this.#options;
        await this.setAlarm({ member: memberId, type: 'NOSPACE' }, true);
        throw spaceExceeded();
    }

    #onCommand(command: Command): void {
        switch (command.type) {
            case 'compact':
                this.#sweep();
                return;
            case 'leaseGrant':
                this.#expiry.granted(command.id);
                return;
            case 'leaseRevoke':
                this.#expiry.revoked(command.id);
                return;
            case 'alarm':
                this.#options.logger.warn(command, 'alarm of a member of the store');
                return;
            case 'txn':
                return;
        }
    }

    #createLeases(): StoreLeases {
        return new StoreLeases({
            table: this.#state.leases,
            askLeader: this.#options.askLeader,
            expiry: this.#expiry,
            grant: async (command) => {
                await this.#checkSpace(command, commandBytes);
                return await this.#propose(command);
            },
            revoke: async (command) => await this.#propose(command),
        });
    }

    #createAutoCompaction(): AutoCompaction {
        const { autoCompaction, clock } = this.#options;
        return new AutoCompaction({
            policy: autoCompaction,
            clock,
            compact: async (revision) => {
                await this.compact(revision);
            },
            onError: (error) => {
                this.#compactionFailed(error);
            },
            leads: () => this.#expiry.leads,
        });
    }

    #sweep(): void {
        this.#compactor.sweep().catch((error: unknown) => {
            this.#compactionFailed(error);
        });
    }

    #compactionFailed(error: unknown): void {
        if (error instanceof StoreError && isHarmless(error)) return;
        this.#options.logger.warn({ err: error }, 'store compaction failed, it will be tried again');
    }

    #checkOpen(): void {
        if (this.#lifecycle === 'closed') throw new StoreError('closed', 'the store is closed');
    }
}

/** Somebody else compacted further, or the store closed meanwhile. */
function isHarmless(error: StoreError): boolean {
    return error.reason === 'compacted' || error.reason === 'closed';
}
