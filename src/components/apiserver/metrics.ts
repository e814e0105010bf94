import type { ApiRequest } from './request.ts';

interface Labels {
    verb: string;
    group: string;
    version: string;
    resource: string;
    subresource: string;
    scope: string;
}

interface Series {
    labels: Labels;
    codes: Map<number, number>;
    /** Requests per duration bucket, not cumulated; the last is for what is slower than all bounds. */
    buckets: Float64Array;
    sumSeconds: number;
}

/** Upper bounds of apiserver_request_duration_seconds. */
const boundsSeconds = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** Requests for unknown resources share one series, so clients cannot make this grow. */
const seriesMax = 2000;

/**
 * Request figures, kept as plain numbers; the metrics library is loaded only when somebody asks for
 * /metrics, because it costs memory.
 */
export class RequestMetrics {
    #series = new Map<string, Series>();

    observe(request: ApiRequest, code: number, durationMs: number): void {
        const labels = labelsOf(request, code);
        const key = Object.values(labels).join('\0');
        let series = this.#series.get(key);
        if (series === undefined) {
            if (this.#series.size >= seriesMax) return;
            series = {
                labels,
                codes: new Map(),
                buckets: new Float64Array(boundsSeconds.length + 1),
                sumSeconds: 0,
            };
            this.#series.set(key, series);
        }
        series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
        if (labels.verb === 'WATCH') return;
        const seconds = durationMs / 1000;
        const bucket = boundsSeconds.findIndex((bound) => seconds <= bound);
        const index = bucket < 0 ? boundsSeconds.length : bucket;
        series.buckets[index] = (series.buckets[index] ?? 0) + 1;
        series.sumSeconds += seconds;
    }

    /** Text in the Prometheus exposition format, process metrics included. */
    async render(): Promise<{ contentType: string; body: Buffer }> {
        const { Registry, Counter, collectDefaultMetrics } = await import('prom-client');
        const registry = new Registry();
        collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1000 });
        const requests = new Counter({
            name: 'apiserver_request_total',
            help: 'Requests by verb, resource, scope and response code.',
            labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'code'],
            registers: [registry],
        });
        for (const { labels, codes } of this.#series.values()) {
            for (const [code, count] of codes) requests.inc({ ...labels, code }, count);
        }
        const text = `${await registry.metrics()}\n${this.#durations()}`;
        registry.clear();
        return { contentType: registry.contentType, body: Buffer.from(text) };
    }

    /** The library cannot take over finished histograms, so this one is written here. */
    #durations(): string {
        const name = 'apiserver_request_duration_seconds';
        const lines = [
            `# HELP ${name} Response latency in seconds by verb, resource and scope.`,
            `# TYPE ${name} histogram`,
        ];
        for (const { labels, buckets, sumSeconds } of this.#series.values()) {
            if (labels.verb === 'WATCH') continue;
            const text = Object.entries(labels)
                .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
                .join(',');
            let total = 0;
            buckets.forEach((count, index) => {
                total += count;
                lines.push(`${name}_bucket{${text},le="${boundsSeconds[index] ?? '+Inf'}"} ${total}`);
            });
            lines.push(`${name}_sum{${text}} ${sumSeconds}`, `${name}_count{${text}} ${total}`);
        }
        return `${lines.join('\n')}\n`;
    }
}

function labelsOf({ info }: ApiRequest, code: number): Labels {
    const verb = info.verb.toUpperCase();
    const isUnknown = info.kind === 'nonResource' || code === 404;
    if (isUnknown) {
        return { verb, group: '', version: '', resource: '', subresource: '', scope: '' };
    }
    const { group, version, resource, subresource, name, namespace } = info;
    const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
    return { verb, group, version, resource, subresource, scope };
}
