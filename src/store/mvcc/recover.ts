import type { Disk } from '../disk/disk.ts';
import { relaxedPendingMax } from '../log/log.ts';
import { decodeApplied, raftRecordKey } from '../log/raft-records.ts';
import { keyMax, StoreError } from '../store.ts';
import { AlarmTable, allAlarms, decodeAlarm } from './alarm-table.ts';
import { History } from './history.ts';
import { allLeases, decodeLease, LeaseTable } from './lease-table.ts';
import { formatVersion, formatWrite, readMeta, type Meta } from './meta.ts';
import { allRecords, decodeRecordHead, type RecordHead } from './record.ts';

/**
 * LevelDB keeps the tables that it has read mapped, up to 128 MiB of them, which nobody needs again soon after all
 * was read. From so much on they are let go by closing the database and opening it again.
 */
const mappedBytesMax = 32 * 1024 * 1024;

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
    let bytes = 0;
    for await (const entries of disk.scan(allRecords())) {
        for (const [key, value] of entries) {
            builder.add(decodeRecordHead(key, value));
            bytes += value.length;
        }
    }
    if (bytes > mappedBytesMax) await disk.exchange(async () => await Promise.resolve());
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
    /** The transaction that is being read. */
    #revision = 0;
    #recordsInTxn = 0;
    #records = 0;
    /** Keys that it deleted. */
    #deleted: string[] = [];

    constructor(compacted: number) {
        this.#compacted = compacted;
        this.#history.compacted = this.#history.compactedHead = compacted;
    }

    add(record: RecordHead): void {
        const { key, revision, createRevision, version, lease } = record;
        if (this.#revision !== revision) {
            this.#endTxn();
            this.#checkPredecessor(record);
            this.#revision = revision;
            this.#recordsInTxn = record.recordsInTxn;
            this.#records = 0;
        }
        this.#records += 1;
        if (record.tombstone) this.#deleted.push(key);
        this.#history.recover({
            key,
            older: undefined,
            modRevision: revision,
            createRevision,
            version,
            lease,
        });
    }

    finish(): History {
        this.#endTxn();
        return this.#history;
    }

    #endTxn(): void {
        const revision = this.#revision;
        if (revision === 0) return;
        const { garbage } = this.#history;
        this.#history.newestTxn = revision;
        for (const key of this.#deleted) garbage.push(revision + 1, revision, key);
        if (this.#deleted.length > 0) this.#deleted = [];
        if (revision <= this.#compacted || this.#records === this.#recordsInTxn) return;
        throw new StoreError(
            'corrupt',
            `revision ${revision} has ${this.#records} of its ${this.#recordsInTxn} records`,
        );
    }

    #checkPredecessor({ revision, previousRevision }: RecordHead): void {
        if (revision <= this.#compacted || previousRevision <= this.#compacted) return;
        if (previousRevision === this.#history.newestTxn) return;
        throw new StoreError('corrupt', `revision ${previousRevision}, before ${revision}, is missing`);
    }
}
