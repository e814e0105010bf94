import type { Disk } from '../disk/disk.ts';
import { StoreError, type KeyValue, type RangeRequest, type RangeResult } from '../store.ts';
import type { History } from './history.ts';
import { versionAt, type KeyEntry } from './key-index.ts';
import { decodeRecord, encodeRecordKey } from './record.ts';

const noValue = Buffer.alloc(0);

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
        const toLoad: KeyValue[] = [];
        const result = this.select(request, this.#history.applied, toLoad);
        await this.load(toLoad);
        if (request.keysOnly === true) stripValues(toLoad);
        return result;
    }

    /** Everything of the answer but what has to be loaded, which is appended to `toLoad`. */
    select(request: RangeRequest, newest: number, toLoad: KeyValue[]): RangeResult {
        const revision = this.#checkRevision(request.revision ?? 0, newest);
        const limit = request.countOnly === true ? 0 : request.limit || Infinity;
        const kvs: KeyValue[] = [];
        let count = 0;
        this.#history.index.forEach(request.key, request.end, (entry) => {
            const version = versionAt(entry, revision);
            if (version === 0) return;
            count += 1;
            if (kvs.length >= limit) return;
            const kv = this.version(entry, version);
            kvs.push(kv);
            if (request.keysOnly !== true || version !== entry.modRevision) toLoad.push(kv);
        });
        return { kvs, count, revision: newest };
    }

    /** A version without its value; of older versions, `load` also fills in the rest. */
    version(entry: KeyEntry, revision: number): KeyValue {
        const newest = revision === entry.modRevision;
        return {
            key: entry.key,
            value: noValue,
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

    /** The value of an entry's newest version, for a compare. */
    valueSync(entry: KeyEntry): Buffer {
        const kv = this.version(entry, entry.modRevision);
        const staged = this.#history.unpersisted(kv.modRevision, kv.key);
        if (staged !== undefined) return staged.value;
        const key = encodeRecordKey(kv.modRevision, kv.key);
        this.#fillFromDisk(kv, key, this.#disk.getSync(key));
        return kv.value;
    }

    #fillFromDisk(kv: KeyValue, recordKey: Buffer | undefined, bytes: Buffer | undefined): void {
        if (recordKey !== undefined && bytes !== undefined) {
            fill(kv, decodeRecord(recordKey, bytes));
            return;
        }
        if (kv.modRevision < this.#history.compacted) throw compactedError(this.#history.compacted);
        throw new StoreError(
            'corrupt',
            `the record of ${JSON.stringify(kv.key)} at revision ${kv.modRevision} is missing`,
        );
    }

    #checkRevision(revision: number, newest: number): number {
        if (revision === 0) return newest;
        if (revision > newest) {
            throw new StoreError(
                'futureRevision',
                `required revision ${revision} is a future revision, current is ${newest}`,
            );
        }
        if (revision < this.#history.compacted) throw compactedError(this.#history.compacted);
        return revision;
    }
}

/** Older versions are loaded for their headers also when only keys are wanted. */
export function stripValues(kvs: readonly KeyValue[]): void {
    for (const kv of kvs) kv.value = noValue;
}

export function compactedError(compacted: number): StoreError {
    return new StoreError(
        'compacted',
        `required revision has been compacted, history begins at revision ${compacted}`,
    );
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
