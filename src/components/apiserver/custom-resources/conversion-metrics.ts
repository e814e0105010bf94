import { Histogram } from '../metrics/histogram.ts';
import type { MetricSource } from '../metrics.ts';
import type { ConversionFailure } from './conversion-webhook.ts';

/** Upper bounds of the histogram, in seconds; upstream's. */
const boundsSeconds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60];

/** Calls of conversion webhooks by how they ended. */
export class ConversionMetrics {
    readonly #durations = new Map<ConversionFailure | '', Histogram>();

    /** @returns what to call with the way in which the call failed, '' for none */
    started(): (failure: ConversionFailure | '') => void {
        const startMs = performance.now();
        return (failure) => {
            let durations = this.#durations.get(failure);
            if (durations === undefined) {
                this.#durations.set(failure, (durations = new Histogram(boundsSeconds)));
            }
            durations.observe((performance.now() - startMs) / 1000);
        };
    }

    readonly source: MetricSource = () => {
        if (this.#durations.size === 0) return [];
        const all = [...this.#durations].map(([failure, durations]) => ({
            labels: { failure_type: failure, result: failure === '' ? 'success' : 'failure' },
            durations,
        }));
        return [
            {
                name: 'apiserver_conversion_webhook_request_total',
                help: 'Counter for conversion webhook requests with success/failure and failure error type',
                type: 'counter',
                samples: all.map(({ labels, durations }) => ({ labels, value: durations.count })),
            },
            {
                name: 'apiserver_conversion_webhook_duration_seconds',
                help: 'Conversion webhook request latency',
                type: 'histogram',
                samples: all.flatMap(({ labels, durations }) => durations.samples(labels)),
            },
        ];
    };
}
