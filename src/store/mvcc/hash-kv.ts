import { crc32 } from 'node:zlib';
import type { Disk } from '../disk/disk.ts';
import { decodeWhole } from './condensed-versions.ts';
import { recordRange, type StoredRecord } from './record.ts';

const numbers = Buffer.alloc(8 * 5 + 1);

/**
 * A CRC-32 over what all versions up to `revision` say, in their order. What a record says about its neighbours
 * is left out: after a compaction it depends on what a member has deleted already. To be called when nothing
 * below the compacted revision is left to delete, and nothing is being written.
 */
export async function hashRecords(disk: Disk, revision: number): Promise<number> {
    let hash = 0;
    for await (const entries of disk.scan(recordRange(1, revision + 1))) {
        for (const [key, value] of entries)
            hash = addRecord(
                hash,
                decodeWhole(key, value, (base) => disk.getSync(base)),
            );
    }
    return hash;
}

function addRecord(hash: number, record: StoredRecord): number {
    const { key, revision, createRevision, version, lease, value, tombstone } = record;
    [revision, createRevision, version, lease, value.length].forEach((number, i) => {
        numbers.writeDoubleBE(number, i * 8);
    });
    numbers[40] = tombstone ? 1 : 0;
    return crc32(value, crc32(Buffer.from(key, 'latin1'), crc32(numbers, hash)));
}
