import { deepClone, semanticEqual } from '../../../../api/meta/deep.ts';
import type { ApiObject, V1MutatingWebhookConfiguration } from '../../../../api/meta/object.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import { applyJsonPatch } from '../../../../api/patch/json-patch.ts';
import { parseJson } from '../../../../api/schema/parse.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { Configured } from '../matching/configured.ts';
import { convert, type MatchedVersion } from '../matching/equivalents.ts';
import { isExempt } from '../matching/rules.ts';
import type { ReviewAnswer } from './admission-review.ts';
import { WebhookClient } from './client.ts';
import { WebhookCallError } from './errors.ts';
import { type Webhook, webhooksOf } from './webhook.ts';
import { messageOf, WebhookDispatcher } from './webhook-dispatcher.ts';

const pluginName = 'MutatingAdmissionWebhook';
const resource = {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'mutatingwebhookconfigurations',
};
const mutationPrefix = 'mutation.webhook.admission.k8s.io/';
const patchPrefix = 'patch.webhook.admission.k8s.io/';
const failedOpenPrefix = 'failed-open.mutating.webhook.admission.k8s.io/';

/** What one request remembers of its first round, to know whom to ask again in the second. */
interface Rounds {
    /** Asked since the last change, and willing to be asked again. */
    invoked: Set<string>;
    /** To be asked again. */
    again: Set<string>;
    /** What the webhooks left, to see whether other plugins change it afterwards. */
    output: ApiObject | undefined;
}

/** Asks the mutating webhooks that a request matches, one after the other, each seeing what those before it did. */
export function mutatingAdmissionWebhook(context: PluginContext): AdmissionPlugin {
    const configured = new Configured<V1MutatingWebhookConfiguration, Webhook>(
        context.reader,
        resource,
        webhooksOf,
    );
    const dispatcher = new WebhookDispatcher(
        context,
        new WebhookClient(context.reader, { users: context.configuration.webhookUsers.mutating }),
        'admit',
    );

    /** True when the webhook has changed the object. */
    const ask = async (
        request: AdmissionRequest,
        { webhook, matched, at }: { webhook: Webhook; matched: MatchedVersion; at: string },
    ): Promise<boolean> => {
        let changed = false;
        try {
            const answer = await dispatcher.call(webhook, request, matched);
            changed = await apply(request, webhook, { answer, matched, at });
        } catch (error) {
            if (!(error instanceof WebhookCallError)) throw error;
            if (!webhook.ignoresFailures) throw statusErrors.internal(error);
            request.annotate(failedOpenPrefix + at, webhook.name);
        }
        const { configuration, name } = webhook;
        request.annotate(
            mutationPrefix + at,
            JSON.stringify({ configuration, webhook: name, mutated: changed }),
        );
        return changed;
    };

    return {
        name: pluginName,
        handles: (request) => configured.all.length > 0 && !isExempt(request),
        async mutate(request) {
            const { reinvocation } = request;
            const rounds = roundsOf(request);
            if (reinvocation.isReinvoke && !semanticEqual(rounds.output, request.object)) askAllAgain(rounds);
            const round = reinvocation.isReinvoke ? 1 : 0;
            for (const [index, webhook] of configured.all.entries()) {
                if (reinvocation.isReinvoke && !rounds.again.has(webhook.id)) continue;
                const matched = await dispatcher.match(webhook, request);
                if (matched === undefined) continue;
                const at = `round_${round}_index_${index}`;
                if (await ask(request, { webhook, matched, at })) {
                    askAllAgain(rounds);
                    reinvocation.isWanted = true;
                }
                if (webhook.reinvokes) rounds.invoked.add(webhook.id);
            }
            if (reinvocation.isWanted) rounds.output = deepClone(request.object);
        },
    };
}

function roundsOf({ reinvocation }: AdmissionRequest): Rounds {
    const known = reinvocation.memory.get(pluginName) as Rounds | undefined;
    const rounds = known ?? { invoked: new Set(), again: new Set(), output: undefined };
    reinvocation.memory.set(pluginName, rounds);
    return rounds;
}

function askAllAgain({ invoked, again }: Rounds): void {
    for (const id of invoked) again.add(id);
    invoked.clear();
}

/** Applies the patch of an answer; true when the object is another one then. */
async function apply(
    request: AdmissionRequest,
    { name, configuration }: Webhook,
    { answer, matched, at }: { answer: ReviewAnswer; matched: MatchedVersion; at: string },
): Promise<boolean> {
    if (typeof answer.patch !== 'string') return false;
    const operations = operationsOf(answer.patch);
    if (Array.isArray(operations) && operations.length === 0) return false;
    const { object, definition } = request;
    if (object === undefined || request.operation === 'CONNECT') {
        throw statusErrors.internal(
            new Error(
                `admission webhook "${name}" attempted to modify the object, which is not supported for this operation`,
            ),
        );
    }
    if (answer.patchType !== 'JSONPatch') {
        throw new WebhookCallError(name, `unsupported patch type "${answer.patchType}"`);
    }
    const before = deepClone(object);
    try {
        const patched = applyJsonPatch(await convert(before, definition, matched.definition), operations);
        request.replaceObject(await convert(patched as ApiObject, matched.definition, definition));
    } catch (error) {
        throw statusErrors.internal(new Error(messageOf(error), { cause: error }));
    }
    request.annotate(
        patchPrefix + at,
        JSON.stringify({ configuration, webhook: name, patch: operations, patchType: answer.patchType }),
    );
    return !semanticEqual(before, object);
}

function operationsOf(base64: string): unknown {
    try {
        return parseJson(Buffer.from(base64, 'base64')).value;
    } catch (error) {
        throw statusErrors.internal(error);
    }
}
