import type { V1ValidatingWebhookConfiguration } from '../../../../api/meta/object.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { Configured } from '../matching/configured.ts';
import type { MatchedVersion } from '../matching/equivalents.ts';
import { isExempt } from '../matching/rules.ts';
import { WebhookClient } from './client.ts';
import { WebhookCallError } from './errors.ts';
import { type Webhook, webhooksOf } from './webhook.ts';
import { WebhookDispatcher } from './webhook-dispatcher.ts';

const resource = {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'validatingwebhookconfigurations',
};
const failedOpenPrefix = 'failed-open.validating.webhook.admission.k8s.io/';

interface Invocation {
    webhook: Webhook;
    matched: MatchedVersion;
}

/** Asks the validating webhooks that a request matches, all at once. */
export function validatingAdmissionWebhook(context: PluginContext): AdmissionPlugin {
    const configured = new Configured<V1ValidatingWebhookConfiguration, Webhook>(
        context.reader,
        resource,
        webhooksOf,
    );
    const dispatcher = new WebhookDispatcher(
        context,
        new WebhookClient(context.reader, { users: context.configuration.webhookUsers.validating }),
        'validating',
    );
    const ask = async (request: AdmissionRequest, { webhook, matched }: Invocation, index: number) => {
        try {
            await dispatcher.call(webhook, request, matched);
        } catch (error) {
            if (!(error instanceof WebhookCallError)) throw error;
            if (!webhook.ignoresFailures) throw statusErrors.internal(error);
            request.annotate(`${failedOpenPrefix}round_0_index_${index}`, webhook.name);
        }
    };
    return {
        name: 'ValidatingAdmissionWebhook',
        handles: (request) => configured.all.length > 0 && !isExempt(request),
        async validate(request) {
            const invocations: Invocation[] = [];
            for (const webhook of configured.all) {
                const matched = await dispatcher.match(webhook, request);
                if (matched !== undefined) invocations.push({ webhook, matched });
            }
            const outcomes = await Promise.allSettled(
                invocations.map(async (invocation, index) => await ask(request, invocation, index)),
            );
            const failed = outcomes.find(({ status }) => status === 'rejected');
            if (failed?.status === 'rejected') throw failed.reason;
        },
    };
}
