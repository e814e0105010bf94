import { assert } from '../../util/assert.ts';
import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import type { DiskWrite } from '../log/log.ts';
import { bootstrapWrites, raftRecordKey, type MemberIdentity } from '../log/raft-records.ts';
import { decodeApplied, decodeJsonRecord, type AppliedRecord, type MemberList } from '../log/raft-records.ts';
import { formatVersion, readMeta } from '../mvcc/meta.ts';
import type { HardState, SnapshotMeta } from '../raft/types.ts';
import { StoreError } from '../store.ts';
import { chunkChecksum, decodeChunk } from './chunk-codec.ts';
import { isSnapshotKey } from './snapshot-content.ts';
import { stageDirectory, stageMemory, type Staging } from './staging.ts';

export interface SnapshotReceiverOptions {
    /** Of the database that the snapshot will replace; undefined for a memory disk, in tests. */
    directory: string | undefined;
    logger: Logger;
}

/** What makes the received state a member's own. */
export interface ReceivedMember {
    identity: MemberIdentity;
    hardState: HardState;
    snapshot: SnapshotMeta;
}

/**
 * Takes a snapshot's chunks into a database of its own, while the one in use goes on. In order: `store` every
 * chunk, `finish`, `install`; or `discard` at any point before the latter. After an error only `discard`.
 */
export class SnapshotReceiver {
    readonly #staging: Staging;
    #state: 'receiving' | 'received' | 'finished' | 'done' = 'receiving';
    #checksum = 0;
    #nextChunk = 0;

    private constructor(staging: Staging) {
        this.#staging = staging;
    }

    static async open({ directory, logger }: SnapshotReceiverOptions): Promise<SnapshotReceiver> {
        return new SnapshotReceiver(
            directory === undefined ? await stageMemory() : await stageDirectory(directory, logger),
        );
    }

    /** The number of the chunk that comes next. */
    get nextChunk(): number {
        return this.#nextChunk;
    }

    /** Rejects 'corrupt' for a chunk that does not follow the one before, and the disk's errors. */
    async store(data: Buffer): Promise<void> {
        assert(this.#state === 'receiving', 'a chunk after the last one', { state: this.#state });
        const { pairs, last } = decodeChunk(data, this.#checksum);
        const writes = pairs.map(([key, value]): DiskWrite => {
            if (isSnapshotKey(key)) return { type: 'put', key, value };
            throw new StoreError(
                'corrupt',
                `the snapshot has a record that is no state: ${key.toString('hex')}`,
            );
        });
        await this.#staging.disk.write(writes, { sync: false });
        this.#checksum = chunkChecksum(data);
        this.#nextChunk += 1;
        if (last) this.#state = 'received';
    }

    /**
     * Adds the member's own records, with an empty log, and makes everything durable. Rejects 'corrupt' when the
     * chunks were not those of `snapshot`, 'newerFormat' when this version could not open the result.
     */
    async finish({
        identity,
        hardState,
        snapshot,
    }: ReceivedMember): Promise<{ applied: AppliedRecord; memberList: MemberList }> {
        assert(this.#state === 'received', 'not all chunks were stored', { state: this.#state });
        const { disk } = this.#staging;
        const [appliedValue, members] = await disk.getMany([
            raftRecordKey('applied'),
            raftRecordKey('members'),
        ]);
        const applied = decodeApplied(appliedValue);
        const memberList = decodeJsonRecord('members', members);
        if (applied.index !== snapshot.index || applied.term !== snapshot.term) {
            throw new StoreError(
                'corrupt',
                `the snapshot of index ${snapshot.index} holds the state at index ${applied.index}`,
            );
        }
        const { format = 0 } = await readMeta(disk);
        if (format > formatVersion) {
            throw new StoreError(
                'newerFormat',
                `the snapshot is of a store in format ${format}; this version knows up to ${formatVersion}: update this member`,
            );
        }
        await disk.write(bootstrapWrites({ identity, hardState, snapshot, applied, memberList }), {
            sync: true,
        });
        await this.#staging.complete();
        this.#state = 'finished';
        return { applied, memberList };
    }

    /**
     * Puts the new database behind `disk`; the old one's records are gone. Reads that go on meanwhile wait or
     * have ended before; nothing may be written. Rejects when neither could be opened again.
     */
    async install(disk: Disk): Promise<void> {
        assert(this.#state === 'finished', 'install before finish', { state: this.#state });
        this.#state = 'done';
        await this.#staging.install(disk);
    }

    async discard(): Promise<void> {
        if (this.#state === 'done') return;
        this.#state = 'done';
        await this.#staging.discard();
    }
}
