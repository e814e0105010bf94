import type {
    Entry,
    HardState,
    Membership,
    PersistedState,
    SnapshotMeta,
} from '../../src/store/raft/types.ts';
import { assert } from '../../src/util/assert.ts';
import { decodeCommand, Machine, type TxnOutcome } from './machine.ts';
import type { Random } from './random.ts';

/** One atomic batch of a member's database. */
export type DiskRecord =
    | { type: 'raft'; hardState: HardState | undefined; entries: readonly Entry[] }
    /** The state machine's writes, together with the applied index. */
    | { type: 'apply'; entry: Entry; membership: Membership | undefined }
    | { type: 'compactLog'; snapshot: SnapshotMeta }
    /** The staged snapshot takes the place of state and log. */
    | { type: 'install'; snapshot: SnapshotMeta; state: Buffer };

/** What a database contains. */
export interface Image {
    hardState: HardState;
    snapshot: SnapshotMeta;
    entries: Entry[];
    applied: { index: number; term: number };
    machine: Machine;
}

/**
 * A member's database as LevelDB is one: batches go into one write-ahead log, a sync makes everything before
 * it durable too. A crash keeps what was synced and, of the rest, what happens to have reached the disk: whole
 * batches from the front, cut off at any byte; the batch that is torn fails its checksum and is not there.
 *
 *     synced ───────────────┐ not synced ─────────────┐
 *     batch  batch  batch  batch │ batch  batch  ba✂tch  batch
 *     ◄──────── durable ────────►│◄── may survive ──►│◄ gone ►
 */
export class SimulatedDisk {
    /** What the running member reads: everything written, synced or not. */
    view: Image;
    #durable: Image;
    #tail: DiskRecord[] = [];
    /** Batches ever written; the tail's are the last of them. */
    #written = 0;

    constructor(image: Image) {
        this.#durable = copyOf(image);
        this.view = copyOf(image);
    }

    /** What would be there after a crash that loses everything not synced. */
    get durable(): Readonly<Image> {
        return this.#durable;
    }

    /** Position to be given to `synced` once a sync that begins now has ended. */
    get position(): number {
        return this.#written;
    }

    write(record: DiskRecord): TxnOutcome | undefined {
        this.#tail.push(record);
        this.#written += 1;
        return write(this.view, record);
    }

    synced(position: number): void {
        const count = position - (this.#written - this.#tail.length);
        for (const record of this.#tail.splice(0, Math.max(0, count))) write(this.#durable, record);
    }

    crash(random: Random, losesTail: boolean): void {
        let bytes = losesTail ? 0 : random.below(this.#tail.reduce((sum, record) => sum + sizeOf(record), 1));
        for (const record of this.#tail) {
            bytes -= sizeOf(record);
            if (bytes < 0) break;
            write(this.#durable, record);
        }
        this.#tail = [];
        this.view = copyOf(this.#durable);
    }

    persistedState(): PersistedState {
        const { hardState, snapshot, entries, applied } = this.view;
        return { hardState, snapshot, entries: [...entries], applied: applied.index };
    }
}

/**
 * The first members begin with a state at index 1: at index 0 it would look like the empty disk of one that
 * joins, which would then get the log from its start and never learn who the first members are.
 */
export const initialIndex = 1;
export const initialTerm = 1;

/** Of a first member, which knows the membership, or of one that joins. */
export function newImage(membership: Membership): Image {
    const isFounder = membership.voters.length > 0;
    const [index, term] = isFounder ? [initialIndex, initialTerm] : [0, 0];
    return {
        hardState: { term, votedFor: '', commit: index },
        snapshot: { index, term, membership },
        entries: [],
        applied: { index, term },
        machine: new Machine(membership),
    };
}

export function lastIndexOf({ snapshot, entries }: Readonly<Image>): number {
    return snapshot.index + entries.length;
}

export function copyOf(image: Readonly<Image>): Image {
    return { ...image, entries: [...image.entries], machine: image.machine.clone() };
}

function write(image: Image, record: DiskRecord): TxnOutcome | undefined {
    switch (record.type) {
        case 'raft':
            if (record.hardState !== undefined) image.hardState = record.hardState;
            appendTo(image, record.entries);
            return undefined;
        case 'apply':
            return apply(image, record);
        case 'compactLog':
            image.entries.splice(0, record.snapshot.index - image.snapshot.index);
            image.snapshot = record.snapshot;
            return undefined;
        case 'install':
            image.snapshot = record.snapshot;
            image.entries = [];
            image.applied = { index: record.snapshot.index, term: record.snapshot.term };
            image.machine = Machine.parse(record.state);
            return undefined;
    }
}

function appendTo({ snapshot, entries: log }: Image, entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    const offset = first.index - snapshot.index - 1;
    assert(offset >= 0 && offset <= log.length, 'entries continue or replace the log', {
        first: first.index,
        snapshot: snapshot.index,
        length: log.length,
    });
    log.splice(offset, log.length, ...entries);
}

function apply(image: Image, { entry, membership }: DiskRecord & { type: 'apply' }): TxnOutcome | undefined {
    image.applied = { index: entry.index, term: entry.term };
    if (membership !== undefined) image.machine.membership = membership;
    return entry.type === 'command' ? image.machine.apply(decodeCommand(entry.data)) : undefined;
}

const headerBytes = 30;

function sizeOf(record: DiskRecord): number {
    switch (record.type) {
        case 'raft':
            return headerBytes + record.entries.reduce((sum, { data }) => sum + headerBytes + data.length, 0);
        case 'apply':
            return headerBytes + record.entry.data.length;
        case 'compactLog':
            return headerBytes;
        case 'install':
            return headerBytes + record.state.length;
    }
}
