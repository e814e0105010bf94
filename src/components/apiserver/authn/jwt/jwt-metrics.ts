import type { Metric } from '../../../../store/etcd/server/http/metric.ts';
import { apiserverIdHash, metricHash } from '../../configuration/reload-metrics.ts';
import { Gauges, Histograms } from '../../metrics/series.ts';

const boundsSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const prefix = 'apiserver_authentication_jwt_authenticator';

/** How long it takes to check tokens of issuers, and when their keys were fetched. */
export class JwtMetrics {
    readonly #latencies = new Histograms(
        {
            name: `${prefix}_latency_seconds`,
            help: 'Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).',
            labels: ['result', 'jwt_issuer_hash'],
        },
        boundsSeconds,
    );
    readonly #fetches = new Gauges({
        name: `${prefix}_jwks_fetch_last_timestamp_seconds`,
        help: 'Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.',
        labels: ['result', 'jwt_issuer_hash', 'apiserver_id_hash'],
    });
    /** The keys that were fetched last, as hashes, by issuer. */
    readonly #keys = new Map<string, string>();

    async measured<T>(issuer: string, check: () => Promise<T>): Promise<T> {
        const startMs = performance.now();
        let result = 'failure';
        try {
            const checked = await check();
            result = 'success';
            return checked;
        } finally {
            this.#latencies.observe((performance.now() - startMs) / 1000, result, metricHash(issuer));
        }
    }

    /** @param keys undefined where they could not be fetched */
    fetched(issuer: string, keys: string | undefined, nowMs: number): void {
        const result = keys === undefined ? 'failure' : 'success';
        this.#fetches.set(nowMs / 1000, result, metricHash(issuer), apiserverIdHash);
        if (keys !== undefined) this.#keys.set(issuer, metricHash(keys));
    }

    /** Forgets issuers that are no longer configured. */
    keep(issuers: readonly string[]): void {
        for (const issuer of this.#keys.keys()) if (!issuers.includes(issuer)) this.#keys.delete(issuer);
    }

    metrics(): Metric[] {
        const keySets = new Gauges({
            name: `${prefix}_jwks_fetch_last_key_set_info`,
            help: 'Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.',
            labels: ['jwt_issuer_hash', 'apiserver_id_hash', 'hash'],
        });
        for (const [issuer, hash] of this.#keys) keySets.set(1, metricHash(issuer), apiserverIdHash, hash);
        return [keySets.metric(), this.#fetches.metric(), this.#latencies.metric()];
    }
}
