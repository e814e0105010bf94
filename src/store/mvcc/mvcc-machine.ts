import type { DiskWrite, PreparedGroup, Settled } from '../log/log.ts';
import type { LocalStateMachine } from '../log/single-member-log.ts';
import type { Disk } from '../disk/disk.ts';
import { StoreError, type StoreEvent } from '../store.ts';
import type { Command, Outcome } from './command.ts';
import { eventOf } from './event.ts';
import { evaluate, type Evaluated } from './evaluate.ts';
import type { History, StagedTxn, StagedWrite } from './history.ts';
import { cleanShutdownWrite } from './meta.ts';
import { encodeRecord, encodeRecordKey, recordRange } from './record.ts';
import { stripValues, type Reader } from './reader.ts';

export interface MvccMachineOptions {
    disk: Disk;
    history: History;
    reader: Reader;
    /** Called for each applied transaction, in order; must not throw. */
    onApply: (txn: StagedTxn, events: () => StoreEvent[]) => void;
    /** The clean-shutdown mark that is on disk: a revision, or undefined. */
    cleanRevision: number | undefined;
}

type Slot = { type: 'evaluated'; evaluated: Evaluated } | { type: 'failed'; error: unknown };

const revisionMaxForScan = 2 ** 48 - 1;

/** The replicated state machine: transactions in, records and events out. */
export class MvccMachine implements LocalStateMachine<Command, Outcome> {
    readonly #options: MvccMachineOptions;

    constructor(options: MvccMachineOptions) {
        this.#options = options;
    }

    prepare(commands: readonly Command[]): PreparedGroup<Outcome> {
        const { history, reader } = this.#options;
        const slots = commands.map((command): Slot => {
            try {
                if (command.type !== 'txn') throw new StoreError('io', `${command.type} is not possible yet`);
                return { type: 'evaluated', evaluated: evaluate(command.request, history, reader) };
            } catch (error) {
                return { type: 'failed', error };
            }
        });
        return new Group(slots, this.#options);
    }

    async undoFailedWrite(): Promise<readonly DiskWrite[]> {
        const { disk, history } = this.#options;
        const undo: DiskWrite[] = [];
        for await (const entries of disk.scan(recordRange(history.persisted + 1, revisionMaxForScan))) {
            for (const [key] of entries) undo.push({ type: 'del', key });
        }
        return undo;
    }

    closingWrites(): readonly DiskWrite[] {
        const { history, cleanRevision } = this.#options;
        if (cleanRevision === history.applied) return [];
        return [cleanShutdownWrite(history.applied)];
    }
}

class Group implements PreparedGroup<Outcome> {
    readonly writes: DiskWrite[] = [];
    readonly revision: number;
    readonly #slots: Slot[];
    readonly #options: MvccMachineOptions;
    readonly #newestTxnBefore: number;

    constructor(slots: Slot[], options: MvccMachineOptions) {
        this.#slots = slots;
        this.#options = options;
        const { history } = options;
        this.#newestTxnBefore = history.newestTxn;
        for (const txn of this.#txns()) {
            for (const write of txn.writes) this.writes.push(encode(txn, write, history.newestTxn));
            history.newestTxn = txn.revision;
            history.hold(txn);
        }
        this.revision = history.head;
    }

    async load(): Promise<void> {
        const { reader } = this.#options;
        const evaluated = this.#slots.flatMap((slot) => (slot.type === 'evaluated' ? [slot.evaluated] : []));
        try {
            await reader.load(evaluated.flatMap(({ toLoad }) => toLoad));
        } catch {
            // One bad record must not fail the whole group.
            await this.#loadOneByOne();
        }
        for (const { toStrip } of evaluated) stripValues(toStrip);
    }

    commit(durable: boolean): readonly Settled<Outcome>[] {
        const { history, onApply } = this.#options;
        for (const slot of this.#slots) {
            const evaluated = evaluatedOf(slot);
            if (evaluated?.txn === undefined) continue;
            const { txn } = evaluated;
            history.apply(txn);
            onApply(txn, () => eventsOf(txn));
        }
        for (const write of this.writes) history.writtenBytes += sizeOf(write);
        if (durable) this.written();
        return this.#slots.map(settle);
    }

    written(): void {
        const { history } = this.#options;
        for (const txn of this.#txns()) {
            history.release(txn);
            history.persisted = txn.revision;
        }
    }

    rollback(): void {
        const { history } = this.#options;
        for (const slot of [...this.#slots].reverse()) {
            const evaluated = evaluatedOf(slot);
            if (evaluated?.txn === undefined) continue;
            history.release(evaluated.txn);
            for (const undo of [...evaluated.undo].reverse()) history.unstage(undo);
        }
        history.head = history.applied;
        history.newestTxn = this.#newestTxnBefore;
    }

    async #loadOneByOne(): Promise<void> {
        const { reader } = this.#options;
        for (const [i, slot] of this.#slots.entries()) {
            if (slot.type !== 'evaluated') continue;
            try {
                await reader.load(slot.evaluated.toLoad);
            } catch (error) {
                this.#slots[i] = { type: 'evaluated', evaluated: { ...slot.evaluated, failure: error } };
            }
        }
    }

    #txns(): StagedTxn[] {
        const txns: StagedTxn[] = [];
        for (const slot of this.#slots) {
            const txn = evaluatedOf(slot)?.txn;
            if (txn !== undefined) txns.push(txn);
        }
        return txns;
    }
}

function evaluatedOf(slot: Slot): Evaluated | undefined {
    return slot.type === 'evaluated' ? slot.evaluated : undefined;
}

function settle(slot: Slot): Settled<Outcome> {
    if (slot.type === 'failed') return { type: 'rejected', error: slot.error };
    const { failure, result } = slot.evaluated;
    return failure === undefined
        ? { type: 'resolved', outcome: result }
        : { type: 'rejected', error: failure };
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

function sizeOf(write: DiskWrite): number {
    return write.type === 'put' ? write.key.length + write.value.length : write.key.length;
}

/** What watchers are told. */
function eventsOf({ revision, writes }: StagedTxn): StoreEvent[] {
    return writes.map((write) => {
        const event = eventOf(revision, write);
        event.previous = write.previous;
        return event;
    });
}
