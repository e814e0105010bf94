import { StoreError } from '../store.ts';

/**
 * A snapshot file, numbers big endian:
 *
 *     "hyperkube snapshot 1\n"
 *     length, 4 bytes | header, JSON
 *     for each chunk (see store/snapshot/chunk-codec.ts): length, 4 bytes | chunk, deflated
 *     0, 4 bytes
 *     trailer, JSON | its length, 4 bytes
 *     SHA-256 of everything before it, 32 bytes
 *
 * The trailer is found from the end, so that listing reads no records.
 */
export const snapshotMagic = 'hyperkube snapshot 1\n';
export const lengthBytes = 4;
export const digestBytes = 32;
/** No chunk comes near; what claims to be longer is damaged. */
export const chunkBytesMax = 64 * 1024 * 1024;
export const documentBytesMax = 1024 * 1024;

export interface SnapshotHeader {
    /** RFC 3339. */
    createdAt: string;
    /** Version of hyperkube that made it. */
    version: string;
    /** The log position of the state; 0 for a store that was never clustered. */
    index: number;
}

export interface SnapshotTrailer {
    records: number;
    /** Bytes of all records, not compressed. */
    bytes: number;
    /** Of the newest record. */
    revision: number;
    compactedRevision: number;
}

export type SnapshotInfo = SnapshotHeader & SnapshotTrailer;

/** Called now and then during long work. */
export type ReportProgress = (progress: { records: number; bytes: number }) => void;

export function snapshotDamage(file: string, what: string, options?: ErrorOptions): StoreError {
    return new StoreError(
        'corrupt',
        `the snapshot ${file} is damaged: ${what}. Nothing was changed; use another one ` +
            '(hyperkube snapshot list shows what there is)',
        options,
    );
}
