import { crc32 } from 'node:zlib';
import type { DiskWrite } from '../log/log.ts';
import type { Disk } from '../disk/disk.ts';
import { StoreError } from '../store.ts';

/**
 * What the store knows about itself, before all records in key order:
 * 'm' | name → crc32, 4 bytes | number, 8 bytes, big endian.
 */
type MetaName = 'format' | 'compacted' | 'clean';

/**
 * Raised with every change that an older hyperkube could not read. 2: leases, alarms and the Raft log lie in the
 * same database; a store of format 1 has none of them, and is one of format 2 otherwise.
 */
export const formatVersion = 2;

export interface Meta {
    /** Undefined for a store that has never been used. */
    format: number | undefined;
    compacted: number;
    /** The revision at the last orderly shutdown; a mark of that only while it is the newest revision. */
    clean: number | undefined;
}

export async function readMeta(disk: Disk): Promise<Meta> {
    const names: MetaName[] = ['format', 'compacted', 'clean'];
    const keys = names.map(metaKey);
    const values = await disk.getMany(keys);
    const [format, compacted, clean] = names.map((name, i) => decodeMeta(name, values[i]));
    return { format, compacted: compacted ?? 0, clean };
}

export function formatWrite(): DiskWrite {
    return metaWrite('format', formatVersion);
}

export function compactedWrite(revision: number): DiskWrite {
    return metaWrite('compacted', revision);
}

export function cleanShutdownWrite(revision: number): DiskWrite {
    return metaWrite('clean', revision);
}

function metaKey(name: MetaName): Buffer {
    return Buffer.from(`m${name}`);
}

function metaWrite(name: MetaName, number: number): DiskWrite {
    const key = metaKey(name);
    const value = Buffer.alloc(12);
    value.writeBigUInt64BE(BigInt(number), 4);
    value.writeUInt32LE(crc32(value.subarray(4), crc32(key)), 0);
    return { type: 'put', key, value };
}

function decodeMeta(name: MetaName, value: Buffer | undefined): number | undefined {
    if (value === undefined) return undefined;
    const intact =
        value.length === 12 && value.readUInt32LE(0) === crc32(value.subarray(4), crc32(metaKey(name)));
    if (!intact) throw new StoreError('corrupt', `the store's "${name}" entry is damaged`);
    return Number(value.readBigUInt64BE(4));
}
