import type { Membership } from '../../src/store/raft/types.ts';

/** A guarded transaction on registers: puts happen when every key has the expected modRevision (0: no such key). */
export interface Txn {
    compares: readonly { key: string; modRevision: number }[];
    /** A value of undefined deletes. */
    puts: readonly { key: string; value?: string | undefined }[];
}

/** What goes into a 'command' entry. */
export interface Command {
    /** Who proposed it: a member and how often it had started. */
    origin: string;
    sequence: number;
    request: { type: 'txn'; txn: Txn } | { type: 'compact'; revision: number };
}

export interface TxnOutcome {
    succeeded: boolean;
    /** The transaction's own revision when it wrote, else the current one. */
    revision: number;
}

export interface Cell {
    value: string;
    modRevision: number;
}

export interface ReadOutcome {
    revision: number;
    cells: readonly (Cell | undefined)[];
}

export interface WatchEvent {
    key: string;
    /** Absent for a delete. */
    value?: string | undefined;
}

/** All events of one transaction. */
export interface EventBatch {
    revision: number;
    events: readonly WatchEvent[];
}

interface MachineState {
    revision: number;
    compacted: number;
    cells: [string, Cell][];
    history: EventBatch[];
    seen: string[];
    membership: Membership;
}

/** Commands remembered in order to recognise one that the network has doubled on its way to the leader. */
const seenMax = 512;

/**
 * The replicated state of the simulation: what the store's MVCC is, at its smallest. One revision counter,
 * guarded transactions, history for watchers until it is compacted, the membership.
 */
export class Machine {
    revision = 1;
    compacted = 0;
    membership: Membership;
    /** One batch for each revision above `compacted`, in order. */
    history: EventBatch[] = [];
    #cells = new Map<string, Cell>();
    #seen = new Set<string>();

    constructor(membership: Membership) {
        this.membership = membership;
    }

    /** Undefined for a command that was applied before. */
    apply({ origin, sequence, request }: Command): TxnOutcome | undefined {
        const id = `${origin}/${sequence}`;
        if (this.#seen.has(id)) return undefined;
        this.#seen.add(id);
        if (this.#seen.size > seenMax) {
            for (const oldest of this.#seen) {
                this.#seen.delete(oldest);
                break;
            }
        }
        if (request.type === 'txn') return this.#applyTxn(request.txn);
        this.#compact(request.revision);
        return { succeeded: true, revision: this.revision };
    }

    #applyTxn({ compares, puts }: Txn): TxnOutcome {
        for (const { key, modRevision } of compares) {
            if ((this.#cells.get(key)?.modRevision ?? 0) !== modRevision) {
                return { succeeded: false, revision: this.revision };
            }
        }
        this.revision += 1;
        for (const { key, value } of puts) {
            if (value === undefined) this.#cells.delete(key);
            else this.#cells.set(key, { value, modRevision: this.revision });
        }
        this.history.push({ revision: this.revision, events: puts });
        return { succeeded: true, revision: this.revision };
    }

    #compact(revision: number): void {
        if (revision <= this.compacted || revision > this.revision) return;
        this.compacted = revision;
        this.history = this.history.filter((batch) => batch.revision > revision);
    }

    read(keys: readonly string[]): ReadOutcome {
        return { revision: this.revision, cells: keys.map((key) => this.#cells.get(key)) };
    }

    /** Equal on members that have applied the same. */
    digest(): string {
        return this.serialize().toString();
    }

    serialize(): Buffer {
        const state: MachineState = {
            revision: this.revision,
            compacted: this.compacted,
            cells: [...this.#cells].sort(([a], [b]) => (a < b ? -1 : 1)),
            history: this.history,
            seen: [...this.#seen],
            membership: this.membership,
        };
        return Buffer.from(JSON.stringify(state));
    }

    static parse(data: Buffer): Machine {
        const state = JSON.parse(data.toString()) as MachineState;
        const machine = new Machine(state.membership);
        machine.revision = state.revision;
        machine.compacted = state.compacted;
        machine.history = state.history;
        machine.#cells = new Map(state.cells);
        machine.#seen = new Set(state.seen);
        return machine;
    }

    clone(): Machine {
        const machine = new Machine(this.membership);
        machine.revision = this.revision;
        machine.compacted = this.compacted;
        machine.history = [...this.history];
        machine.#cells = new Map(this.#cells);
        machine.#seen = new Set(this.#seen);
        return machine;
    }
}

export function encodeCommand(command: Command): Buffer {
    return Buffer.from(JSON.stringify(command));
}

const decoded = new WeakMap<Buffer, Command>();

/** Entries travel by reference in the simulation, so each is parsed once. */
export function decodeCommand(data: Buffer): Command {
    let command = decoded.get(data);
    if (command === undefined) {
        command = JSON.parse(data.toString()) as Command;
        decoded.set(data, command);
    }
    return command;
}
