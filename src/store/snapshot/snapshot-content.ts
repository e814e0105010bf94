import { raftRecordKey } from '../log/raft-records.ts';

/** A range of keys on a disk. */
export interface KeyRange {
    from: Buffer;
    to: Buffer;
}

/**
 * What of a member's database is the replicated state, in key order: leases, alarms, how far the log is applied
 * and who the members are then, the store's marks, the records of all keys. The rest is the member's own:
 * identity, vote, log, and the mark of an orderly shutdown.
 */
export const snapshotRanges: readonly KeyRange[] = [
    tagRange('L'),
    tagRange('a'),
    keyRange(raftRecordKey('applied')),
    keyRange(raftRecordKey('members')),
    tagRange('m'),
    tagRange('r'),
];

const cleanShutdownKey = Buffer.from('mclean', 'latin1');

/** Whether a key belongs into a snapshot. */
export function isSnapshotKey(key: Buffer): boolean {
    if (key.equals(cleanShutdownKey)) return false;
    return snapshotRanges.some(({ from, to }) => from.compare(key) <= 0 && key.compare(to) < 0);
}

function tagRange(tag: string): KeyRange {
    return { from: Buffer.from(tag), to: Buffer.from([tag.charCodeAt(0) + 1]) };
}

function keyRange(key: Buffer): KeyRange {
    return { from: key, to: keyAfter(key) };
}

/** The first key after `key`. */
export function keyAfter(key: Buffer): Buffer {
    return Buffer.concat([key, Buffer.alloc(1)]);
}
