import type { Disk } from '../disk/disk.ts';
import { relaxedPendingMax } from '../log/log.ts';
import { decodeApplied, raftRecordKey } from '../log/raft-records.ts';
import { keyMax, StoreError, type KeyValue } from '../store.ts';
import { AlarmTable, allAlarms, decodeAlarm } from './alarm-table.ts';
import { History, type StagedWrite } from './history.ts';
import type { KeyEntry } from './key-index.ts';
import { allLeases, decodeLease, LeaseTable } from './lease-table.ts';
import { formatVersion, formatWrite, readMeta, type Meta } from './meta.ts';
import { allRecords, decodeRecord, type StoredRecord } from './record.ts';

const noValue = Buffer.alloc(0);

export interface Recovered {
    history: History;
    leases: LeaseTable;
    alarms: AlarmTable;
    cleanRevision: number | undefined;
    /** As asked for. */
    exact: boolean;
}

export interface RecoverOptions {
    /**
     * The state is that of a replicated log, at the revision that the applied record says; none are skipped,
     * because every member must give the same ones. Default: false, the disk of a single member.
     */
    exact?: boolean;
}

/**
 * Builds the index from the records on disk, in one sequential read, and checks that none is missing: every
 * transaction since the last compaction must be there, and every record of it. Rejects 'newerFormat' and
 * 'corrupt'.
 *
 * After a crash, relaxed transactions may be lost whose revisions were handed out already. Giving those
 * numbers to other transactions would hide these from clients that go on watching from what they saw last.
 * So unless the store was closed in order, as many revisions are skipped as can have been lost.
 */
export async function recover(disk: Disk, { exact = false }: RecoverOptions = {}): Promise<Recovered> {
    const meta = await readMeta(disk);
    checkFormat(meta);
    const history = await readRecords(disk, meta.compacted);
    if (meta.format === undefined && history.newestTxn > 0) {
        throw new StoreError('corrupt', `the store's "format" entry is missing`);
    }
    if (meta.format !== formatVersion) await disk.write([formatWrite()], { sync: true });
    const leases = await readLeases(disk, history);
    const alarms = await readAlarms(disk);
    const revision = exact ? await appliedRevision(disk, history) : revisionOf(meta, history);
    history.persisted = history.applied = history.head = revision;
    return { history, leases, alarms, cleanRevision: meta.clean, exact };
}

function checkFormat({ format }: Meta): void {
    if (format === undefined || format <= formatVersion) return;
    throw new StoreError(
        'newerFormat',
        `the store was written in format ${format} by a newer version; this one knows up to ${formatVersion}`,
    );
}

async function appliedRevision(disk: Disk, { newestTxn, compacted }: History): Promise<number> {
    const [value] = await disk.getMany([raftRecordKey('applied')]);
    const { revision } = decodeApplied(value);
    const newest = Math.max(newestTxn, compacted);
    if (revision >= newest) return revision;
    throw new StoreError('corrupt', `revision ${newest} is on disk, but only ${revision} was applied`);
}

function revisionOf({ compacted, clean, format }: Meta, history: History): number {
    if (format === undefined) return 1;
    const newest = Math.max(history.newestTxn, compacted, 1);
    return clean !== undefined && clean >= newest ? clean : newest + skipped(history);
}

/** Nothing is held back before the first durable write, so a store without records has lost none. */
function skipped(history: History): number {
    return history.newestTxn === 0 ? 0 : relaxedPendingMax;
}

async function readRecords(disk: Disk, compacted: number): Promise<History> {
    const builder = new IndexBuilder(compacted);
    for await (const entries of disk.scan(allRecords())) {
        for (const [key, value] of entries) builder.add(decodeRecord(key, value));
    }
    return builder.finish();
}

async function readLeases(disk: Disk, { index }: History): Promise<LeaseTable> {
    const table = new LeaseTable();
    let count = 0;
    for await (const entries of disk.scan(allLeases())) {
        for (const [key, value] of entries) {
            const lease = decodeLease(key, value);
            table.publish(lease.id, lease);
            count += 1;
        }
    }
    if (count === 0) return table;
    index.forEach('', keyMax, ({ key, lease, version }) => {
        if (lease !== 0 && version > 0) table.get(lease)?.keys.add(key);
    });
    return table;
}

async function readAlarms(disk: Disk): Promise<AlarmTable> {
    const table = new AlarmTable();
    for await (const entries of disk.scan(allAlarms())) {
        for (const [key, value] of entries) table.publish(decodeAlarm(key, value), true);
    }
    return table;
}

class IndexBuilder {
    readonly #history = new History();
    readonly #compacted: number;
    /** The transaction that is being read: its records so far, as they go into the garbage queue. */
    #txn: { revision: number; recordsInTxn: number; writes: StagedWrite[] } | undefined;

    constructor(compacted: number) {
        this.#compacted = compacted;
        this.#history.compacted = this.#history.compactedHead = compacted;
    }

    add(record: StoredRecord): void {
        const { key, revision, recordsInTxn } = record;
        if (this.#txn?.revision !== revision) {
            this.#endTxn();
            this.#checkPredecessor(record);
            this.#txn = { revision, recordsInTxn, writes: [] };
        }
        const entry = this.#history.index.get(key);
        const write: StagedWrite = {
            key,
            tombstone: record.tombstone,
            createRevision: record.createRevision,
            version: record.version,
            lease: record.lease,
            value: noValue,
            decoded: undefined,
            previous: entry && entry.version > 0 ? versionOf(entry) : undefined,
        };
        this.#history.stage(revision, write);
        this.#txn.writes.push(write);
    }

    finish(): History {
        this.#endTxn();
        return this.#history;
    }

    #endTxn(): void {
        const txn = this.#txn;
        if (txn === undefined) return;
        const { revision, recordsInTxn, writes } = txn;
        this.#history.newestTxn = revision;
        this.#history.queueGarbage(revision, writes);
        if (revision <= this.#compacted || writes.length === recordsInTxn) return;
        throw new StoreError(
            'corrupt',
            `revision ${revision} has ${writes.length} of its ${recordsInTxn} records`,
        );
    }

    #checkPredecessor(record: StoredRecord): void {
        const { revision, previousRevision } = record;
        if (revision <= this.#compacted || previousRevision <= this.#compacted) return;
        if (previousRevision === this.#history.newestTxn) return;
        throw new StoreError('corrupt', `revision ${previousRevision}, before ${revision}, is missing`);
    }
}

function versionOf({ key, createRevision, modRevision, version, lease }: KeyEntry): KeyValue {
    return { key, value: noValue, createRevision, modRevision, version, lease };
}
