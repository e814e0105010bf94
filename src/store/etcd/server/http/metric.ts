import type { DurationHistogram } from '../../../../util/duration-histogram.ts';

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

/** A member's identifier as etcd and etcdctl show it: without the zeros that fill it up to 16 digits. */
export function shownMemberId(id: string): string {
    return id.replace(/^0+(?=.)/, '');
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
    const entries = Object.entries(labels);
    if (entries.length === 0) return '';
    return `{${entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

/** `labels` are those of every sample besides the bucket's bound. */
export function histogramSamples(
    histogram: DurationHistogram,
    labels: Readonly<Record<string, string>> = {},
): MetricSample[] {
    const buckets = histogram.cumulated().map(([bound, value]): MetricSample => ({
        suffix: '_bucket',
        labels: { ...labels, le: bound === Infinity ? '+Inf' : String(bound) },
        value,
    }));
    return [
        ...buckets,
        { suffix: '_sum', labels, value: histogram.sumSeconds },
        { suffix: '_count', labels, value: histogram.count },
    ];
}
