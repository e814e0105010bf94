import { assert } from '../../util/assert.ts';
import type { ClusterMember } from '../cluster.ts';
import type { Entry, EntryType, HardState, MemberId, Membership, SnapshotMeta } from '../raft/types.ts';
import { checksumBytes, isIntact, raftDamage, seal } from './checked-value.ts';
import type { DiskWrite } from './log.ts';

/**
 * How a member's part in Raft lies on disk, beside the state machine's records in the same database:
 *
 *     'l' | index, 6 bytes, big endian → crc32, 4 bytes | type, 1 byte | term, 6 bytes, big endian | data
 *     'h' | name                       → crc32, 4 bytes | JSON, or for "state" and "applied" numbers of 6 bytes
 *
 * Names: "format", "identity", "state" (hard state), "snapshot" (what precedes the log), "applied" (how far the
 * state machine in this database has come), "members". A clustered store has all of them; they first come
 * together, in one batch (`bootstrapWrites`). All functions only produce writes; who writes decides what goes
 * into one atomic batch and what is synced:
 *
 *     a Ready:           entryWrites + hardStateWrite, synced if it says so
 *     applying entries:  the state machine's group + appliedWrite (+ membersWrite), not synced
 *     log compaction:    snapshotWrite + compactLogWrites, not synced
 *
 * A member without a log (a cluster of one) keeps snapshot and applied at the same index.
 *
 * Example: entry 7 of term 2, a command "hi":
 *     6c 000000000007  →  crc | 01 | 000000000002 | 6869
 */

/** Raised with every change that an older hyperkube could not read. */
export const raftFormatVersion = 1;

export interface MemberIdentity {
    /** 16 hex digits. */
    clusterId: string;
    memberId: MemberId;
}

/** The state machine in this database holds exactly the effects of the log up to `index`. */
export interface AppliedRecord {
    index: number;
    term: number;
    /** The store's revision there. */
    revision: number;
}

/** The members as of the applied index. */
export interface MemberList {
    members: readonly ClusterMember[];
    /** Those that were removed; their identifiers never come back. */
    removed: readonly MemberId[];
}

/** Everything that a database says about its member; `bootstrapWrites` and `loadRaftState` are inverse. */
export interface RaftRecords {
    identity: MemberIdentity;
    hardState: HardState;
    snapshot: SnapshotMeta;
    applied: AppliedRecord;
    memberList: MemberList;
}

export type RaftRecordName = 'format' | 'identity' | 'state' | 'snapshot' | 'applied' | 'members';
export const raftRecordNames: readonly RaftRecordName[] = [
    'format',
    'identity',
    'state',
    'snapshot',
    'applied',
    'members',
];

const entryTag = 0x6c;
const numberBytes = 6;
const numberMax = 2 ** 48 - 1;
const entryHeaderBytes = checksumBytes + 1 + numberBytes;
const memberIdBytes = 8;
const memberIdPattern = /^(?!0{16})[0-9a-f]{16}$/;
const entryTypeCodes: Readonly<Record<EntryType, number>> = { noop: 0, command: 1, membership: 2 };
const entryTypes: readonly EntryType[] = ['noop', 'command', 'membership'];

/** All that a store needs to be a member; for a new cluster, a joining member, and after a restore. */
export function bootstrapWrites(records: RaftRecords): DiskWrite[] {
    return [
        jsonWrite('format', { version: raftFormatVersion }),
        jsonWrite('identity', records.identity),
        hardStateWrite(records.hardState),
        snapshotWrite(records.snapshot),
        appliedWrite(records.applied),
        membersWrite(records.memberList),
    ];
}

export function hardStateWrite({ term, votedFor, commit }: HardState): DiskWrite {
    const value = Buffer.alloc(checksumBytes + 2 * numberBytes + memberIdBytes);
    writeNumber(value, term, checksumBytes);
    writeNumber(value, commit, checksumBytes + numberBytes);
    assert(votedFor === '' || memberIdPattern.test(votedFor), 'not a member id', { votedFor });
    value.write(votedFor, checksumBytes + 2 * numberBytes, 'hex');
    return recordWrite('state', value);
}

export function appliedWrite({ index, term, revision }: AppliedRecord): DiskWrite {
    const value = Buffer.alloc(checksumBytes + 3 * numberBytes);
    [index, term, revision].forEach((number, i) => {
        writeNumber(value, number, checksumBytes + i * numberBytes);
    });
    return recordWrite('applied', value);
}

export function snapshotWrite(snapshot: SnapshotMeta): DiskWrite {
    return jsonWrite('snapshot', snapshot);
}

export function membersWrite(list: MemberList): DiskWrite {
    return jsonWrite('members', list);
}

/**
 * Puts `entries`, which follow each other, into a log that ends at `previousLastIndex`: what they do not
 * overwrite of its tail is deleted.
 */
export function entryWrites(entries: readonly Entry[], previousLastIndex: number): DiskWrite[] {
    const [first] = entries;
    if (first === undefined) return [];
    const writes = entries.map((entry, i): DiskWrite => {
        assert(entry.index === first.index + i, 'entries do not follow each other', { index: entry.index });
        const key = entryKey(entry.index);
        return { type: 'put', key, value: encodeEntry(key, entry) };
    });
    const lastIndex = first.index + entries.length - 1;
    for (let index = lastIndex + 1; index <= previousLastIndex; index++) {
        writes.push({ type: 'del', key: entryKey(index) });
    }
    return writes;
}

