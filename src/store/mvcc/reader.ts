import type { Disk } from '../disk/disk.ts';
import { StoreError, type KeyValue, type RangeRequest, type RangeResult } from '../store.ts';
import type { History } from './history.ts';
import { versionAt, type KeyEntry } from './key-index.ts';
import { arrange, needsArranging, needsValues } from './range-arrangement.ts';
import { decodeWhole } from './condensed-versions.ts';
import { encodeRecordKey, revisionOfRecord, type StoredRecord } from './record.ts';

/** The value of a version that has not been read; an empty value that was read is another buffer. */
export const unreadValue = Buffer.alloc(0);

/** This member's disk cannot be read, which says nothing about what the others will find. */
export class LocalFault extends Error {
    override readonly name = 'LocalFault';
}

/** The revisions that can be read. */
export interface Readable {
    newest: number;
    compacted: number;
}

/** A range whose versions are chosen, but for what has to be read from disk. */
export interface Selection {
    result: RangeResult;
    /** To be completed by `load`. */
    toLoad: KeyValue[];
    /** To be called after that; returns the final `kvs`. */
    finish: (() => KeyValue[]) | undefined;
}

/**
 * Reads versions. Which version of which key is decided from memory at the time of the call; what memory
 * does not know (values, and all of older versions but their revision) is filled in from disk afterwards:
 * a version never changes, so nothing is lost by reading it later.
 */
export class Reader {
    readonly #disk: Disk;
    readonly #history: History;

    constructor(disk: Disk, history: History) {
        this.#disk = disk;
        this.#history = history;
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        const { applied, compacted } = this.#history;
        const { result, toLoad, finish } = this.select(request, { newest: applied, compacted });
        await this.load(toLoad);
        if (finish !== undefined) result.kvs = finish();
        return result;
    }

    select(request: RangeRequest, readable: Readable): Selection {
        const revision = this.checkRevision(request.revision ?? 0, readable);
        const isPlain = !needsArranging(request);
        const limit = request.countOnly === true ? 0 : isPlain ? request.limit || Infinity : Infinity;
        const kvs: KeyValue[] = [];
        /** Those of them that memory does not know but for their revision. */
        const older: KeyValue[] = [];
        let count = 0;
        this.#history.index.forEach(request.key, request.end, (entry) => {
            const version = versionAt(entry, revision);
            if (version === 0) return;
            count += 1;
            if (kvs.length >= limit) return;
            const kv = this.version(entry, version);
            kvs.push(kv);
            if (version !== entry.modRevision) older.push(kv);
        });
        const result = { kvs, count, revision: readable.newest };
        const keysOnly = request.keysOnly === true;
        if (isPlain || (older.length === 0 && !needsValues(request))) {
            if (!isPlain) result.kvs = arrange(kvs, request);
            const toLoad = keysOnly ? older : result.kvs;
            return { result, toLoad, finish: keysOnly ? () => stripped(result.kvs) : undefined };
        }
        const finish = (): KeyValue[] => {
            const arranged = arrange(kvs, request);
            return keysOnly ? stripped(arranged) : arranged;
        };
        return { result, toLoad: kvs, finish };
    }

    /** A version without its value; of older versions, `load` also fills in the rest. */
    version(entry: KeyEntry, revision: number): KeyValue {
        const newest = revision === entry.modRevision;
        return {
            key: entry.key,
            value: unreadValue,
            createRevision: newest ? entry.createRevision : 0,
            modRevision: revision,
            version: newest ? entry.version : 0,
            lease: newest ? entry.lease : 0,
        };
    }

    /** Completes `kvs`, which say only key and modRevision. Rejects 'corrupt', naming the first bad key. */
    async load(kvs: readonly KeyValue[]): Promise<void> {
        const onDisk: KeyValue[] = [];
        for (const kv of kvs) {
            const staged = this.#history.unpersisted(kv.modRevision, kv.key);
            if (staged === undefined) onDisk.push(kv);
            else fill(kv, staged);
        }
        if (onDisk.length === 0) return;
        const keys = onDisk.map((kv) => encodeRecordKey(kv.modRevision, kv.key));
        const values = await this.#disk.getMany(keys);
        for (const [i, kv] of onDisk.entries()) this.#fillFromDisk(kv, keys[i], values[i]);
    }

    /** The value of an entry's newest version, while a command is evaluated. Throws LocalFault. */
    valueSync(entry: KeyEntry): Buffer {
        const kv = this.version(entry, entry.modRevision);
        const staged = this.#history.unpersisted(kv.modRevision, kv.key);
        if (staged !== undefined) return staged.value;
        const key = encodeRecordKey(kv.modRevision, kv.key);
        try {
            this.#fillFromDisk(kv, key, this.#disk.getSync(key));
        } catch (error) {
            throw new LocalFault(`cannot read ${JSON.stringify(kv.key)}`, { cause: error });
        }
        return kv.value;
    }

    /** Reads the value of a version that must be told of now; leaves it out when it cannot be read. */
    fillSync(kv: KeyValue): KeyValue | undefined {
        const staged = this.#history.unpersisted(kv.modRevision, kv.key);
        if (staged !== undefined) {
            fill(kv, staged);
            return kv;
        }
        const key = encodeRecordKey(kv.modRevision, kv.key);
        try {
            this.#fillFromDisk(kv, key, this.#disk.getSync(key));
            return kv;
        } catch {
            return undefined;
        }
    }

    /** A record as it was written. Throws 'corrupt', or 'compacted' where compaction took what it needs. */
    whole(recordKey: Buffer, bytes: Buffer): StoredRecord {
        try {
            return decodeWhole(recordKey, bytes, (key) => this.#disk.getSync(key));
        } catch (error) {
            const { compacted } = this.#history;
            throw revisionOfRecord(recordKey) < compacted ? compactedError(compacted) : error;
        }
    }

    /** The revision to read at. Throws 'futureRevision' or 'compacted'. */
    checkRevision(revision: number, { newest, compacted }: Readable): number {
        if (revision === 0) return newest;
        if (revision > newest) throw futureRevisionError(revision, newest);
        if (revision < compacted) throw compactedError(compacted);
        return revision;
    }

    #fillFromDisk(kv: KeyValue, recordKey: Buffer | undefined, bytes: Buffer | undefined): void {
        if (recordKey !== undefined && bytes !== undefined) {
            fill(kv, this.whole(recordKey, bytes));
            return;
        }
        if (kv.modRevision < this.#history.compacted) throw compactedError(this.#history.compacted);
        throw new StoreError(
            'corrupt',
            `the record of ${JSON.stringify(kv.key)} at revision ${kv.modRevision} is missing`,
        );
    }
}

export function compactedError(compacted: number): StoreError {
    return new StoreError(
        'compacted',
        `required revision has been compacted, history begins at revision ${compacted}`,
    );
}

export function futureRevisionError(revision: number, newest: number): StoreError {
    return new StoreError(
        'futureRevision',
        `required revision ${revision} is a future revision, current is ${newest}`,
    );
}

/** Older versions are loaded for their headers also when only keys are wanted. */
function stripped(kvs: KeyValue[]): KeyValue[] {
    for (const kv of kvs) kv.value = unreadValue;
    return kvs;
}

function fill(
    kv: KeyValue,
    from: { value: Buffer; createRevision: number; version: number; lease: number },
): void {
    kv.value = from.value;
    kv.createRevision = from.createRevision;
    kv.version = from.version;
    kv.lease = from.lease;
}
