/** One metric in the Prometheus text format. */
export interface Metric {
    name: string;
    help: string;
    type: 'counter' | 'gauge' | 'histogram';
    samples: readonly MetricSample[];
}
export interface MetricSample {
    /** Of a histogram: '_bucket', '_sum' or '_count'. */
    suffix?: string;
    labels?: Readonly<Record<string, string>>;
    value: number;
}

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

export function renderMetrics(metrics: readonly Metric[]): string {
    const lines: string[] = [];
    for (const { name, help, type, samples } of metrics) {
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
        for (const { suffix = '', labels = {}, value } of samples) {
            lines.push(`${name}${suffix}${renderLabels(labels)} ${value}`);
        }
    }
    return `${lines.join('\n')}\n`;
}

export function gauge(name: string, help: string, value: number): Metric {
    return { name, help, type: 'gauge', samples: [{ value }] };
}

export function counter(name: string, help: string, value: number): Metric {
    return { name, help, type: 'counter', samples: [{ value }] };
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
    const entries = Object.entries(labels);
    if (entries.length === 0) return '';
    return `{${entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

/** Counts durations in buckets that double, as etcd's do: from 1 ms to 8 s. */
export class DurationHistogram {
    readonly #bounds: readonly number[];
    readonly #counts: number[];
    #sum = 0;
    #count = 0;

    constructor(bounds: readonly number[] = Array.from({ length: 14 }, (_, i) => 0.001 * 2 ** i)) {
        this.#bounds = bounds;
        this.#counts = bounds.map(() => 0);
    }

    observe(seconds: number): void {
        this.#sum += seconds;
        this.#count += 1;
        const bucket = this.#bounds.findIndex((bound) => seconds <= bound);
        if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    }

    metric(name: string, help: string): Metric {
        let cumulated = 0;
        const samples: MetricSample[] = this.#bounds.map((bound, i) => {
            cumulated += this.#counts[i] ?? 0;
            return { suffix: '_bucket', labels: { le: String(bound) }, value: cumulated };
        });
        samples.push({ suffix: '_bucket', labels: { le: '+Inf' }, value: this.#count });
        samples.push({ suffix: '_sum', value: this.#sum }, { suffix: '_count', value: this.#count });
        return { name, help, type: 'histogram', samples };
    }
}
