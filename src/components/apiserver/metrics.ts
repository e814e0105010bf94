import {
    type Metric,
    metricsContentType,
    type MetricSample,
    renderMetrics,
} from '../../store/etcd/server/http/metric.ts';
import { Histogram, latencyBoundsSeconds } from './metrics/histogram.ts';
import { Histograms } from './metrics/series.ts';
import type { ApiRequest } from './request.ts';
import type { RequestInfo, ResourceRequestInfo } from './request-info.ts';

/** Further metrics, computed when somebody asks for /metrics. */
export type MetricSource = () => readonly Metric[] | Promise<readonly Metric[]>;

interface Labels {
    verb: string;
    group: string;
    version: string;
    resource: string;
    subresource: string;
    scope: string;
    [label: string]: string;
}

interface Series {
    labels: Labels;
    codes: Map<number, number>;
    durations: Histogram;
    /** Without the wait for seats and for webhooks. */
    ownDurations: Histogram;
    /** What the server has ended to protect itself, by code. */
    terminations: Map<number, number>;
    /** Whose client had gone. */
    aborts: number;
    /** Of answers to reads, in bytes. */
    sizes: Histogram;
    /** Sent to watchers. */
    events: number;
    /** Of requests that last as long as their client likes: how many are open. */
    open: number;
}

/** Requests for unknown resources share one series, so clients cannot make this grow. */
const seriesMax = 2000;
const component = 'apiserver';
const fieldValidations = new Set(['', 'Ignore', 'Warn', 'Strict']);
const validatedVerbs = new Set(['create', 'update', 'patch']);
const validationBoundsSeconds = [0.05, 0.1, 0.5, 1, 5];
const eventBoundsBytes = [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];
const sizeBoundsBytes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** As upstream reports verbs: by method, lists and watches on their own. */
const reportedVerbs: Readonly<Record<string, string>> = {
    get: 'GET',
    list: 'LIST',
    watch: 'WATCH',
    create: 'POST',
    post: 'POST',
    update: 'PUT',
    put: 'PUT',
    patch: 'PATCH',
    delete: 'DELETE',
    deletecollection: 'DELETECOLLECTION',
    head: 'HEAD',
    proxy: 'CONNECT',
};

