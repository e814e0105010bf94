import type { Disk } from '../disk/disk.ts';
import { relaxedPendingMax } from '../log/log.ts';
import { StoreError, type KeyValue } from '../store.ts';
import { History, type StagedWrite } from './history.ts';
import type { KeyEntry } from './key-index.ts';
import { formatVersion, formatWrite, readMeta } from './meta.ts';
import { allRecords, decodeRecord, type StoredRecord } from './record.ts';

const noValue = Buffer.alloc(0);

export interface Recovered {
    history: History;
    cleanRevision: number | undefined;
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
export async function recover(disk: Disk): Promise<Recovered> {
    const meta = await readMeta(disk);
    if (meta.format !== undefined && meta.format > formatVersion) {
        throw new StoreError(
            'newerFormat',
            `the store was written in format ${meta.format} by a newer version; this one knows up to ${formatVersion}`,
        );
    }
    const builder = new IndexBuilder(meta.compacted);
    for await (const entries of disk.scan(allRecords())) {
        for (const [key, value] of entries) builder.add(decodeRecord(key, value));
    }
    const history = builder.finish();
    if (meta.format === undefined) {
        if (history.newestTxn > 0) throw new StoreError('corrupt', `the store's "format" entry is missing`);
        await disk.write([formatWrite()], { sync: true });
        return { history, cleanRevision: undefined };
    }
    const newest = Math.max(history.newestTxn, meta.compacted, 1);
    const revision =
        meta.clean !== undefined && meta.clean >= newest ? meta.clean : newest + skipped(history);
    history.persisted = history.applied = history.head = revision;
    return { history, cleanRevision: meta.clean };
}

/** Nothing is held back before the first durable write, so a store without records has lost none. */
function skipped(history: History): number {
    return history.newestTxn === 0 ? 0 : relaxedPendingMax;
}

class IndexBuilder {
    readonly #history = new History();
    readonly #compacted: number;
    /** The transaction that is being read: its records so far, as they go into the garbage queue. */
    #txn: { revision: number; recordsInTxn: number; writes: StagedWrite[] } | undefined;

    constructor(compacted: number) {
        this.#compacted = compacted;
        this.#history.compacted = compacted;
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
