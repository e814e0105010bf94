/** First and last index of a run, both included. */
type Run = readonly [first: number, last: number];

/**
 * A set of completion indexes, kept as sorted runs that do not touch: a job may have a million of them.
 * Text form: "1,3-5,7"; a run of two is written as two numbers.
 */
export class IndexSet {
    static readonly empty = new IndexSet([]);

    readonly #runs: readonly Run[];

    private constructor(runs: readonly Run[]) {
        this.#runs = runs;
    }

    static of(indexes: Iterable<number>): IndexSet {
        return new IndexSet(normalise(Array.from(indexes, (index): Run => [index, index])));
    }

    /** Reads the text form; what is not below `completions`, or no number, is left out. */
    static parse(text: string | undefined, completions: number): IndexSet {
        const runs: Run[] = [];
        for (const part of (text ?? '').split(',')) {
            const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
            if (match?.[1] === undefined) continue;
            const first = Number(match[1]);
            const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
            if (first <= last) runs.push([first, last]);
        }
        return new IndexSet(normalise(runs));
    }

    get size(): number {
        return this.#runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    }

    has(index: number): boolean {
        let [low, high] = [0, this.#runs.length - 1];
        while (low <= high) {
            const middle = (low + high) >> 1;
            const [first, last] = this.#runs[middle] ?? [0, -1];
            if (index < first) high = middle - 1;
            else if (index > last) low = middle + 1;
            else return true;
        }
        return false;
    }

    union(other: IndexSet): IndexSet {
        if (other.#runs.length === 0) return this;
        if (this.#runs.length === 0) return other;
        return new IndexSet(normalise([...this.#runs, ...other.#runs]));
    }

    /** How many indexes are in both. */
    sharedWith(other: IndexSet): number {
        let shared = 0;
        let [i, j] = [0, 0];
        for (;;) {
            const [a, b] = [this.#runs[i], other.#runs[j]];
            if (a === undefined || b === undefined) return shared;
            shared += Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]) + 1);
            if (a[1] < b[1]) i++;
            else j++;
        }
    }

    /** The first `count` indexes below `end` that are not in the set. */
    firstMissing(count: number, end: number): number[] {
        const missing: number[] = [];
        let candidate = 0;
        for (const [first, last] of [...this.#runs, [end, end] as const]) {
            while (candidate < Math.min(first, end) && missing.length < count) missing.push(candidate++);
            candidate = last + 1;
        }
        return missing;
    }

    toString(): string {
        return this.#runs
            .map(([first, last]) =>
                first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`,
            )
            .join(',');
    }
}

function normalise(runs: readonly Run[]): Run[] {
    const merged: Run[] = [];
    for (const run of runs.toSorted(([a], [b]) => a - b)) {
        const previous = merged.at(-1);
        if (previous !== undefined && run[0] <= previous[1] + 1) {
            merged[merged.length - 1] = [previous[0], Math.max(previous[1], run[1])];
        } else merged.push(run);
    }
    return merged;
}
