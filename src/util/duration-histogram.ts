const boundsCount = 14;
const smallestBoundSeconds = 0.001;

/** Counts durations in buckets whose bounds double, as etcd's do: from 1 ms to 8 s. Observing allocates nothing. */
export class DurationHistogram {
    readonly #bounds = Array.from({ length: boundsCount }, (_, i) => smallestBoundSeconds * 2 ** i);
    readonly #counts = this.#bounds.map(() => 0);
    #sumSeconds = 0;
    #count = 0;

    observe(seconds: number): void {
        this.#sumSeconds += seconds;
        this.#count += 1;
        let bucket = 0;
        while (bucket < boundsCount && seconds > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
        if (bucket < boundsCount) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    }

    get sumSeconds(): number {
        return this.#sumSeconds;
    }

    get count(): number {
        return this.#count;
    }

    /** Pairs of a bound and how many durations were not above it; the last bound is infinite. */
    cumulated(): [number, number][] {
        let cumulated = 0;
        const pairs = this.#bounds.map((bound, i): [number, number] => {
            cumulated += this.#counts[i] ?? 0;
            return [bound, cumulated];
        });
        return [...pairs, [Infinity, this.#count]];
    }
}
