import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Counters, Gauges, Histograms } from '../metrics/series.ts';

/** Prometheus' own bounds, in seconds: upstream names no others here. */
const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * How often a bearer token was known from before (its signature was checked, or its owner asked for), and how often
 * it had to be looked into. Upstream gives these metrics no help texts.
 */
export class TokenCacheMetrics {
    readonly #requests = new Counters(describe('request_total'));
    readonly #durations = new Histograms(describe('request_duration_seconds'), boundsSeconds);
    readonly #fetches = new Counters(describe('fetch_total'));
    readonly #active = new Gauges(describe('active_fetch_count'));
    #inFlight = 0;

    /** @param look finds out whose token it is, and calls `remembered` where nothing had to be looked into */
    async follow<T>(look: (remembered: () => void) => Promise<T | undefined>): Promise<T | undefined> {
        const startMs = performance.now();
        const lookup = { isHit: false, isOk: false };
        this.#inFlight++;
        try {
            const owner = await look(() => {
                lookup.isHit = true;
            });
            lookup.isOk = owner !== undefined;
            return owner;
        } finally {
            this.#inFlight--;
            // What is remembered of a bad token did not help.
            const status = lookup.isHit && lookup.isOk ? 'hit' : 'miss';
            this.#requests.add(status);
            this.#durations.observe((performance.now() - startMs) / 1000, status);
            if (status === 'miss') this.#fetches.add(lookup.isOk ? 'ok' : 'error');
        }
    }

    metrics(): Metric[] {
        this.#active.set(this.#inFlight, 'in_flight');
        return [
            this.#active.metric(),
            this.#fetches.metric(),
            this.#durations.metric(),
            this.#requests.metric(),
        ];
    }
}

function describe(name: string): { name: string; help: string; labels: readonly string[] } {
    return { name: `authentication_token_cache_${name}`, help: '', labels: ['status'] };
}
