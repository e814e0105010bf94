/** A version that no reader at or above `readableUntil + 1` can see; deletable once that is compacted. */
export interface Garbage {
    key: string;
    revision: number;
}

/** Consumed entries are cut off the arrays when they are this many. */
const consumedMax = 4_096;

/**
 * Versions that have been superseded, in the order in which compaction may delete them: the version at
 * revision 5 that was overwritten at 7 is deletable when the store is compacted at 7 or later. A deletion
 * at 8 is deletable from 9 on, so that watching from a compaction at 8 still delivers it.
 *
 * Three flat arrays: history is the one structure of the store that grows with writes, not with keys.
 */
export class GarbageQueue {
    #from: number[] = [];
    #revisions: number[] = [];
    #keys: string[] = [];
    #consumed = 0;

    get length(): number {
        return this.#from.length - this.#consumed;
    }

    /** `deletableFrom` must not be smaller than that of the push before. */
    push(deletableFrom: number, revision: number, key: string): void {
        this.#from.push(deletableFrom);
        this.#revisions.push(revision);
        this.#keys.push(key);
    }

    /** Up to `max` versions that are deletable when the store is compacted at `compacted`; stay queued. */
    peek(compacted: number, max: number): Garbage[] {
        const found: Garbage[] = [];
        for (let i = this.#consumed; i < this.#from.length && found.length < max; i++) {
            const from = this.#from[i];
            const revision = this.#revisions[i];
            const key = this.#keys[i];
            if (from === undefined || revision === undefined || key === undefined || from > compacted) break;
            found.push({ key, revision });
        }
        return found;
    }

    drop(count: number): void {
        this.#consumed += count;
        if (this.#consumed < consumedMax && this.length > 0) return;
        this.#from = this.#from.slice(this.#consumed);
        this.#revisions = this.#revisions.slice(this.#consumed);
        this.#keys = this.#keys.slice(this.#consumed);
        this.#consumed = 0;
    }
}
