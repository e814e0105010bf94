import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    AdmissionregistrationV1WebhookClientConfig,
    V1MutatingAdmissionPolicy,
    V1MutatingAdmissionPolicyBinding,
    V1MutatingWebhook,
    V1MutatingWebhookConfiguration,
    V1ValidatingAdmissionPolicy,
    V1ValidatingAdmissionPolicyBinding,
    V1ValidatingWebhook,
    V1ValidatingWebhookConfiguration,
} from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { generationOf, startsGeneration, withStatus } from '../strategy.ts';
import { dnsSubdomain, duplicates, each, isBlank, items, oneOf, required } from '../validation/basic.ts';

const webhookPortDefault = 443;
const timeoutSecondsDefault = 10;
const timeoutSecondsMax = 30;

type Webhook = V1ValidatingWebhook | V1MutatingWebhook;

function defaultWebhook(webhook: Webhook): void {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= timeoutSecondsDefault;
    for (const rule of items(webhook.rules)) rule.scope ??= '*';
    const service = (webhook.clientConfig as Webhook['clientConfig'] | undefined)?.service;
    if (service !== undefined) service.port ??= webhookPortDefault;
}

function validateWebhooks(webhooks: readonly Webhook[] | undefined): FieldError[] {
    return [
        ...duplicates(
            webhooks,
            ({ name }) => name,
            (index) => `webhooks[${index}].name`,
        ),
        ...each(webhooks, 'webhooks', validateWebhook),
    ];
}

function validateWebhook(webhook: Webhook, path: string): FieldError[] {
    const { name, timeoutSeconds = timeoutSecondsDefault, admissionReviewVersions } = webhook;
    const errors = isBlank(name)
        ? [fieldErrors.required(`${path}.name`)]
        : dnsSubdomain(name, `${path}.name`);
    if (!isBlank(name) && name.split('.').length < 3) {
        const detail = 'should be a domain with at least three segments separated by dots';
        errors.push(fieldErrors.invalid(`${path}.name`, name, detail));
    }
    if (timeoutSeconds < 1 || timeoutSeconds > timeoutSecondsMax) {
        const detail = 'the timeout value must be between 1 and 30 seconds';
        errors.push(fieldErrors.invalid(`${path}.timeoutSeconds`, timeoutSeconds, detail));
    }
    if (items(admissionReviewVersions).length === 0) {
        const detail = 'must specify one of v1, v1beta1';
        errors.push(fieldErrors.required(`${path}.admissionReviewVersions`, detail));
    }
    return [
        ...errors,
        ...oneOf(webhook.sideEffects, `${path}.sideEffects`, ['None', 'NoneOnDryRun']),
        ...oneOf(webhook.failurePolicy, `${path}.failurePolicy`, ['Fail', 'Ignore']),
        ...oneOf(webhook.matchPolicy, `${path}.matchPolicy`, ['Equivalent', 'Exact']),
        ...validateClientConfig(webhook.clientConfig, `${path}.clientConfig`),
        ...each(webhook.rules, `${path}.rules`, (rule, rulePath) =>
            (['operations', 'apiGroups', 'apiVersions', 'resources'] as const).flatMap((field) =>
                items(rule[field]).length === 0 ? [fieldErrors.required(`${rulePath}.${field}`)] : [],
            ),
        ),
    ];
}

function validateClientConfig(
    config: AdmissionregistrationV1WebhookClientConfig | undefined,
    path: string,
): FieldError[] {
    const { url, service } = config ?? {};
    if ((url === undefined) === (service === undefined)) {
        return [fieldErrors.required(path, 'exactly one of url or service is required')];
    }
    if (service !== undefined) {
        return [
            ...required(service.name, `${path}.service.name`),
            ...required(service.namespace, `${path}.service.namespace`),
        ];
    }
    return url?.startsWith('https://') === true
        ? []
        : [fieldErrors.invalid(`${path}.url`, url, "'https' is the only allowed URL scheme")];
}

const validatingWebhookStrategy: Strategy<V1ValidatingWebhookConfiguration> = {
    ...generationOf<V1ValidatingWebhookConfiguration>('webhooks'),
    defaults: ({ webhooks }) => items(webhooks).forEach(defaultWebhook),
    validate: ({ webhooks }) => validateWebhooks(webhooks),
    validateUpdate: ({ webhooks }) => validateWebhooks(webhooks),
    columns: [
        nameColumn,
        integerColumn<V1ValidatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length),
        ageColumn,
    ],
};

const mutatingWebhookStrategy: Strategy<V1MutatingWebhookConfiguration> = {
    ...generationOf<V1MutatingWebhookConfiguration>('webhooks'),
    defaults: ({ webhooks }) =>
        items(webhooks).forEach((webhook) => {
            defaultWebhook(webhook);
            webhook.reinvocationPolicy ??= 'Never';
        }),
    validate: ({ webhooks }) => validateWebhooks(webhooks),
    validateUpdate: ({ webhooks }) => validateWebhooks(webhooks),
    columns: [
        nameColumn,
        integerColumn<V1MutatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length),
        ageColumn,
    ],
};

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;

function defaultPolicy({ spec }: Policy): void {
    if (spec === undefined) return;
    spec.failurePolicy ??= 'Fail';
    const match = spec.matchConstraints;
    if (match === undefined) return;
    match.matchPolicy ??= 'Equivalent';
    match.namespaceSelector ??= {};
    match.objectSelector ??= {};
    for (const rule of items(match.resourceRules)) rule.scope ??= '*';
}

function paramKindText({ spec }: Policy): string {
    const kind = spec?.paramKind;
    return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`;
}

const validatingPolicyStrategy: Strategy<V1ValidatingAdmissionPolicy> =
    withStatus<V1ValidatingAdmissionPolicy>({
        hasGeneration: true,
        defaults: defaultPolicy,
        columns: [
            nameColumn,
            integerColumn<V1ValidatingAdmissionPolicy>(
                'Validations',
                ({ spec }) => spec?.validations?.length,
            ),
            column('ParamKind', paramKindText),
            ageColumn,
        ],
    });

const mutatingPolicyStrategy: Strategy<V1MutatingAdmissionPolicy> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults: defaultPolicy,
    columns: [
        nameColumn,
        integerColumn<V1MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec?.mutations?.length),
        column('ParamKind', paramKindText),
        ageColumn,
    ],
};

type Binding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;

function paramRefText({ spec }: Binding): string {
    const ref = spec?.paramRef;
    if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
    return ref?.selector === undefined ? '<unset>' : JSON.stringify(ref.selector);
}

function bindingStrategy<T extends Binding>(): Strategy<T> {
    return {
        hasGeneration: true,
        prepareForCreate: startsGeneration,
        validate: ({ spec }) => required(spec?.policyName, 'spec.policyName'),
        validateUpdate: ({ spec }) => required(spec?.policyName, 'spec.policyName'),
        columns: [
            nameColumn,
            column('PolicyName', ({ spec }) => spec?.policyName ?? ''),
            column('ParamRef', paramRefText),
            ageColumn,
        ],
    };
}

export const admissionRegistrationStrategies: Readonly<Record<string, Strategy>> = {
    mutatingadmissionpolicies: mutatingPolicyStrategy,
    mutatingadmissionpolicybindings: bindingStrategy<V1MutatingAdmissionPolicyBinding>(),
    mutatingwebhookconfigurations: mutatingWebhookStrategy,
    validatingadmissionpolicies: validatingPolicyStrategy,
    validatingadmissionpolicybindings: bindingStrategy<V1ValidatingAdmissionPolicyBinding>(),
    validatingwebhookconfigurations: validatingWebhookStrategy,
};
