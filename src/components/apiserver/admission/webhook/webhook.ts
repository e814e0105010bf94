import type {
    AdmissionregistrationV1WebhookClientConfig,
    V1MatchCondition,
    V1MutatingWebhook,
    V1MutatingWebhookConfiguration,
    V1ValidatingWebhookConfiguration,
} from '../../../../api/meta/object.ts';
import type { LabelMatcher } from '../../../../api/meta/selectors.ts';
import type { Rule } from '../matching/rules.ts';
import { selectorOf } from '../matching/selectors.ts';

export type WebhookConfiguration = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;

/** One webhook of a configuration, parsed once per change of the configuration. */
export interface Webhook {
    /** Tells webhooks of the same name in different configurations apart. */
    id: string;
    configuration: string;
    name: string;
    clientConfig: AdmissionregistrationV1WebhookClientConfig;
    rules: readonly Rule[];
    matchPolicy: string;
    namespaceSelector: LabelMatcher;
    objectSelector: LabelMatcher;
    matchConditions: readonly V1MatchCondition[];
    ignoresFailures: boolean;
    /** False when it cannot be called for dry runs. */
    supportsDryRun: boolean;
    timeoutSeconds: number;
    reviewVersion: 'v1' | 'v1beta1' | undefined;
    reinvokes: boolean;
}

const timeoutSecondsDefault = 10;

export function webhooksOf({ metadata, webhooks = [] }: WebhookConfiguration): Webhook[] {
    const configuration = metadata?.name ?? '';
    const seen = new Map<string, number>();
    return webhooks.map((webhook) => {
        const { name } = webhook;
        const count = seen.get(name) ?? 0;
        seen.set(name, count + 1);
        return {
            id: `${configuration}/${name}/${count}`,
            configuration,
            name,
            clientConfig: webhook.clientConfig,
            rules: webhook.rules ?? [],
            matchPolicy: webhook.matchPolicy ?? 'Equivalent',
            namespaceSelector: selectorOf(webhook.namespaceSelector),
            objectSelector: selectorOf(webhook.objectSelector),
            matchConditions: webhook.matchConditions ?? [],
            ignoresFailures: webhook.failurePolicy === 'Ignore',
            supportsDryRun: webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun',
            timeoutSeconds: webhook.timeoutSeconds ?? timeoutSecondsDefault,
            reviewVersion: (['v1', 'v1beta1'] as const)
                .filter((version) => webhook.admissionReviewVersions.includes(version))
                .sort(
                    (a, b) =>
                        webhook.admissionReviewVersions.indexOf(a) -
                        webhook.admissionReviewVersions.indexOf(b),
                )[0],
            reinvokes: (webhook as V1MutatingWebhook).reinvocationPolicy === 'IfNeeded',
        };
    });
}
