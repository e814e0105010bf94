import { assert } from '../../util/assert.ts';
import type { Disk, DiskSnapshot } from '../disk/disk.ts';
import {
    decodeApplied,
    decodeJsonRecord,
    membershipOf,
    raftRecordKey,
    type AppliedRecord,
    type MemberList,
} from '../log/raft-records.ts';
import type { SnapshotMeta } from '../raft/types.ts';
import { chunkChecksum, encodeChunk } from './chunk-codec.ts';
import { isSnapshotKey, keyAfter, snapshotRanges } from './snapshot-content.ts';

/** Bytes of records of one chunk, exceeded by at most a native read or one record. */
export const chunkBytesTarget = 512 * 1024;

export interface SnapshotSource {
    /** Where in the log the state stands; undefined for a store that was never clustered. */
    readonly position: SnapshotPosition | undefined;
    /** Chunks are read in order from 0; the newest may be asked for again. */
    read(chunk: number): Promise<SourceChunk>;
    close(): Promise<void>;
}

export interface SnapshotPosition {
    meta: SnapshotMeta;
    applied: AppliedRecord;
    memberList: MemberList;
}

export interface SourceChunk {
    data: Buffer;
    last: boolean;
}

/** A store that can be copied while it is in use; a real etcd makes snapshots of its own. */
export interface SnapshotCapable {
    /** The state with everything that was acknowledged before the call; must be closed. */
    openSnapshot(): Promise<SnapshotSource>;
}

export function isSnapshotCapable(store: object): store is SnapshotCapable {
    return 'openSnapshot' in store;
}

/**
 * Opens the state that the disk has at the time of the call, for reading in chunks while others write. Must be
 * closed: until then, LevelDB keeps all that is overwritten.
 */
export async function openSnapshotSource(disk: Disk): Promise<SnapshotSource> {
    const snapshot = await disk.snapshot();
    try {
        return new DiskSnapshotSource(snapshot, await readPosition(snapshot));
    } catch (error) {
        await snapshot.close();
        throw error;
    }
}

async function readPosition(snapshot: DiskSnapshot): Promise<SnapshotPosition | undefined> {
    const valueOf = async (key: Buffer): Promise<Buffer | undefined> => {
        const [pair] = await snapshot.read({ from: key, to: keyAfter(key) }, 1);
        return pair?.[1];
    };
    const appliedValue = await valueOf(raftRecordKey('applied'));
    if (appliedValue === undefined) return undefined;
    const applied = decodeApplied(appliedValue);
    const memberList = decodeJsonRecord('members', await valueOf(raftRecordKey('members')));
    const meta = { index: applied.index, term: applied.term, membership: membershipOf(memberList.members) };
    return { meta, applied, memberList };
}

class DiskSnapshotSource implements SnapshotSource {
    readonly position: SnapshotPosition | undefined;
    readonly #snapshot: DiskSnapshot;
    #range = 0;
    #from = snapshotRanges[0]?.from;
    #newest: { chunk: number; content: SourceChunk } | undefined;

    constructor(snapshot: DiskSnapshot, position: SnapshotPosition | undefined) {
        this.#snapshot = snapshot;
        this.position = position;
    }

    async read(chunk: number): Promise<SourceChunk> {
        const newest = this.#newest;
        if (newest?.chunk === chunk) return newest.content;
        assert(chunk === (newest?.chunk ?? -1) + 1, 'chunks are read in order', { chunk });
        assert(newest?.content.last !== true, 'read beyond the last chunk', { chunk });
        const pairs = await this.#readPairs();
        const last = this.#from === undefined;
        const previous = newest === undefined ? 0 : chunkChecksum(newest.content.data);
        const content = { data: encodeChunk({ pairs, last }, previous), last };
        this.#newest = { chunk, content };
        return content;
    }

    async close(): Promise<void> {
        await this.#snapshot.close();
    }

    async #readPairs(): Promise<[Buffer, Buffer][]> {
        const pairs: [Buffer, Buffer][] = [];
        let missingBytes = chunkBytesTarget;
        for (
            let range = snapshotRanges[this.#range];
            range && this.#from;
            range = snapshotRanges[this.#range]
        ) {
            const read = await this.#snapshot.read({ from: this.#from, to: range.to }, missingBytes);
            for (const [key, value] of read) {
                missingBytes -= key.length + value.length;
                if (isSnapshotKey(key)) pairs.push([key, value]);
            }
            const lastPair = read.at(-1);
            if (missingBytes <= 0 && lastPair !== undefined) {
                this.#from = keyAfter(lastPair[0]);
                break;
            }
            this.#range += 1;
            this.#from = snapshotRanges[this.#range]?.from;
        }
        return pairs;
    }
}
