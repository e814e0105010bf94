import type { DiskWrite } from '../log/log.ts';

/**
 * An ordered map of byte strings with atomic batches. All errors are StoreErrors: 'noSpace', 'corrupt',
 * 'locked', 'closed'.
 */
export interface Disk {
    /**
     * Applies `writes` atomically; with `sync` it resolves after they have reached stable storage. When it
     * rejects, nothing may be written before `recover` has been called: the outcome of the failed batch is
     * not known until then.
     */
    write(writes: readonly DiskWrite[], options: { sync: boolean }): Promise<void>;

    /** Makes the disk writable again after a failed write. Rejects when it is not possible yet. */
    recover(): Promise<void>;

    /** Values in the order of `keys`, all of one state of the disk: that of the time of the call. */
    getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]>;

    getSync(key: Buffer): Buffer | undefined;

    /** Pairs in key order, in chunks, of the state at the time of the first step. */
    scan(range: { from: Buffer; to: Buffer }): AsyncIterable<[Buffer, Buffer][]>;

    /** The state at the time of the call, to be read while others write; must be closed. */
    snapshot(): Promise<DiskSnapshot>;

    /** Bytes used, an estimate. */
    sizeBytes(): Promise<number>;

    /** Bytes that the pairs of a range take, without those written last; a rough estimate. */
    approximateBytes(range: { from: Buffer; to: Buffer }): Promise<number>;

    /** Rewrites a range, all without one, so that what was deleted in it takes no space; others go on. */
    compact(range?: { from: Buffer; to: Buffer }): Promise<void>;

    /**
     * Closes the database, runs `work`, which may put other files in its place, and opens it again, also when
     * `work` rejects. Reads that have begun are waited for, others wait; nothing may be written meanwhile.
     */
    exchange(work: () => Promise<void>): Promise<void>;

    close(): Promise<void>;
}

/**
 * One state of a disk. It does not keep the disk from being closed or exchanged; reading on rejects with 'closed'
 * after that.
 */
export interface DiskSnapshot {
    /** The first pairs of the range, in key order, until they have `bytesMax`: fewer bytes only at its end. */
    read(range: { from: Buffer; to: Buffer }, bytesMax: number): Promise<[Buffer, Buffer][]>;
    close(): Promise<void>;
}
