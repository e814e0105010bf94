import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Histogram } from './histogram.ts';

/** Combinations of labels that one metric has at most; what is beyond is not counted. */
const seriesMax = 1000;

type Labels = Readonly<Record<string, string>>;

/** One metric's name, its text and the names of its labels, in order. */
export interface Described {
    name: string;
    help: string;
    labels: readonly string[];
}

/** A table by values of labels. */
class Series<T> {
    readonly #names: readonly string[];
    readonly #make: () => T;
    readonly #entries = new Map<string, { labels: Labels; value: T }>();

    constructor(names: readonly string[], make: () => T) {
        this.#names = names;
        this.#make = make;
    }

    of(values: readonly string[]): T | undefined {
        const key = values.join('\0');
        let entry = this.#entries.get(key);
        if (entry === undefined) {
            if (this.#entries.size >= seriesMax) return undefined;
            const labels = Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? '']));
            this.#entries.set(key, (entry = { labels, value: this.#make() }));
        }
        return entry.value;
    }

    entries(): Iterable<{ labels: Labels; value: T }> {
        return this.#entries.values();
    }
}

/** A counter with labels. The values of labels must come from a bounded set. */
export class Counters {
    readonly #described: Described;
    readonly #series: Series<{ count: number }>;

    constructor(described: Described) {
        this.#described = described;
        this.#series = new Series(described.labels, () => ({ count: 0 }));
    }

    add(...values: string[]): void {
        const counted = this.#series.of(values);
        if (counted !== undefined) counted.count++;
    }

    metric(): Metric {
        const { name, help } = this.#described;
        const samples = [...this.#series.entries()].map(({ labels, value }) => ({
            labels,
            value: value.count,
        }));
        return { name, help, type: 'counter', samples };
    }
}

/** A gauge with labels. The values of labels must come from a bounded set. */
export class Gauges {
    readonly #described: Described;
    readonly #series: Series<{ value: number }>;

    constructor(described: Described) {
        this.#described = described;
        this.#series = new Series(described.labels, () => ({ value: 0 }));
    }

    set(value: number, ...values: string[]): void {
        const gauged = this.#series.of(values);
        if (gauged !== undefined) gauged.value = value;
    }

    metric(): Metric {
        const { name, help } = this.#described;
        const samples = [...this.#series.entries()].map(({ labels, value: { value } }) => ({
            labels,
            value,
        }));
        return { name, help, type: 'gauge', samples };
    }
}

/** A histogram with labels. The values of labels must come from a bounded set. */
export class Histograms {
    readonly #described: Described;
    readonly #series: Series<Histogram>;

    constructor(described: Described, bounds: readonly number[]) {
        this.#described = described;
        this.#series = new Series(described.labels, () => new Histogram(bounds));
    }

    observe(value: number, ...values: string[]): void {
        this.at(...values)?.observe(value);
    }

    /** One of them, for whoever observes often; undefined where there are too many already. */
    at(...values: string[]): Histogram | undefined {
        return this.#series.of(values);
    }

    metric(): Metric {
        const { name, help } = this.#described;
        const samples = [...this.#series.entries()].flatMap(({ labels, value }) => value.samples(labels));
        return { name, help, type: 'histogram', samples };
    }
}
