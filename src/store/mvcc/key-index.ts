import { assert } from '../../util/assert.ts';

/**
 * Where the versions of one key are. Values are on disk, addressed by (revision, key).
 *
 * Example: created at 5, overwritten at 7, deleted at 8, created again at 12:
 *     older [5, 7, -8], modRevision 12, createRevision 12, version 1
 */
export interface KeyEntry {
    readonly key: string;
    /** Revisions of the versions before the newest, ascending; negative for a deletion. */
    older: number[] | undefined;
    modRevision: number;
    createRevision: number;
    /** 0 when the newest version is a deletion. */
    version: number;
    lease: number;
}

/** The version of `entry` that a reader at `revision` sees: its revision, or 0 when there is none. */
export function versionAt(entry: KeyEntry, revision: number): number {
    if (entry.modRevision <= revision) return entry.version === 0 ? 0 : entry.modRevision;
    return Math.max(0, olderVersionAt(entry, revision));
}

/** Like `versionAt`, for the version that is followed by the one at `revision`. */
export function versionBefore(entry: KeyEntry, revision: number): number {
    return versionAt(entry, revision - 1);
}

function olderVersionAt(entry: KeyEntry, revision: number): number {
    const { older } = entry;
    if (older === undefined) return 0;
    for (let i = older.length - 1; i >= 0; i--) {
        const version = older[i] ?? 0;
        if (Math.abs(version) <= revision) return version;
    }
    return 0;
}

/** Entries of one chunk; bounds what an insertion moves. */
const chunkEntriesMax = 256;

/**
 * All keys in order, in chunks: binary search for the chunk, then within it. An insertion moves at most one
 * chunk and, when that is full, the list of chunks. About 150 bytes a key, most of it the key itself.
 *
 * Keys are compared as strings, whose order is that of their bytes (see compareKeys).
 *
 * Invariants: chunks are not empty (but a single one may be), and their keys ascend from chunk to chunk.
 */
export class KeyIndex {
    #chunks: KeyEntry[][] = [[]];
    #size = 0;

    get size(): number {
        return this.#size;
    }

    get(key: string): KeyEntry | undefined {
        const chunk = this.#chunks[this.#chunkOf(key)];
        const entry = chunk?.[lowerBound(chunk, key)];
        return entry?.key === key ? entry : undefined;
    }

    insert(entry: KeyEntry): void {
        const found = this.getOrInsert(entry);
        assert(found === entry, 'key is in the index already', { key: entry.key });
    }

    /** The entry of the same key, or `entry` itself, which is in the index then; one search for both. */
    getOrInsert(entry: KeyEntry): KeyEntry {
        const chunkAt = this.#chunkOf(entry.key);
        const chunk = this.#chunks[chunkAt];
        assert(chunk !== undefined, 'no chunk', { chunkAt });
        const at = lowerBound(chunk, entry.key);
        const found = chunk[at];
        if (found?.key === entry.key) return found;
        chunk.splice(at, 0, entry);
        this.#size += 1;
        if (chunk.length <= chunkEntriesMax) return entry;
        // Keys that arrive in order leave full chunks behind, not halves.
        const half = at === chunk.length - 1 ? chunkEntriesMax : chunkEntriesMax / 2;
        this.#chunks.splice(chunkAt + 1, 0, chunk.splice(half));
        return entry;
    }

    remove(key: string): void {
        const chunkAt = this.#chunkOf(key);
        const chunk = this.#chunks[chunkAt];
        const at = chunk === undefined ? 0 : lowerBound(chunk, key);
        assert(chunk?.[at]?.key === key, 'key is not in the index', { key });
        chunk.splice(at, 1);
        this.#size -= 1;
        if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkAt, 1);
    }

    /** Visits the entries of [key, end), or of the single key, in order; `visit` must not change the index. */
    forEach(key: string, end: string | undefined, visit: (entry: KeyEntry) => void): void {
        if (end === undefined) {
            const entry = this.get(key);
            if (entry !== undefined) visit(entry);
            return;
        }
        let chunkAt = this.#chunkOf(key);
        let at = lowerBound(this.#chunks[chunkAt] ?? [], key);
        for (;;) {
            const chunk = this.#chunks[chunkAt];
            if (chunk === undefined) return;
            // Compares with the end only in the chunk that contains it.
            const last = chunk.at(-1);
            const stop = last !== undefined && last.key < end ? chunk.length : lowerBound(chunk, end);
            for (; at < stop; at++) {
                const entry = chunk[at];
                if (entry !== undefined) visit(entry);
            }
            if (stop < chunk.length) return;
            chunkAt += 1;
            at = 0;
        }
    }

    /** The first chunk whose last key is at or after `key`, else the last chunk. */
    #chunkOf(key: string): number {
        let low = 0;
        let high = this.#chunks.length - 1;
        while (low < high) {
            const middle = (low + high) >>> 1;
            const last = this.#chunks[middle]?.at(-1);
            if (last !== undefined && last.key < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}

function lowerBound(chunk: readonly KeyEntry[], key: string): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        const entry = chunk[middle];
        if (entry !== undefined && entry.key < key) low = middle + 1;
        else high = middle;
    }
    return low;
}
