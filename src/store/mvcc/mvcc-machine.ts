import type { DiskWrite, PreparedGroup, Settled } from '../log/log.ts';
import type { LocalStateMachine } from '../log/single-member-log.ts';
import type { Disk } from '../disk/disk.ts';
import type { StoreEvent } from '../store.ts';
import type { Command, Outcome } from './command.ts';
import { condense } from './condensed-versions.ts';
import { evaluateCommand, type Evaluated } from './evaluate-command.ts';
import { eventOf } from './event.ts';
import type { StagedTxn, StagedWrite } from './history.ts';
import { cleanShutdownWrite } from './meta.ts';
import type { MvccState } from './mvcc-state.ts';
import { encodeRecord, encodeRecordKey, recordRange, revisionMax } from './record.ts';
import { LocalFault } from './reader.ts';

export interface MvccMachineOptions {
    disk: Disk;
    state: MvccState;
    /** Called for each applied transaction, in order; must not throw. */
    onApply: (txn: StagedTxn, events: () => StoreEvent[]) => void;
    /** Called for each other command that took effect, and for its keys after `onApply`; must not throw. */
    onCommand: (command: Command) => void;
    /** The clean-shutdown mark that is on disk: a revision, or undefined. */
    cleanRevision: number | undefined;
    /** Whether others apply the same commands: then a fault of this disk must not become an outcome. */
    replicated: boolean;
}

type Slot =
    { type: 'evaluated'; command: Command; evaluated: Evaluated } | { type: 'failed'; error: unknown };

/** The replicated state machine: commands in, records and events out. */
export class MvccMachine implements LocalStateMachine<Command, Outcome> {
    readonly #options: MvccMachineOptions;

    constructor(options: MvccMachineOptions) {
        this.#options = options;
    }

    setReplicated(replicated: boolean): void {
        this.#options.replicated = replicated;
    }

    /** Throws, with nothing staged, when this disk cannot be read and others apply the same. */
    prepare(commands: readonly Command[], wanted?: readonly boolean[]): PreparedGroup<Outcome> {
        const group = new Group(this.#options);
        for (const [i, command] of commands.entries()) {
            try {
                group.add(command, wanted?.[i] !== false);
            } catch (error) {
                group.rollback();
                throw error;
            }
        }
        return group;
    }

    async undoFailedWrite(): Promise<readonly DiskWrite[]> {
        const { disk, state } = this.#options;
        const undo: DiskWrite[] = [];
        for await (const entries of disk.scan(recordRange(state.history.persisted + 1, revisionMax))) {
            for (const [key] of entries) undo.push({ type: 'del', key });
        }
        return undo;
    }

    condense(writes: readonly DiskWrite[]): readonly DiskWrite[] {
        return condense(writes);
    }

    closingWrites(): readonly DiskWrite[] {
        const { state, cleanRevision } = this.#options;
        const { applied } = state.history;
        if (cleanRevision === applied) return [];
        return [cleanShutdownWrite(applied)];
    }
}

class Group implements PreparedGroup<Outcome> {
    readonly writes: DiskWrite[] = [];
    readonly #slots: Slot[] = [];
    readonly #options: MvccMachineOptions;
    readonly #newestTxnBefore: number;
    #writtenBytes = 0;

    constructor(options: MvccMachineOptions) {
        this.#options = options;
        this.#newestTxnBefore = options.state.history.newestTxn;
    }

    get revision(): number {
        return this.#options.state.history.head;
    }

    add(command: Command, wanted: boolean): void {
        const { state, replicated } = this.#options;
        let evaluated: Evaluated;
        try {
            evaluated = evaluateCommand(command, state);
        } catch (error) {
            const isLocal = error instanceof LocalFault;
            if (isLocal && replicated) throw error.cause;
            this.#slots.push({ type: 'failed', error: isLocal ? error.cause : error });
            return;
        }
        if (!wanted) evaluated = { ...evaluated, toLoad: [], finish: [] };
        this.#slots.push({ type: 'evaluated', command, evaluated });
        const { txn, writes } = evaluated;
        if (txn !== undefined) {
            const { history } = state;
            for (const write of txn.writes) this.#write(encode(txn, write, history.newestTxn));
            history.newestTxn = txn.revision;
            history.hold(txn);
        }
        for (const write of writes) this.#write(write);
    }

