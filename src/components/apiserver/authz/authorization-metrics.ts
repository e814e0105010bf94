import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Counters, Histograms } from '../metrics/series.ts';
import type { RoundTripResult } from '../webhook/kubeconfig-webhook.ts';

const prefix = 'apiserver_authorization';
const webhookLabels = ['name', 'result'];
const authorizerLabels = ['type', 'name'];
/** Prometheus' own. */
const durationBoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const conditionBoundsSeconds = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** Who decides, and how authorization webhooks do. */
export class AuthorizationMetrics {
    readonly #decisions = new Counters({
        name: `${prefix}_decisions_total`,
        help: 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
        labels: ['type', 'name', 'decision'],
    });
    readonly #evaluations = new Counters({
        name: `${prefix}_webhook_evaluations_total`,
        help: 'Round-trips to authorization webhooks.',
        labels: webhookLabels,
    });
    readonly #durations = new Histograms(
        {
            name: `${prefix}_webhook_duration_seconds`,
            help: 'Request latency in seconds.',
            labels: webhookLabels,
        },
        durationBoundsSeconds,
    );
    readonly #failOpens = new Counters({
        name: `${prefix}_webhook_evaluations_fail_open_total`,
        help: 'NoOpinion results due to webhook timeout or error.',
        labels: webhookLabels,
    });
    readonly #conditionErrors = new Counters({
        name: `${prefix}_match_condition_evaluation_errors_total`,
        help: 'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.',
        labels: authorizerLabels,
    });
    readonly #exclusions = new Counters({
        name: `${prefix}_match_condition_exclusions_total`,
        help: 'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.',
        labels: authorizerLabels,
    });
    readonly #conditionDurations = new Histograms(
        {
            name: `${prefix}_match_condition_evaluation_seconds`,
            help: 'Authorization match condition evaluation time in seconds, split by authorizer type and name.',
            labels: authorizerLabels,
        },
        conditionBoundsSeconds,
    );

    decided({ type, name }: { type: string; name: string }, decision: 'allowed' | 'denied'): void {
        this.#decisions.add(type, name, decision);
    }

    roundTrip(name: string, result: RoundTripResult, seconds: number): void {
        this.#evaluations.add(name, result);
        this.#durations.observe(seconds, name, result);
    }

    /** The webhook gave no answer, and the request goes on to the next authorizer. */
    failedOpen(name: string, result: RoundTripResult): void {
        this.#failOpens.add(name, result);
    }

    conditionsEvaluated(name: string, result: 'match' | 'exclusion' | 'error', seconds: number): void {
        this.#conditionDurations.observe(seconds, 'Webhook', name);
        if (result === 'exclusion') this.#exclusions.add('Webhook', name);
        if (result === 'error') this.#conditionErrors.add('Webhook', name);
    }

    metrics(): Metric[] {
        return [
            this.#decisions.metric(),
            this.#conditionErrors.metric(),
            this.#conditionDurations.metric(),
            this.#exclusions.metric(),
            this.#durations.metric(),
            this.#failOpens.metric(),
            this.#evaluations.metric(),
        ];
    }
}
