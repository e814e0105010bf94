import type { Disk } from '../disk/disk.ts';
import type { Entry, PersistedState } from '../raft/types.ts';
import { StoreError } from '../store.ts';
import { raftDamage } from './checked-value.ts';
import {
    allEntries,
    decodeApplied,
    decodeEntry,
    decodeHardState,
    decodeJsonRecord,
    raftFormatVersion,
    raftRecordKey,
    raftRecordNames,
    type AppliedRecord,
    type MemberIdentity,
    type MemberList,
    type RaftRecordName,
} from './raft-records.ts';

export interface LoadedRaftState {
    identity: MemberIdentity;
    /** What the core starts from. */
    persisted: PersistedState;
    applied: AppliedRecord;
    /** As of `applied`. */
    memberList: MemberList;
}

/**
 * Reads a member's part in Raft; undefined for a store that was never clustered. Rejects 'newerFormat', and
 * 'corrupt' for damage or a gap: batches are atomic, and a synced one makes all before it durable, so a crash
 * takes whole batches from the end and never leaves a hole.
 */
export async function loadRaftState(disk: Disk): Promise<LoadedRaftState | undefined> {
    const values = await disk.getMany(raftRecordNames.map(raftRecordKey));
    const records = new Map(raftRecordNames.map((name, i) => [name, values[i]] as const));
    const entries: Entry[] = [];
    for await (const pairs of disk.scan(allEntries())) {
        for (const [key, value] of pairs) entries.push(decodeEntry(key, value));
    }
    if (values.every((value) => value === undefined) && entries.length === 0) return undefined;
    const { version } = decodeJsonRecord('format', records.get('format'));
    if (version > raftFormatVersion) {
        throw new StoreError(
            'newerFormat',
            `the Raft data was written in format ${version} by a newer version; this one knows up to ${raftFormatVersion}`,
        );
    }
    return checked(records, entries);
}

function checked(records: Map<RaftRecordName, Buffer | undefined>, entries: Entry[]): LoadedRaftState {
    const hardState = decodeHardState(records.get('state'));
    const snapshot = decodeJsonRecord('snapshot', records.get('snapshot'));
    const applied = decodeApplied(records.get('applied'));
    const last = checkOrder(snapshot, entries);
    if (applied.index < snapshot.index || applied.index > last.index) {
        throw raftDamage(
            `index ${applied.index} is applied, but the log goes from ${snapshot.index} to ${last.index}`,
        );
    }
    if (hardState.term < last.term) {
        throw raftDamage(`the newest log entry is of term ${last.term}, the member is in ${hardState.term}`);
    }
    // The commit index is written without a sync of its own; what is applied was committed. Beyond the end of the
    // log it says that the disk has lost something: the core must see it.
    const commit = Math.max(hardState.commit, applied.index);
    return {
        identity: decodeJsonRecord('identity', records.get('identity')),
        persisted: { hardState: { ...hardState, commit }, snapshot, entries, applied: applied.index },
        applied,
        memberList: decodeJsonRecord('members', records.get('members')),
    };
}

/** The last position of the log, once it is known to be whole. */
function checkOrder(
    start: { index: number; term: number },
    entries: readonly Entry[],
): { index: number; term: number } {
    let last = start;
    for (const entry of entries) {
        if (entry.index !== last.index + 1) {
            throw raftDamage(`log entry ${last.index + 1} is missing: the next one is ${entry.index}`);
        }
        if (entry.term < last.term) {
            throw raftDamage(`log entry ${entry.index} is of term ${entry.term}, after term ${last.term}`);
        }
        last = entry;
    }
    return last;
}
