import { crc32 } from 'node:zlib';
import { assert } from '../../util/assert.ts';
import { StoreError } from '../store.ts';

/**
 * How one version of one key lies on disk.
 *
 *     key:   'r' | revision, 6 bytes, big endian | key
 *     value: crc32, 4 bytes | flags, 1 byte | varints: distance to the previous transaction's revision,
 *            records in this transaction, modRevision - createRevision, version, lease | value
 *
 * With the flag "condensed" there is one varint more before the value, the distance to the revision of a
 * later version of the key, and the value says how it differs from that one's (condensed-versions.ts).
 *
 * Records lie in the order of their revisions: LevelDB only ever appends, so its compactions mostly move
 * tables instead of rewriting them, and a replay for a watch is one sequential read. The checksum covers
 * the key too. The first two varints say at start whether a transaction, or a part of one, is missing.
 *
 * Example: revision 7 puts "/a" (created at 5, second write), the transaction before was revision 6:
 *     72 000000000007 2f61  →  crc | 00 | 01 01 02 02 00 | value
 */
export interface StoredRecord extends RecordHead {
    /** A view of the bytes that were read. */
    value: Buffer;
}

/** A record without its value. */
export interface RecordHead {
    key: string;
    revision: number;
    tombstone: boolean;
    /** Revision of the transaction before this one. */
    previousRevision: number;
    recordsInTxn: number;
    createRevision: number;
    version: number;
    lease: number;
    /** Revision of the later version that is needed to read this one's value; absent where the value is whole. */
    base?: number;
    /** Where the value begins in the record's bytes. */
    valueOffset: number;
}

const recordTag = 0x72;
const revisionBytes = 6;
const keyOffset = 1 + revisionBytes;
/** Greatest revision that a record can have. */
export const revisionMax = 2 ** 48 - 1;
const flagTombstone = 1;
const flagCondensed = 2;
const varintBytesMax = 8;
const headerBytesMax = 5 + 6 * varintBytesMax;
const header = Buffer.alloc(headerBytesMax);

export function encodeRecordKey(revision: number, key: string): Buffer {
    assert(revision > 0 && revision <= revisionMax, 'revision out of range', { revision });
    const bytes = Buffer.allocUnsafe(keyOffset + key.length);
    bytes[0] = recordTag;
    bytes.writeUIntBE(revision, 1, revisionBytes);
    bytes.write(key, keyOffset, 'latin1');
    return bytes;
}

/** Whether these are a record's key: the database also has marks, leases and alarms. */
export function isRecordKey(key: Buffer): boolean {
    return key[0] === recordTag && key.length >= keyOffset;
}

/** The revision that a record's key contains. */
export function revisionOfRecord(recordKey: Buffer): number {
    return recordKey.readUIntBE(1, revisionBytes);
}

/** The key that a record's key contains. */
export function keyOfRecord(recordKey: Buffer): string {
    return recordKey.toString('latin1', keyOffset);
}

/** Bounds of all records with a revision in [from, to). */
export function recordRange(from: number, to: number): { from: Buffer; to: Buffer } {
    return { from: encodeRecordKey(Math.max(from, 1), ''), to: encodeRecordKey(to, '') };
}

/** Bounds of all records. */
export function allRecords(): { from: Buffer; to: Buffer } {
    return { from: Buffer.from([recordTag]), to: Buffer.from([recordTag + 1]) };
}

export function encodeRecord(recordKey: Buffer, record: Omit<StoredRecord, 'key' | 'valueOffset'>): Buffer {
    const { base } = record;
    header[4] = (record.tombstone ? flagTombstone : 0) | (base === undefined ? 0 : flagCondensed);
    let length = writeVarint(5, record.revision - record.previousRevision);
    length = writeVarint(length, record.recordsInTxn);
    length = writeVarint(length, record.revision - record.createRevision);
    length = writeVarint(length, record.version);
    length = writeVarint(length, record.lease);
    if (base !== undefined) length = writeVarint(length, base - record.revision);
    const bytes = Buffer.allocUnsafe(length + record.value.length);
    header.copy(bytes, 0, 0, length);
    record.value.copy(bytes, length);
    bytes.writeUInt32LE(checksum(recordKey, bytes), 0);
    return bytes;
}

/** Throws StoreError 'corrupt', which names the key and the revision. */
export function decodeRecord(recordKey: Buffer, bytes: Buffer): StoredRecord {
    const head = decodeRecordHead(recordKey, bytes);
    return { ...head, value: bytes.subarray(head.valueOffset) };
}

/** Checks the whole record, value included, but makes no view of the value. Throws as `decodeRecord`. */
export function decodeRecordHead(recordKey: Buffer, bytes: Buffer): RecordHead {
    const key = keyOfRecord(recordKey);
    const revision = recordKey.length < keyOffset ? 0 : recordKey.readUIntBE(1, revisionBytes);
    if (bytes.length < 10 || bytes.readUInt32LE(0) !== checksum(recordKey, bytes)) {
        throw new StoreError(
            'corrupt',
            `the record of ${JSON.stringify(key)} at revision ${revision} is damaged: its checksum is wrong`,
        );
    }
    const reader = { bytes, offset: 5 };
    const previousRevision = revision - readVarint(reader);
    const recordsInTxn = readVarint(reader);
    const createRevision = revision - readVarint(reader);
    const version = readVarint(reader);
    const lease = readVarint(reader);
    const flags = bytes[4] ?? 0;
    const base = (flags & flagCondensed) === 0 ? undefined : revision + readVarint(reader);
    return {
        key,
        revision,
        tombstone: (flags & flagTombstone) !== 0,
        previousRevision,
        recordsInTxn,
        createRevision,
        version,
        lease,
        ...(base === undefined ? {} : { base }),
        valueOffset: reader.offset,
    };
}

function checksum(recordKey: Buffer, bytes: Buffer): number {
    return crc32(bytes.subarray(4), crc32(recordKey));
}

/** Little-endian base 128; by arithmetic, because revisions and leases exceed 32 bits. */
function writeVarint(offset: number, value: number): number {
    assert(Number.isSafeInteger(value) && value >= 0, 'varint out of range', { value });
    let rest = value;
    while (rest >= 0x80) {
        header[offset++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
    }
    header[offset++] = rest;
    return offset;
}

function readVarint(reader: { bytes: Buffer; offset: number }): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
        const byte = reader.bytes[reader.offset++] ?? 0;
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
    }
}
