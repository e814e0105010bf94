import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Counters } from './series.ts';

/** Requests that clients inside of this process have made. */
export class RestClientMetrics {
    readonly #requests = new Counters({
        name: 'rest_client_requests_total',
        help: 'Number of HTTP requests, partitioned by status code, method, and host.',
        labels: ['code', 'method'],
    });

    readonly answered = (method: string, code: number): void => {
        this.#requests.add(String(code), method);
    };

    /** @param host of the server that they talk to; there is but one */
    metrics(host: string): Metric[] {
        const metric = this.#requests.metric();
        const samples = metric.samples.map(({ labels, value }) => ({ labels: { ...labels, host }, value }));
        return [{ ...metric, samples }];
    }
}
