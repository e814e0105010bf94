import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import type { TransformReport } from '../encryption/transformer.ts';
import { Counters, Histograms } from './series.ts';

const labels = ['resource', 'transformation_type', 'transformer_prefix'];
/** From 5 µs on, each twice the one before: encryption in this process takes some 20 µs. */
const boundsSeconds = Array.from({ length: 25 }, (_, index) => 5e-6 * 2 ** index);

/** How often values were turned into what is stored and back, and how long that took. */
export class TransformationMetrics {
    readonly #operations = new Counters({
        name: 'apiserver_storage_transformation_operations_total',
        help: "Total number of transformations. Successful transformation will have a status 'OK' and a varied status string when the transformation fails. The status, resource, and transformation_type fields can be used for alerting purposes. For example, you can monitor for encryption/decryption failures using the transformation_type (e.g., from_storage for decryption and to_storage for encryption). Additionally, these fields can be used to ensure that the correct transformers are applied to each resource.",
        labels: [...labels, 'status'],
    });
    readonly #durations = new Histograms(
        {
            name: 'apiserver_storage_transformation_duration_seconds',
            help: 'Latencies in seconds of value transformation operations.',
            labels,
        },
        boundsSeconds,
    );

    /** Counts what is done for one resource: "secrets", "deployments.apps". */
    reportOf(resource: string): TransformReport {
        return ({ type, prefix, seconds, isFailed }) => {
            this.#operations.add(resource, type, prefix, isFailed ? 'unknown-non-grpc' : 'OK');
            if (!isFailed) this.#durations.observe(seconds, resource, type, prefix);
        };
    }

    metrics(): Metric[] {
        return [this.#operations.metric(), this.#durations.metric()];
    }
}