/** Request figures, kept as plain numbers. */
export class RequestMetrics {
    readonly #series = new Map<string, Series>();
    readonly #sources: MetricSource[] = [];
    readonly #validation = new Histograms(
        {
            name: 'field_validation_request_duration_seconds',
            help: 'Response latency distribution in seconds for each field validation value',
            labels: ['field_validation'],
        },
        validationBoundsSeconds,
    );
    readonly #eventSizes = new Histograms(
        {
            name: 'apiserver_watch_events_sizes',
            help: 'Watch event size distribution in bytes',
            labels: ['group', 'version', 'resource'],
        },
        eventBoundsBytes,
    );
    readonly #isServed: (info: ResourceRequestInfo) => boolean;
    /** Requests that are being worked on, without long-running ones. */
    readonly inFlight = { readOnly: 0, mutating: 0 };

    /** @param isServed false for names that any client may have made up: they are counted together */
    constructor(isServed: (info: ResourceRequestInfo) => boolean) {
        this.#isServed = isServed;
    }

    addSource(source: MetricSource): void {
        this.#sources.push(source);
    }

    observe(request: ApiRequest, code: number, durationMs: number): void {
        const series = this.#seriesOf(request);
        if (series === undefined) return;
        count(series.codes, code);
        if (request.isTerminated === true) count(series.terminations, code);
        this.#observeValidation(request, durationMs / 1000);
        if (series.labels.verb === 'WATCH') return;
        series.durations.observe(durationMs / 1000);
        series.ownDurations.observe(Math.max(0, durationMs - (request.waitedMs ?? 0)) / 1000);
    }

    /** Notes a request that nobody waited for until its end. */
    aborted(request: ApiRequest): void {
        const series = this.#seriesOf(request);
        if (series !== undefined) series.aborts++;
    }

    #observeValidation({ info, query }: ApiRequest, seconds: number): void {
        if (info.kind !== 'resource' || !validatedVerbs.has(info.verb)) return;
        const asked = query.get('fieldValidation') ?? '';
        this.#validation.observe(seconds, fieldValidations.has(asked) ? asked : 'invalid');
    }

    sent(request: ApiRequest, bytes: number): void {
        this.#seriesOf(request)?.sizes.observe(bytes);
    }

    /** @returns what to call with every event of a watch */
    watchEvents(request: ApiRequest): () => void {
        const series = this.#seriesOf(request);
        return () => {
            if (series !== undefined) series.events++;
        };
    }

    /** @returns what to call with the size of everything that is sent to a watcher, in bytes */
    watchEventSizes({ info }: ApiRequest): (bytes: number) => void {
        const { group, version, resource } = labelsOf(info, this.#isServed);
        const sizes = this.#eventSizes.at(group, version, resource);
        return (bytes) => {
            sizes?.observe(bytes);
        };
    }

    /** Notes a long-running request as open. @returns what to call, once, when it has ended */
    opened(request: ApiRequest): () => void {
        const series = this.#seriesOf(request);
        if (series === undefined) return () => undefined;
        series.open++;
        return () => {
            series.open--;
        };
    }

    /** Text in the Prometheus exposition format. */
    async render(): Promise<{ contentType: string; body: Buffer }> {
        const more = await Promise.all(this.#sources.map(async (source) => await source()));
        const metrics = [...this.#own(), ...more.flat()];
        return { contentType: metricsContentType, body: Buffer.from(renderMetrics(metrics)) };
    }

    #own(): Metric[] {
        const all = [...this.#series.values()];
        const sampled = (take: (series: Series) => MetricSample[]): MetricSample[] => all.flatMap(take);
        return [
            {
                name: 'apiserver_request_total',
                help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
                type: 'counter',
                samples: sampled(({ labels, codes }) =>
                    [...codes].map(([code, value]) => ({
                        labels: { ...labels, component, dry_run: '', code: String(code) },
                        value,
                    })),
                ),
            },
            {
                name: 'apiserver_request_terminations_total',
                help: 'Number of requests which apiserver terminated in self-defense.',
                type: 'counter',
                samples: sampled(({ labels, terminations }) =>
                    [...terminations].map(([code, value]) => ({
                        labels: { ...labels, component, code: String(code) },
                        value,
                    })),
                ),
            },
            {
                name: 'apiserver_request_aborts_total',
                help: 'Number of requests which apiserver aborted possibly due to a timeout, for each group, version, verb, resource, subresource and scope',
                type: 'counter',
                samples: sampled(({ labels, aborts }) => (aborts > 0 ? [{ labels, value: aborts }] : [])),
            },
            this.#validation.metric(),
            {
                name: 'apiserver_request_duration_seconds',
                help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
                type: 'histogram',
                samples: sampled(({ labels, durations }) =>
                    labels.verb === 'WATCH' ? [] : durations.samples({ ...labels, component, dry_run: '' }),
                ),
            },
            {
                name: 'apiserver_request_sli_duration_seconds',
                help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
                type: 'histogram',
                samples: sampled(({ labels, ownDurations }) =>
                    labels.verb === 'WATCH' ? [] : ownDurations.samples({ ...labels, component }),
                ),
            },
            {
                name: 'apiserver_response_sizes',
                help: 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
                type: 'histogram',
                samples: sampled(({ labels, sizes }) =>
                    sizes.count > 0 && ['GET', 'LIST'].includes(labels.verb)
                        ? sizes.samples({ ...labels, component })
                        : [],
                ),
            },
            {
                name: 'apiserver_watch_events_total',
                help: 'Number of events sent in watch clients',
                type: 'counter',
                samples: watchEventSamples(all),
            },
            this.#eventSizes.metric(),
            {
                name: 'apiserver_current_inflight_requests',
                help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
                type: 'gauge',
                samples: Object.entries(this.inFlight).map(([kind, value]) => ({
                    labels: { request_kind: kind },
                    value,
                })),
            },
            {
                name: 'apiserver_longrunning_requests',
                help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
                type: 'gauge',
                samples: sampled(({ labels, open }) =>
                    open > 0 ? [{ labels: { ...labels, component }, value: open }] : [],
                ),
            },
        ];
    }

    #seriesOf(request: ApiRequest): Series | undefined {
        const labels = labelsOf(request.info, this.#isServed);
        const { verb, group, version, resource, subresource, scope } = labels;
        const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope}`;
        let series = this.#series.get(key);
        if (series === undefined && this.#series.size < seriesMax) {
            series = {
                labels,
                codes: new Map(),
                terminations: new Map(),
                aborts: 0,
                durations: new Histogram(latencyBoundsSeconds),
                ownDurations: new Histogram(latencyBoundsSeconds),
                sizes: new Histogram(sizeBoundsBytes),
                events: 0,
                open: 0,
            };
            this.#series.set(key, series);
        }
        return series;
    }
}

function count(counts: Map<number, number>, code: number): void {
    counts.set(code, (counts.get(code) ?? 0) + 1);
}

/** Of all scopes of a resource together. */
function watchEventSamples(all: readonly Series[]): MetricSample[] {
    const sums = new Map<string, MetricSample>();
    for (const { labels, events } of all) {
        if (events === 0) continue;
        const { group, version, resource } = labels;
        const key = `${group}/${version}/${resource}`;
        const value = (sums.get(key)?.value ?? 0) + events;
        sums.set(key, { labels: { group, resource, version }, value });
    }
    return [...sums.values()];
}

function labelsOf(info: RequestInfo, isServed: (info: ResourceRequestInfo) => boolean): Labels {
    const verb = reportedVerbs[info.verb] ?? 'OTHER';
    if (info.kind === 'nonResource' || !isServed(info)) {
        return { verb, group: '', version: '', resource: '', subresource: '', scope: '' };
    }
    const { group, version, resource, subresource, name, namespace } = info;
    const scope =
        name !== '' || info.verb === 'create' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
    return { verb, group, version, resource, subresource, scope };
}