/** Deletes the entries of [from, to], in one batch with the `snapshotWrite` that stands for them. */
export function compactLogWrites(from: number, to: number): DiskWrite[] {
    const writes: DiskWrite[] = [];
    for (let index = from; index <= to; index++) writes.push({ type: 'del', key: entryKey(index) });
    return writes;
}

/** Bounds of all log entries. */
export function allEntries(): { from: Buffer; to: Buffer } {
    return { from: Buffer.from([entryTag]), to: Buffer.from([entryTag + 1]) };
}

/** Who votes and who learns, of a member list. */
export function membershipOf(members: readonly ClusterMember[]): Membership {
    const idsOf = (isLearner: boolean): MemberId[] =>
        members.filter((member) => member.isLearner === isLearner).map(({ id }) => id);
    return { voters: idsOf(false), learners: idsOf(true) };
}

export function isMemberId(text: unknown): text is MemberId {
    return typeof text === 'string' && memberIdPattern.test(text);
}

export function raftRecordKey(name: RaftRecordName): Buffer {
    return Buffer.from(`h${name}`, 'latin1');
}

/** Throws StoreError 'corrupt'. */
export function decodeEntry(key: Buffer, value: Buffer): Entry {
    if (key.length !== 1 + numberBytes) throw raftDamage(`"${key.toString('hex')}" is no key of a log entry`);
    const index = key.readUIntBE(1, numberBytes);
    if (!isIntact(key, value)) throw raftDamage(`the checksum of log entry ${index} is wrong`);
    const type = entryTypes[value[checksumBytes] ?? -1];
    if (value.length < entryHeaderBytes || type === undefined) {
        throw raftDamage(`log entry ${index} cannot be read`);
    }
    const term = value.readUIntBE(checksumBytes + 1, numberBytes);
    return { index, term, type, data: value.subarray(entryHeaderBytes) };
}

/** Throws StoreError 'corrupt', also for a record that is not there. */
export function decodeHardState(value: Buffer | undefined): HardState {
    const body = bodyOf('state', value, 2 * numberBytes + memberIdBytes);
    const votedFor = body.toString('hex', 2 * numberBytes);
    return {
        term: body.readUIntBE(0, numberBytes),
        commit: body.readUIntBE(numberBytes, numberBytes),
        votedFor: isMemberId(votedFor) ? votedFor : '',
    };
}

export function decodeApplied(value: Buffer | undefined): AppliedRecord {
    const body = bodyOf('applied', value, 3 * numberBytes);
    return {
        index: body.readUIntBE(0, numberBytes),
        term: body.readUIntBE(numberBytes, numberBytes),
        revision: body.readUIntBE(2 * numberBytes, numberBytes),
    };
}

/** The value of one of the JSON records; its checksum vouches for its shape. */
export function decodeJsonRecord(name: 'format', value: Buffer | undefined): { version: number };
export function decodeJsonRecord(name: 'identity', value: Buffer | undefined): MemberIdentity;
export function decodeJsonRecord(name: 'snapshot', value: Buffer | undefined): SnapshotMeta;
export function decodeJsonRecord(name: 'members', value: Buffer | undefined): MemberList;
export function decodeJsonRecord(name: RaftRecordName, value: Buffer | undefined): unknown {
    const content: unknown = JSON.parse(bodyOf(name, value).toString('utf8'));
    return content;
}

function bodyOf(name: RaftRecordName, value: Buffer | undefined, bytes?: number): Buffer {
    if (value === undefined) throw raftDamage(`the record "${name}" is missing`);
    const intact =
        isIntact(raftRecordKey(name), value) &&
        (bytes === undefined || value.length === checksumBytes + bytes);
    if (!intact) throw raftDamage(`the checksum of the record "${name}" is wrong`);
    return value.subarray(checksumBytes);
}

function encodeEntry(key: Buffer, { type, term, data }: Entry): Buffer {
    const value = Buffer.allocUnsafe(entryHeaderBytes + data.length);
    value[checksumBytes] = entryTypeCodes[type];
    writeNumber(value, term, checksumBytes + 1);
    data.copy(value, entryHeaderBytes);
    return seal(key, value);
}

function entryKey(index: number): Buffer {
    const key = Buffer.allocUnsafe(1 + numberBytes);
    key[0] = entryTag;
    writeNumber(key, index, 1);
    return key;
}

function jsonWrite(name: RaftRecordName, content: object): DiskWrite {
    const text = JSON.stringify(content);
    const value = Buffer.allocUnsafe(checksumBytes + Buffer.byteLength(text));
    value.write(text, checksumBytes);
    return recordWrite(name, value);
}

function recordWrite(name: RaftRecordName, value: Buffer): DiskWrite {
    const key = raftRecordKey(name);
    return { type: 'put', key, value: seal(key, value) };
}

function writeNumber(bytes: Buffer, number: number, offset: number): void {
    assert(Number.isInteger(number) && number >= 0 && number <= numberMax, 'number out of range', { number });
    bytes.writeUIntBE(number, offset, numberBytes);
}
