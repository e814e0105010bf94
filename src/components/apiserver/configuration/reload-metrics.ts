import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Counters, Gauges } from '../metrics/series.ts';

/** "sha256:…", as upstream's metrics name what they do not show. */
export function metricHash(text: string): string {
    return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Of the id of this API server, which is made of the machine's name. */
export const apiserverIdHash = metricHash(hostname());

/** How often a configuration file was taken over while the server runs, and which one is in force. */
export class ReloadMetrics {
    readonly #reloads: Counters;
    readonly #lastReload: Gauges;
    readonly #prefix: string;
    readonly #about: string;
    #inForce = '';

    constructor(about: 'authentication' | 'authorization') {
        this.#about = about;
        this.#prefix = `apiserver_${about}_config_controller`;
        const labels = ['status', 'apiserver_id_hash'];
        this.#reloads = new Counters({
            name: `${this.#prefix}_automatic_reloads_total`,
            help: `Total number of automatic reloads of ${about} configuration split by status and apiserver identity.`,
            labels,
        });
        this.#lastReload = new Gauges({
            name: `${this.#prefix}_automatic_reload_last_timestamp_seconds`,
            help: `Timestamp of the last automatic reload of ${about} configuration split by status and apiserver identity.`,
            labels,
        });
    }

    /** @param text the configuration that is in force from now on */
    inForce(text: string): void {
        this.#inForce = metricHash(text);
    }

    reloaded(status: 'success' | 'failure', nowMs: number): void {
        this.#reloads.add(status, apiserverIdHash);
        this.#lastReload.set(nowMs / 1000, status, apiserverIdHash);
    }

    metrics(): Metric[] {
        const info = new Gauges({
            name: `${this.#prefix}_last_config_info`,
            help: `Information about the last applied ${this.#about} configuration with hash as label, split by apiserver identity.`,
            labels: ['apiserver_id_hash', 'hash'],
        });
        info.set(1, apiserverIdHash, this.#inForce);
        return [this.#lastReload.metric(), this.#reloads.metric(), info.metric()];
    }
}