    async load(): Promise<void> {
        const { reader } = this.#options.state;
        const evaluated = this.#slots.flatMap((slot) => (slot.type === 'evaluated' ? [slot.evaluated] : []));
        const toLoad = evaluated.flatMap((one) => one.toLoad);
        if (toLoad.length > 0) {
            try {
                await reader.load(toLoad);
            } catch {
                // One bad record must not fail the whole group.
                await this.#loadOneByOne();
            }
        }
        for (const { finish } of evaluated) for (const step of finish) step();
    }

    commit(durable: boolean): readonly Settled<Outcome>[] {
        const { state, onApply, onCommand } = this.#options;
        const { history, leases, alarms } = state;
        history.writtenBytes += this.#writtenBytes;
        for (const slot of this.#slots) {
            if (slot.type === 'failed') continue;
            const { txn, publish } = slot.evaluated;
            if (txn !== undefined) {
                history.apply(txn);
                leases.attach(txn);
            }
            publish?.();
            if (txn !== undefined) onApply(txn, () => eventsOf(txn));
            if (slot.command.type !== 'txn') onCommand(slot.command);
        }
        leases.endGroup();
        alarms.endGroup();
        if (durable) this.written();
        return this.#slots.map(settle);
    }

    written(): void {
        const { history } = this.#options.state;
        for (const slot of this.#slots) {
            const txn = txnOf(slot);
            if (txn === undefined) continue;
            history.release(txn);
            history.persisted = txn.revision;
        }
    }

    rollback(): void {
        const { history, leases, alarms } = this.#options.state;
        for (const slot of [...this.#slots].reverse()) {
            const txn = txnOf(slot);
            if (slot.type === 'failed' || txn === undefined) continue;
            history.release(txn);
            for (const undo of [...slot.evaluated.undo].reverse()) history.unstage(undo);
        }
        history.head = history.applied;
        history.compactedHead = history.compacted;
        history.newestTxn = this.#newestTxnBefore;
        leases.endGroup();
        alarms.endGroup();
    }

    async #loadOneByOne(): Promise<void> {
        const { reader } = this.#options.state;
        for (const slot of this.#slots) {
            if (slot.type !== 'evaluated') continue;
            try {
                await reader.load(slot.evaluated.toLoad);
            } catch (error) {
                slot.evaluated.failure = error;
            }
        }
    }

    #write(write: DiskWrite): void {
        this.writes.push(write);
        this.#writtenBytes += write.type === 'put' ? write.key.length + write.value.length : write.key.length;
    }
}

function txnOf(slot: Slot): StagedTxn | undefined {
    return slot.type === 'evaluated' ? slot.evaluated.txn : undefined;
}

function settle(slot: Slot): Settled<Outcome> {
    if (slot.type === 'failed') return { type: 'rejected', error: slot.error };
    const { failure, outcome } = slot.evaluated;
    return failure === undefined ? { type: 'resolved', outcome } : { type: 'rejected', error: failure };
}

function encode(txn: StagedTxn, write: StagedWrite, newestTxn: number): DiskWrite {
    const key = encodeRecordKey(txn.revision, write.key);
    const value = encodeRecord(key, {
        revision: txn.revision,
        tombstone: write.tombstone,
        previousRevision: newestTxn,
        recordsInTxn: txn.writes.length,
        createRevision: write.createRevision,
        version: write.version,
        lease: write.lease,
        value: write.value,
    });
    return { type: 'put', key, value };
}

/** What watchers are told, without the versions before. */
function eventsOf({ revision, writes }: StagedTxn): StoreEvent[] {
    return writes.map((write) => eventOf(revision, write));
}
