import type { CelCompiler } from '../../../../api/cel/cel.ts';
import { loadKubeconfig } from '../../../../client/kubeconfig.ts';
import { systemClock } from '../../../../util/clock.ts';
import type { Logger } from '../../../../util/logger.ts';
import { KubeconfigWebhook } from '../../webhook/kubeconfig-webhook.ts';
import type { AuthorizationMetrics } from '../authorization-metrics.ts';
import { authorizationModes, type AuthorizerOptions, type NamedWebhook } from '../authorizer.ts';
import { WebhookAuthorizer } from '../webhook-authorizer.ts';
import type { AuthorizationConfiguration, WebhookConfiguration } from './configuration.ts';
import { MatchConditions } from './match-conditions.ts';

export interface WebhookParts {
    loadCompiler: () => Promise<CelCompiler>;
    metrics: AuthorizationMetrics;
    log: Logger;
}

/** The authorizers of a configuration that is valid. Rejects where a kubeconfig cannot be used. */
export async function modesOfConfiguration(
    { authorizers }: AuthorizationConfiguration,
    parts: WebhookParts,
): Promise<AuthorizerOptions['modes']> {
    return await Promise.all(
        authorizers.map(async ({ type, name, webhook }) => {
            if (webhook !== undefined) return await namedWebhook(name, webhook, parts);
            const mode = authorizationModes.find((known) => known === type);
            if (mode === undefined) throw new Error(`unknown authorization mode ${type} specified`);
            return mode;
        }),
    );
}

async function namedWebhook(
    name: string,
    webhook: WebhookConfiguration,
    { loadCompiler, metrics, log }: WebhookParts,
): Promise<NamedWebhook> {
    const { matchConditions, connectionInfo, failurePolicy } = webhook;
    const config = await loadKubeconfig(connectionInfo.kubeConfigFile ?? '');
    return {
        name,
        webhook: new WebhookAuthorizer({
            client: new KubeconfigWebhook(config, { attemptTimeoutMs: webhook.timeoutMs }),
            version: webhook.subjectAccessReviewVersion === 'v1' ? 'v1' : 'v1beta1',
            authorizedTtlMs: webhook.cacheAuthorizedRequests ? webhook.authorizedTtlMs : 0,
            unauthorizedTtlMs: webhook.cacheUnauthorizedRequests ? webhook.unauthorizedTtlMs : 0,
            clock: systemClock,
            log,
            name,
            onFailure: failurePolicy === 'Deny' ? 'deny' : 'noOpinion',
            ...(matchConditions.length === 0
                ? {}
                : { conditions: new MatchConditions(matchConditions, await loadCompiler()) }),
            metrics,
        }),
    };
}
