import type { V1SubjectAccessReviewSpec } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { ExpiringMap } from '../../../util/expiring-map.ts';
import type { Logger } from '../../../util/logger.ts';
import type { WebhookClient } from '../authn/webhook-client.ts';
import type { Authorizer, Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { selectorReview } from './selector-attributes.ts';

/** Answers that are remembered. */
const answersMax = 8_192;
/** Questions with more characters than this are asked again every time. */
const cachedQuestionMax = 10_000;

export interface WebhookAuthorizerOptions {
    client: Pick<WebhookClient, 'post'>;
    /** --authorization-webhook-version. */
    version: 'v1' | 'v1beta1';
    /** How long an answer is remembered, milliseconds. */
    authorizedTtlMs: number;
    unauthorizedTtlMs: number;
    clock: Clock;
    log: Logger;
}

/** Asks a server by SubjectAccessReview. One that cannot be reached has no opinion. */
export class WebhookAuthorizer implements Authorizer {
    readonly #options: WebhookAuthorizerOptions;
    readonly #answers: ExpiringMap<string, Decision>;

    constructor(options: WebhookAuthorizerOptions) {
        this.#options = options;
        this.#answers = new ExpiringMap(answersMax, options.clock);
    }

    async authorize(identity: Identity, attributes: RequestAttributes): Promise<Decision> {
        const spec = reviewSpec(identity, attributes);
        const question = JSON.stringify(spec);
        const known = this.#answers.get(question);
        if (known !== undefined) return known;
        try {
            const decision = decisionOf(await this.#options.client.post(this.#review(spec)));
            const { authorizedTtlMs, unauthorizedTtlMs } = this.#options;
            if (question.length < cachedQuestionMax) {
                const isAllowed = decision.outcome === 'allow';
                this.#answers.set(question, decision, isAllowed ? authorizedTtlMs : unauthorizedTtlMs);
            }
            return decision;
        } catch (error) {
            this.#options.log.warn({ err: error }, 'the authorization webhook gave no answer');
            const text = error instanceof Error ? error.message : String(error);
            return { outcome: 'noOpinion', reason: '', error: text };
        }
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
