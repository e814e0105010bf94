import { assert } from '../../../util/assert.ts';
import type { Entry } from '../../raft/types.ts';

/** What of the applied log is kept for followers that are behind; beyond it they get a snapshot. */
export const retainedEntriesMax = 10_000;
export const retainedBytesMax = 8 * 1024 * 1024;
/** The same while a snapshot is sent whose receiver needs what comes after it. */
export const retainedForSnapshotFactor = 8;

/** Sizes and terms of the kept log: from `base`, exclusive, to its end. */
export class RetainedLog {
    #base: { index: number; term: number };
    #entries: { term: number; bytes: number }[] = [];
    #bytes = 0;

    readonly #entriesMax: number;

    constructor(
        base: { index: number; term: number },
        entries: readonly Entry[],
        entriesMax = retainedEntriesMax,
    ) {
        this.#entriesMax = entriesMax;
        this.#base = { index: base.index, term: base.term };
        this.append(entries);
    }

    get base(): { index: number; term: number } {
        return this.#base;
    }

    get lastIndex(): number {
        return this.#base.index + this.#entries.length;
    }

    /** Replaces everything from the first one's index on. */
    append(entries: readonly Entry[]): void {
        const [first] = entries;
        if (first === undefined) return;
        const kept = first.index - this.#base.index - 1;
        assert(kept >= 0 && kept <= this.#entries.length, 'entries do not follow the log', {
            index: first.index,
            last: this.lastIndex,
        });
        for (const { bytes } of this.#entries.splice(kept)) this.#bytes -= bytes;
        for (const { term, data } of entries) {
            this.#entries.push({ term, bytes: data.length });
            this.#bytes += data.length;
        }
    }

    /**
     * Up to where to forget: `upTo` at most, half of the bounds are kept. Undefined while within the bounds.
     */
    excess(upTo: number, factor: number): { index: number; term: number } | undefined {
        const over =
            this.#entries.length > this.#entriesMax * factor || this.#bytes > retainedBytesMax * factor;
        if (!over || upTo <= this.#base.index) return undefined;
        let bytes = this.#bytes;
        let count = 0;
        const most = upTo - this.#base.index;
        while (count < most) {
            const left = this.#entries.length - count;
            if (left <= (this.#entriesMax * factor) / 2 && bytes <= (retainedBytesMax * factor) / 2) break;
            bytes -= this.#entries[count]?.bytes ?? 0;
            count += 1;
        }
        const term = this.#entries[count - 1]?.term;
        return term === undefined ? undefined : { index: this.#base.index + count, term };
    }

    compact(position: { index: number; term: number }): void {
        const gone = this.#entries.splice(0, position.index - this.#base.index);
        for (const { bytes } of gone) this.#bytes -= bytes;
        this.#base = position;
    }

    reset(position: { index: number; term: number }): void {
        this.#entries = [];
        this.#bytes = 0;
        this.#base = { index: position.index, term: position.term };
    }
}
