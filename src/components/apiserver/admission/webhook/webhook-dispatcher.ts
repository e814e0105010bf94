import { StatusError, statusErrors } from '../../../../api/meta/status-error.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { admissionValues } from '../expressions/environment.ts';
import { conditionEnvironment, evaluateConditions } from '../expressions/match-conditions.ts';
import { type MatchedVersion, matchedVersion } from '../matching/equivalents.ts';
import { matchesNamespace, matchesObject } from '../matching/selectors.ts';
import { readAnswer, type Review, type ReviewAnswer, reviewOf } from './admission-review.ts';
import type { WebhookClient } from './client.ts';
import { deniedBy, dryRunUnsupported, WebhookCallError } from './errors.ts';
import type { Webhook } from './webhook.ts';

/** Which webhooks a request goes to, and what they say. */
export class WebhookDispatcher {
    readonly #context: PluginContext;
    readonly #client: WebhookClient;
    readonly #type: 'admit' | 'validating';

    constructor(context: PluginContext, client: WebhookClient, type: 'admit' | 'validating') {
        this.#context = context;
        this.#client = client;
        this.#type = type;
    }

    /** The version in which the webhook wants the request; undefined when it is not asked at all. */
    async match(webhook: Webhook, request: AdmissionRequest): Promise<MatchedVersion | undefined> {
        // The rules are cheap and rarely match: what needs a lookup comes after them.
        const matched = matchedVersion(this.#context, request, webhook);
        if (matched === undefined || !matchesObject(webhook.objectSelector, request)) return undefined;
        if (!(await matchesNamespace(this.#context, webhook.namespaceSelector, request))) return undefined;
        return (await this.#meetsConditions(webhook, request, matched)) ? matched : undefined;
    }

    async #meetsConditions(
        { matchConditions, ignoresFailures }: Webhook,
        request: AdmissionRequest,
        matched: MatchedVersion,
    ): Promise<boolean> {
        if (matchConditions.length === 0) return true;
        const forbidden = (why: string): Error => {
            const { group, plural } = request.definition;
            return statusErrors.forbidden({ group, resource: plural, name: request.name }, why);
        };
        const compiler = await this.#context.expressions?.();
        if (compiler === undefined) throw forbidden('match conditions cannot be evaluated');
        const outcome = evaluateConditions(
            compiler,
            { conditions: matchConditions, environment: conditionEnvironment, ignoresFailures },
            await admissionValues(this.#context, request, { matched }),
        );
        if (outcome.type === 'error') throw forbidden(outcome.message);
        return outcome.type === 'match';
    }

    /**
     * Asks one webhook. Throws a WebhookCallError when it cannot be asked or understood, a StatusError when
     * it says no.
     */
    async call(webhook: Webhook, request: AdmissionRequest, matched: MatchedVersion): Promise<ReviewAnswer> {
        const { clock, metrics } = this.#context;
        const start = clock.monotonicMs();
        let rejected = true;
        try {
            const answer = await this.#ask(webhook, request, matched);
            rejected = false;
            return answer;
        } catch (error) {
            rejected = !(error instanceof WebhookCallError && webhook.ignoresFailures);
            this.#countFailure(webhook, request, error);
            throw error;
        } finally {
            metrics.webhookCalled({
                type: this.#type,
                name: webhook.name,
                operation: request.operation,
                rejected,
                durationSeconds: (clock.monotonicMs() - start) / 1000,
            });
        }
    }

    #countFailure({ name, ignoresFailures }: Webhook, { operation }: AdmissionRequest, error: unknown): void {
        const { metrics } = this.#context;
        const type = this.#type;
        if (error instanceof WebhookCallError) {
            const errorType = 'calling_webhook_error';
            if (ignoresFailures) metrics.webhookFailedOpen(name, type);
            else metrics.webhookRejected({ type, name, operation, errorType, code: 0 });
            return;
        }
        if (!(error instanceof StatusError)) return;
        metrics.webhookRejected({ type, name, operation, errorType: 'no_error', code: error.code });
    }

    async #ask(webhook: Webhook, request: AdmissionRequest, matched: MatchedVersion): Promise<ReviewAnswer> {
        const { name } = webhook;
        if (request.dryRun && !webhook.supportsDryRun) throw dryRunUnsupported(name);
        if (webhook.reviewVersion === undefined) {
            throw new WebhookCallError(
                name,
                'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
            );
        }
        let review: Review;
        try {
            review = await reviewOf(request, webhook, matched);
        } catch (error) {
            const why = `could not create admission objects: ${messageOf(error)}`;
            throw new WebhookCallError(name, why, { cause: error });
        }
        let response: unknown;
        try {
            response = await this.#client.post({
                clientConfig: webhook.clientConfig,
                body: JSON.stringify(review),
                timeoutSeconds: webhook.timeoutSeconds,
                signal: request.signal,
            });
        } catch (error) {
            throw new WebhookCallError(name, `failed to call webhook: ${messageOf(error)}`, { cause: error });
        }
        let answer: ReviewAnswer;
        try {
            answer = readAnswer(response, review, this.#type === 'admit');
        } catch (error) {
            const why = `received invalid webhook response: ${messageOf(error)}`;
            throw new WebhookCallError(name, why, { cause: error });
        }
        for (const [key, value] of Object.entries(answer.auditAnnotations)) {
            request.annotate(`${name}/${key}`, value);
        }
        for (const warning of answer.warnings) request.warn(warning);
        if (!answer.allowed) throw deniedBy(name, answer.result);
        return answer;
    }
}

export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
