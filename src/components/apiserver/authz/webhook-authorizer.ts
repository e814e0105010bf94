import type { V1SubjectAccessReviewSpec } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { ExpiringMap } from '../../../util/expiring-map.ts';
import type { Logger } from '../../../util/logger.ts';
import type { KubeconfigWebhook, RoundTripResult } from '../webhook/kubeconfig-webhook.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { AuthorizationMetrics } from './authorization-metrics.ts';
import type { MatchConditions } from './config/match-conditions.ts';
import { defaultWebhookName } from './authorizer.ts';
import { selectorReview } from './selector-attributes.ts';

/** Answers that are remembered. */
const answersMax = 8_192;
/** Questions with more characters than this are asked again every time. */
const cachedQuestionMax = 10_000;

export interface WebhookAuthorizerOptions {
    client: Pick<KubeconfigWebhook, 'post'>;
    /** --authorization-webhook-version. */
    version: 'v1' | 'v1beta1';
    /** How long an answer is remembered, milliseconds. */
    authorizedTtlMs: number;
    unauthorizedTtlMs: number;
    clock: Clock;
    log: Logger;
    /** What metrics call it. Default: `defaultWebhookName`. */
    name?: string;
    /** What a webhook that gives no answer means. Default 'noOpinion'. */
    onFailure?: 'noOpinion' | 'deny';
    /** It is asked where these hold. */
    conditions?: MatchConditions;
    metrics?: AuthorizationMetrics;
}

/** Asks a server by SubjectAccessReview. */
export class WebhookAuthorizer implements Authorizer {
    readonly #options: WebhookAuthorizerOptions;
    readonly #answers: ExpiringMap<string, Decision>;

    constructor(options: WebhookAuthorizerOptions) {
        this.#options = options;
        this.#answers = new ExpiringMap(answersMax, options.clock);
    }

    async authorize(identity: Identity, attributes: RequestAttributes): Promise<Decision> {
        const spec = reviewSpec(identity, attributes);
        try {
            if (!this.#isMeant(spec)) return { outcome: 'noOpinion', reason: '' };
        } catch (error) {
            return this.#failure(error);
        }
        const question = JSON.stringify(spec);
        return this.#answers.get(question) ?? (await this.#ask(spec, question));
    }

    /** @throws Error for conditions that cannot be evaluated */
    #isMeant(spec: V1SubjectAccessReviewSpec): boolean {
        const { conditions, metrics, name = defaultWebhookName } = this.#options;
        if (conditions === undefined) return true;
        const startMs = performance.now();
        let result: 'match' | 'exclusion' | 'error' = 'error';
        try {
            const isMeant = conditions.hold(spec);
            result = isMeant ? 'match' : 'exclusion';
            return isMeant;
        } finally {
            metrics?.conditionsEvaluated(name, result, (performance.now() - startMs) / 1000);
        }
    }

    async #ask(spec: V1SubjectAccessReviewSpec, question: string): Promise<Decision> {
        const { client, authorizedTtlMs, unauthorizedTtlMs } = this.#options;
        const { metrics, log, name = defaultWebhookName } = this.#options;
        let last: RoundTripResult = 'error';
        try {
            const answer = await client.post(this.#review(spec), {
                onRoundTrip: (result, seconds) => {
                    last = result;
                    metrics?.roundTrip(name, result, seconds);
                },
            });
            const decision = decisionOf(answer);
            if (question.length < cachedQuestionMax) {
                const isAllowed = decision.outcome === 'allow';
                this.#answers.set(question, decision, isAllowed ? authorizedTtlMs : unauthorizedTtlMs);
            }
            return decision;
        } catch (error) {
            log.warn({ err: error, name }, 'the authorization webhook gave no answer');
            if (this.#options.onFailure !== 'deny') metrics?.failedOpen(name, last);
            return this.#failure(error);
        }
    }

    #failure(error: unknown): Decision {
        const text = error instanceof Error ? error.message : String(error);
        return { outcome: this.#options.onFailure ?? 'noOpinion', reason: '', error: text };
    }

    #review(spec: V1SubjectAccessReviewSpec): object {
        const { version } = this.#options;
        const kind = 'SubjectAccessReview';
        if (version === 'v1') return { apiVersion: 'authorization.k8s.io/v1', kind, spec };
        const { groups, ...rest } = spec;
        // Groups had another name before v1.
        return {
            apiVersion: 'authorization.k8s.io/v1beta1',
            kind,
            spec: { ...rest, ...(groups === undefined ? {} : { group: groups }) },
        };
    }
}

function reviewSpec(
    { username, uid, groups, extra }: Identity,
    attributes: RequestAttributes,
): V1SubjectAccessReviewSpec {
    const user: V1SubjectAccessReviewSpec = {
        user: username,
        ...(uid === '' ? {} : { uid }),
        ...(groups.length === 0 ? {} : { groups: [...groups] }),
        ...(Object.keys(extra).length === 0
            ? {}
            : {
                  extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
              }),
    };
    if (attributes.kind === 'nonResource') {
        const { path, verb } = attributes;
        return { ...user, nonResourceAttributes: { path, verb } };
    }
    const { namespace, verb, group, version, resource, subresource, name } = attributes;
    return {
        ...user,
        resourceAttributes: {
            namespace,
            verb,
            group,
            version,
            resource,
            subresource,
            name,
            ...selectorReview(attributes),
        },
    };
}

function decisionOf(answer: unknown): Decision {
    const { status } = (answer ?? {}) as {
        status?: { allowed?: unknown; denied?: unknown; reason?: unknown };
    };
    if (typeof status !== 'object') throw new Error('the answer has no status');
    const reason = typeof status.reason === 'string' ? status.reason : '';
    if (status.denied === true && status.allowed === true) {
        return {
            outcome: 'deny',
            reason: 'webhook subject access review returned both allow and deny response',
        };
    }
    if (status.denied === true) return { outcome: 'deny', reason };
    return { outcome: status.allowed === true ? 'allow' : 'noOpinion', reason };
}
