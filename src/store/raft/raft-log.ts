import { assert } from '../../util/assert.ts';
import type { Entry } from './types.ts';

/** What an entry costs besides its data: for the bounds on bytes, so that empty entries are not free. */
const entryOverheadBytes = 32;

export function entryBytes(entry: { data: Buffer }): number {
    return entry.data.length + entryOverheadBytes;
}

/**
 * The kept part of the log, wholly in memory, with the marks of how far each thing has come:
 *
 *     ▒▒▒▒▒▒▒▒│ 11 │ 12 │ 13 │ 14 │ 15 │ 16 │ 17 │
 *          base=10  │         │    │    │         last=17
 *               applied=11    │    │    given=15: handed out to be persisted
 *                    committed=13  persisted=14: durable here
 *
 * `persisted ≤ given ≤ last` concern this disk, `applied ≤ delivered ≤ committed ≤ last` the cluster. The two
 * lines are independent: a follower may know of a commit before its own disk has the entry. What is handed
 * out to be applied is at or below both `committed` and `persisted`.
 *
 * Truncation takes back `given` and `persisted`. Then a write may be under way for entries that are no longer
 * there, and when it ends it proves nothing about their successors: class PendingWrites sees to that.
 */
export class RaftLog {
    #baseIndex: number;
    #baseTerm: number;
    #entries: Entry[];
    #committed: number;
    #persisted: number;
    #given: number;
    #delivered: number;
    #applied: number;

    constructor(options: {
        base: { index: number; term: number };
        entries: readonly Entry[];
        committed: number;
        applied: number;
    }) {
        const { base, entries, applied } = options;
        this.#baseIndex = base.index;
        this.#baseTerm = base.term;
        this.#entries = [...entries];
        entries.forEach((entry, at) => {
            assert(entry.index === base.index + 1 + at, 'the persisted log has no gaps', { at: entry.index });
        });
        this.#persisted = this.#given = this.lastIndex;
        assert(base.index <= applied && applied <= this.lastIndex, 'what is applied is in the log', {
            base: base.index,
            applied,
            last: this.lastIndex,
        });
        this.#delivered = this.#applied = applied;
        this.#committed = Math.max(applied, Math.min(options.committed, this.lastIndex));
    }

    /** Index of the entry before the first kept one. */
    get baseIndex(): number {
        return this.#baseIndex;
    }
    get lastIndex(): number {
        return this.#baseIndex + this.#entries.length;
    }
    get lastTerm(): number {
        return this.#entries.at(-1)?.term ?? this.#baseTerm;
    }
    get committed(): number {
        return this.#committed;
    }
    get persisted(): number {
        return this.#persisted;
    }
    get applied(): number {
        return this.#applied;
    }

    /** Undefined for an index that is compacted or not yet there. */
    termAt(index: number): number | undefined {
        if (index === this.#baseIndex) return this.#baseTerm;
        return this.#entries[index - this.#baseIndex - 1]?.term;
    }

    entryAt(index: number): Entry | undefined {
        return this.#entries[index - this.#baseIndex - 1];
    }

    append(entry: Entry): void {
        assert(entry.index === this.lastIndex + 1, 'an appended entry continues the log', {
            index: entry.index,
            last: this.lastIndex,
        });
        this.#entries.push(entry);
    }

    /** Forgets the entries from `index` on, which another leader's will replace. */
    truncateFrom(index: number): void {
        assert(index > this.#committed, 'what is committed stays', { index, committed: this.#committed });
        this.#entries.length = index - this.#baseIndex - 1;
        this.#given = Math.min(this.#given, index - 1);
        this.#persisted = Math.min(this.#persisted, index - 1);
    }

    /** Entries from `from` on that fit into `bytesMax`; at least one where there is one. */
    slice(from: number, bytesMax: number): readonly Entry[] {
        const start = from - this.#baseIndex - 1;
        let end = start;
        for (let bytes = 0; end < this.#entries.length; end++) {
            const entry = this.#entries[end];
            if (entry === undefined) break;
            bytes += entryBytes(entry);
            if (bytes > bytesMax && end > start) break;
        }
        return this.#entries.slice(start, end);
    }

    /** Of the entries at or below `index`, the last whose term is at most `term`; the base if there is none. */
    lastWithTermAtMost(index: number, term: number): { index: number; term: number } {
        let low = 0;
        let high = Math.max(0, Math.min(index, this.lastIndex) - this.#baseIndex);
        while (low < high) {
            const middle = (low + high + 1) >>> 1;
            if ((this.#entries[middle - 1]?.term ?? 0) <= term) low = middle;
            else high = middle - 1;
        }
        return { index: this.#baseIndex + low, term: this.#entries[low - 1]?.term ?? this.#baseTerm };
    }

    /** 5.4.1: is a log that ends so at least as complete as this one? */
    isUpToDate(lastIndex: number, lastTerm: number): boolean {
        return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
    }

    /** Returns whether that is news. */
    commitTo(index: number): boolean {
        if (index <= this.#committed) return false;
        assert(index <= this.lastIndex, 'only what is in the log can be committed', { index });
        this.#committed = index;
        return true;
    }

    hasUngiven(): boolean {
        return this.#given < this.lastIndex;
    }

    /** Takes the entries that have not been handed out to be persisted. */
    takeUngiven(): readonly Entry[] {
        const entries = this.#entries.slice(this.#given - this.#baseIndex);
        this.#given = this.lastIndex;
        return entries;
    }

    persistedTo(index: number): void {
        assert(index <= this.#given, 'only what was handed out can be persisted', {
            index,
            given: this.#given,
        });
        this.#persisted = Math.max(this.#persisted, index);
    }

    hasDeliverable(): boolean {
        return this.#delivered < Math.min(this.#committed, this.#persisted);
    }

    /** Takes the entries that are committed, durable here and not yet handed out to be applied. */
    takeDeliverable(): readonly Entry[] {
        const end = Math.min(this.#committed, this.#persisted);
        if (end <= this.#delivered) return [];
        const entries = this.#entries.slice(this.#delivered - this.#baseIndex, end - this.#baseIndex);
        this.#delivered = end;
        return entries;
    }

    appliedTo(index: number): void {
        assert(index <= this.#delivered, 'only what was handed out can be applied', {
            index,
            delivered: this.#delivered,
        });
        this.#applied = Math.max(this.#applied, index);
    }

    /** Forgets the entries up to and including `index`. */
    compact(index: number): void {
        if (index <= this.#baseIndex) return;
        assert(index <= this.#applied, 'only what is applied is forgotten', {
            index,
            applied: this.#applied,
        });
        const term = this.termAt(index);
        assert(term !== undefined, 'the log reaches to what is applied', { index });
        this.#entries = this.#entries.slice(index - this.#baseIndex);
        this.#baseIndex = index;
        this.#baseTerm = term;
    }

    /** A snapshot took the place of everything. */
    reset(index: number, term: number): void {
        this.#entries = [];
        this.#baseIndex = index;
        this.#baseTerm = term;
        this.#committed = this.#persisted = this.#given = this.#delivered = this.#applied = index;
    }
}
