import { assert } from '../../util/assert.ts';
import type { KeyValue } from '../store.ts';
import { GarbageQueue } from './garbage-queue.ts';
import { KeyIndex, type KeyEntry } from './key-index.ts';

/** What one transaction does to one key. */
export interface StagedWrite {
    key: string;
    tombstone: boolean;
    createRevision: number;
    version: number;
    lease: number;
    value: Buffer;
    decoded: object | undefined;
    /** The live version before, without its value until it is loaded; undefined when there was none. */
    previous: KeyValue | undefined;
}

/** The effects of one transaction, in key order. */
export interface StagedTxn {
    revision: number;
    writes: StagedWrite[];
}

/** How to take back what `stage` did to one entry. */
export interface Undo {
    entry: KeyEntry;
    before: Version | undefined;
}

type Version = Pick<KeyEntry, 'modRevision' | 'createRevision' | 'version' | 'lease'>;

/** Makes `newest` the newest version of `entry`. */
function supersede(entry: KeyEntry, newest: Version): void {
    const { key } = entry;
    const { modRevision } = newest;
    assert(entry.modRevision < modRevision, 'a transaction wrote a key twice', { key, modRevision });
    entry.older ??= [];
    entry.older.push(entry.version === 0 ? -entry.modRevision : entry.modRevision);
    entry.modRevision = modRevision;
    entry.createRevision = newest.createRevision;
    entry.version = newest.version;
    entry.lease = newest.lease;
}

/**
 * The state machine's memory: which versions exist, and how far they are visible and durable.
 *
 * Four revisions, in ascending order:
 *
 *     compacted ≤ persisted ≤ applied ≤ head
 *
 * Readers see up to `applied`. Between `persisted` and `applied` are relaxed transactions, between
 * `applied` and `head` the group that is being prepared; both are in `unpersisted`, values included,
 * because the disk does not have them yet.
 */
export class History {
    index = new KeyIndex();
    garbage = new GarbageQueue();
    compacted = 0;
    /** With the group that is being prepared. */
    compactedHead = 0;
    persisted = 1;
    applied = 1;
    head = 1;
    /** Revision of the newest transaction; below `head` when revisions were skipped after a crash. */
    newestTxn = 0;
    /** Bytes of the records that were written since the start; for compaction by size. */
    writtenBytes = 0;
    #unpersisted = new Map<number, StagedTxn>();

    /** Adds one version to the index, visible from `revision` on. */
    stage(revision: number, write: StagedWrite): Undo {
        const { key, createRevision, version, lease } = write;
        const entry = this.index.get(key);
        if (entry === undefined) {
            const created = { key, older: undefined, modRevision: revision, createRevision, version, lease };
            this.index.insert(created);
            return { entry: created, before: undefined };
        }
        const before = {
            modRevision: entry.modRevision,
            createRevision: entry.createRevision,
            version: entry.version,
            lease: entry.lease,
        };
        supersede(entry, { modRevision: revision, createRevision, version, lease });
        return { entry, before };
    }

    /**
     * Adds one version that is read at start, in the order of revisions; it is applied already. `entry` is of this
     * version alone. With less work than `stage` and `queueGarbage`, because there are as many as keys.
     */
    recover(entry: KeyEntry): void {
        const { modRevision: revision } = entry;
        const known = this.index.getOrInsert(entry);
        if (known === entry) return;
        if (known.version > 0) this.garbage.push(revision, known.modRevision, known.key);
        supersede(known, entry);
    }

    /** Takes `stage` back; in the reverse order. */
    unstage({ entry, before }: Undo): void {
        if (before === undefined) {
            this.index.remove(entry.key);
            return;
        }
        entry.older?.pop();
        if (entry.older?.length === 0) entry.older = undefined;
        entry.modRevision = before.modRevision;
        entry.createRevision = before.createRevision;
        entry.version = before.version;
        entry.lease = before.lease;
    }

    /** Makes a staged transaction visible. */
    apply(txn: StagedTxn): void {
        assert(txn.revision > this.applied, 'applied out of order', { txn: txn.revision });
        this.applied = txn.revision;
        this.queueGarbage(txn.revision, txn.writes);
    }

    queueGarbage(revision: number, writes: readonly StagedWrite[]): void {
        for (const { key, previous } of writes) {
            if (previous !== undefined) this.garbage.push(revision, previous.modRevision, key);
        }
        for (const { key, tombstone } of writes) {
            if (tombstone) this.garbage.push(revision + 1, revision, key);
        }
    }

    /** Forgets a version whose record is gone from disk. */
    forget(key: string, revision: number): void {
        const entry = this.index.get(key);
        if (entry === undefined) return;
        if (entry.modRevision === revision) {
            if (entry.version === 0 && entry.older === undefined) this.index.remove(key);
            return;
        }
        const { older } = entry;
        const at = older?.findIndex((version) => Math.abs(version) === revision) ?? -1;
        if (older === undefined || at < 0) return;
        if (older.length === 1) entry.older = undefined;
        else older.splice(at, 1);
    }

    hold(txn: StagedTxn): void {
        this.#unpersisted.set(txn.revision, txn);
    }

    release(txn: StagedTxn): void {
        this.#unpersisted.delete(txn.revision);
    }

    /** The write that made this version, when the disk does not have it yet. */
    unpersisted(revision: number, key: string): StagedWrite | undefined {
        const writes = this.#unpersisted.get(revision)?.writes;
        if (writes === undefined) return undefined;
        const first = writes[0];
        return first?.key === key ? first : writes.find((write) => write.key === key);
    }

    /** Transactions of the group that is being prepared, in order. */
    unapplied(): StagedTxn[] {
        return [...this.#unpersisted.values()].filter(({ revision }) => revision > this.applied);
    }

    /** Becomes `other`, which is not used any more: the whole state was replaced. */
    replaceBy(other: History): void {
        this.index = other.index;
        this.garbage = other.garbage;
        this.compacted = this.compactedHead = other.compacted;
        this.persisted = other.persisted;
        this.applied = other.applied;
        this.head = other.head;
        this.newestTxn = other.newestTxn;
        this.#unpersisted = new Map();
    }

    /** Visible transactions from `revision` on that the disk does not have yet, in order. */
    unpersistedFrom(revision: number): StagedTxn[] {
        const txns: StagedTxn[] = [];
        for (const txn of this.#unpersisted.values()) {
            if (txn.revision >= revision && txn.revision <= this.applied) txns.push(txn);
        }
        return txns;
    }
}
