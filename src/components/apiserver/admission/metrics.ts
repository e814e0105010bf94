import { Histogram } from '../metrics/histogram.ts';
import type { MetricSource } from '../metrics.ts';

/** One call of a webhook. */
export interface AdmissionObservation {
    /** "admit" changes the object, "validating" judges it. */
    type: 'admit' | 'validating';
    name: string;
    operation: string;
    rejected: boolean;
    durationSeconds: number;
}

interface Series {
    labels: Record<string, string>;
    durations: Histogram;
}

/** Upper bounds of the histogram; upstream's. */
const boundsSeconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Webhooks come and go with their configurations; what is more than this is not counted. */
const seriesMax = 500;

/** Figures about webhook calls. */
export class AdmissionMetrics {
    readonly #series = new Map<string, Series>();

    webhookCalled({ type, name, operation, rejected, durationSeconds }: AdmissionObservation): void {
        const labels = { name, operation, rejected: String(rejected), type };
        const key = Object.values(labels).join('\0');
        let series = this.#series.get(key);
        if (series === undefined) {
            if (this.#series.size >= seriesMax) return;
            this.#series.set(key, (series = { labels, durations: new Histogram(boundsSeconds) }));
        }
        series.durations.observe(durationSeconds);
    }

    readonly source: MetricSource = () => {
        if (this.#series.size === 0) return [];
        return [
            {
                name: 'apiserver_admission_webhook_admission_duration_seconds',
                help: 'Latency of admission webhooks in seconds, by name, operation and type.',
                type: 'histogram',
                samples: [...this.#series.values()].flatMap(({ labels, durations }) =>
                    durations.samples(labels),
                ),
            },
        ];
    };
}
