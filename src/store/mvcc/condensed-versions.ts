import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DiskWrite } from '../log/log.ts';
import { StoreError } from '../store.ts';
import {
    decodeRecord,
    encodeRecord,
    encodeRecordKey,
    isRecordKey,
    keyOfRecord,
    type StoredRecord,
} from './record.ts';

type DiskPut = Extract<DiskWrite, { type: 'put' }>;

/** Smaller values are not worth the work. */
const condensedBytesMin = 128;
/** What deflate can look back to. */
const dictionaryBytesMax = 32 * 1024;
/** A value that unpacks to more than this was never written. */
const valueBytesMax = 64 * 1024 * 1024;

/**
 * Of writes that reach the disk in one batch: versions of a key that a later one replaces are packed with that
 * one's value as dictionary. Renewals that were held back for minutes differ in a time each: some ten bytes
 * instead of a kilobyte. Nothing is lost, and compaction deletes a version before the one that it needs,
 * because it deletes in the order in which versions were replaced.
 */
export function condense(writes: readonly DiskWrite[]): DiskWrite[] {
    const counts = new Map<string, number>();
    for (const write of writes) {
        const key = keyPut(write);
        if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const newest = new Map<string, StoredRecord>();
    const condensed: DiskWrite[] = [];
    for (const write of writes.toReversed()) {
        const key = keyPut(write);
        // Most are written once: they are not even looked into.
        const isRepeated = key !== undefined && (counts.get(key) ?? 0) > 1;
        condensed.push(isRepeated && write.type === 'put' ? condenseOne(write, newest) : write);
    }
    return condensed.reverse();
}

/** The key of a record that is written; undefined for marks, leases and deletions of records. */
function keyPut({ type, key }: DiskWrite): string | undefined {
    return type === 'put' && isRecordKey(key) ? keyOfRecord(key) : undefined;
}

function condenseOne(write: DiskPut, newest: Map<string, StoredRecord>): DiskWrite {
    const record = decodeRecord(write.key, write.value);
    const base = newest.get(record.key);
    // A deletion has no value that could help.
    if (base === undefined || base.tombstone) {
        newest.set(record.key, record);
        return write;
    }
    if (record.tombstone || record.value.length < condensedBytesMin) return write;
    const value = deflateRawSync(record.value, { dictionary: dictionaryOf(base.value), level: 9 });
    if (value.length * 2 > record.value.length) return write;
    return { ...write, value: encodeRecord(write.key, { ...record, base: base.revision, value }) };
}

/** A record as it was before `condense`. `read` gives a record's bytes. Throws StoreError 'corrupt'. */
export function decodeWhole(
    recordKey: Buffer,
    bytes: Buffer,
    read: (recordKey: Buffer) => Buffer | undefined,
): StoredRecord {
    const record = decodeRecord(recordKey, bytes);
    const { base, ...whole } = record;
    if (base === undefined) return record;
    const baseKey = encodeRecordKey(base, record.key);
    const found = read(baseKey);
    if (found === undefined) throw unreadable(record, 'the version that it needs is missing');
    const dictionary = dictionaryOf(decodeRecord(baseKey, found).value);
    try {
        return {
            ...whole,
            value: inflateRawSync(record.value, { dictionary, maxOutputLength: valueBytesMax }),
        };
    } catch (error) {
        throw unreadable(record, String(error));
    }
}

function dictionaryOf(value: Buffer): Buffer {
    return value.subarray(0, dictionaryBytesMax);
}

function unreadable({ key, revision }: StoredRecord, why: string): StoreError {
    return new StoreError(
        'corrupt',
        `the record of ${JSON.stringify(key)} at revision ${revision} cannot be read: ${why}`,
    );
}
