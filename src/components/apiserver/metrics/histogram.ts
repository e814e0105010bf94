import type { MetricSample } from '../../../store/etcd/server/http/metric.ts';

/** Upper bounds of the latency histograms of requests and of the store, in seconds; upstream's. */
export const latencyBoundsSeconds = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** Durations per bucket. Observing allocates nothing. */
export class Histogram {
    readonly #bounds: readonly number[];
    /** Not cumulated; the last is for what is above all bounds. */
    readonly #counts: Float64Array;
    #sum = 0;

    constructor(bounds: readonly number[]) {
        this.#bounds = bounds;
        this.#counts = new Float64Array(bounds.length + 1);
    }

    observe(value: number): void {
        let bucket = 0;
        while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
        this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
        this.#sum += value;
    }

    /** How many values there were. */
    get count(): number {
        return this.#counts.reduce((sum, count) => sum + count, 0);
    }

    samples(labels: Readonly<Record<string, string>>): MetricSample[] {
        return histogramSamples({ bounds: this.#bounds, counts: this.#counts, sum: this.#sum }, labels);
    }
}

export function histogramSamples(
    { bounds, counts, sum }: { bounds: readonly number[]; counts: Float64Array; sum: number },
    labels: Readonly<Record<string, string>>,
): MetricSample[] {
    const samples: MetricSample[] = [];
    let total = 0;
    counts.forEach((count, index) => {
        total += count;
        const le = String(bounds[index] ?? '+Inf');
        samples.push({ suffix: '_bucket', labels: { ...labels, le }, value: total });
    });
    samples.push({ suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total });
    return samples;
}
