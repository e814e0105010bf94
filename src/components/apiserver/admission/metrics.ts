import { Histogram } from '../metrics/histogram.ts';
import { Counters, Histograms } from '../metrics/series.ts';
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
/** Of one expression of a policy. */
const checkBoundsSeconds = [0.000_000_5, 0.001, 0.01, 0.1, 1];
/** Webhooks come and go with their configurations; what is more than this is not counted. */
const seriesMax = 500;

export interface WebhookRejection {
    type: 'admit' | 'validating';
    name: string;
    operation: string;
    /** Why: the webhook said no, it could not be asked, or what it wanted could not be done. */
    errorType: 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error';
    /** Of the answer to the client; 0 where the webhook did not say no. */
    code: number;
}

/** One expression of a policy that was held against a request. */
export interface PolicyCheck {
    policy: string;
    binding: string;
    errorType: 'no_error' | 'invalid_error';
    durationSeconds: number;
}

/** What a policy that validates did about it. */
export type PolicyAction = 'allow' | 'deny' | 'audit' | 'warn';

export interface PodSecurityEvaluation {
    decision: 'allow' | 'deny';
    level: string;
    version: string;
    mode: 'enforce' | 'audit' | 'warn';
    operation: string;
    resource: 'pod' | 'controller';
    subresource: string;
}

/** Codes above are one, so that no webhook can make up as many as it likes. */
const rejectionCodeMax = 600;

/** Figures about admission: calls of webhooks, decisions of policies and of the Pod Security Standards. */
export class AdmissionMetrics {
    readonly #series = new Map<string, Series>();
    readonly #rejections = new Counters({
        name: 'apiserver_admission_webhook_rejection_count',
        help: 'Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
        labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    });
    readonly #failOpens = new Counters({
        name: 'apiserver_admission_webhook_fail_open_count',
        help: 'Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).',
        labels: ['name', 'type'],
    });
    readonly #policyChecks = new Counters({
        name: 'apiserver_validating_admission_policy_check_total',
        help: 'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
        labels: ['policy', 'policy_binding', 'error_type', 'enforcement_action'],
    });
    readonly #policyDurations = new Histograms(
        {
            name: 'apiserver_validating_admission_policy_check_duration_seconds',
            help: 'Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.',
            labels: ['policy', 'policy_binding', 'error_type', 'enforcement_action'],
        },
        checkBoundsSeconds,
    );
    readonly #mutations = new Counters({
        name: 'apiserver_mutating_admission_policy_check_total',
        help: 'Mutation admission policy check total, labeled by policy and further identified by binding.',
        labels: ['policy', 'policy_binding', 'error_type'],
    });
    readonly #mutationDurations = new Histograms(
        {
            name: 'apiserver_mutating_admission_policy_check_duration_seconds',
            help: 'Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.',
            labels: ['policy', 'policy_binding', 'error_type'],
        },
        checkBoundsSeconds,
    );
    readonly #podSecurity = new Counters({
        name: 'pod_security_evaluations_total',
        help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
        labels: [
            ...['decision', 'policy_level', 'policy_version', 'mode'],
            ...['request_operation', 'resource', 'subresource'],
        ],
    });

    webhookRejected({ type, name, operation, errorType, code }: WebhookRejection): void {
        this.#rejections.add(name, type, operation, errorType, String(Math.min(code, rejectionCodeMax)));
    }

    webhookFailedOpen(name: string, type: 'admit' | 'validating'): void {
        this.#failOpens.add(name, type);
    }

    policyChecked({ policy, binding, errorType, durationSeconds }: PolicyCheck, action: PolicyAction): void {
        this.#policyChecks.add(policy, binding, errorType, action);
        this.#policyDurations.observe(durationSeconds, policy, binding, errorType, action);
    }

    mutationChecked({ policy, binding, errorType, durationSeconds }: PolicyCheck): void {
        this.#mutations.add(policy, binding, errorType);
        this.#mutationDurations.observe(durationSeconds, policy, binding, errorType);
    }

    podEvaluated(evaluation: PodSecurityEvaluation): void {
        const { decision, level, version, mode, operation, resource, subresource } = evaluation;
        this.#podSecurity.add(decision, level, version, mode, operation, resource, subresource);
    }

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
        const counted = [
            ...[this.#rejections, this.#failOpens, this.#podSecurity],
            ...[this.#policyChecks, this.#policyDurations, this.#mutations, this.#mutationDurations],
        ]
            .map((each) => each.metric())
            .filter(({ samples }) => samples.length > 0);
        if (this.#series.size === 0) return counted;
        return [
            ...counted,
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
