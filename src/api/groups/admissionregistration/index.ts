import type { FieldError } from '../../meta/field-error.ts';
import type {
    V1MutatingAdmissionPolicy,
    V1MutatingAdmissionPolicyBinding,
    V1MutatingWebhookConfiguration,
    V1ValidatingAdmissionPolicy,
    V1ValidatingAdmissionPolicyBinding,
    V1ValidatingWebhookConfiguration,
} from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { generationOf, startsGeneration, withStatus } from '../strategy.ts';
import { items } from '../validation/basic.ts';
import {
    defaultBinding,
    defaultMutatingPolicy,
    defaultPolicy,
    validateBinding,
    validateMutatingPolicy,
    validateValidatingBinding,
    validateValidatingPolicy,
} from './policy.ts';
import { defaultWebhook, validateWebhooks } from './webhook.ts';

const validatingWebhookStrategy: Strategy<V1ValidatingWebhookConfiguration> = {
    ...generationOf<V1ValidatingWebhookConfiguration>('webhooks'),
    allowUnconditionalUpdate: false,
    defaults: ({ webhooks }) => items(webhooks).forEach(defaultWebhook),
    validate: ({ webhooks }) => validateWebhooks(webhooks),
    validateUpdate: ({ webhooks }, old) => validateWebhooks(webhooks, old.webhooks ?? []),
    columns: [
        nameColumn,
        integerColumn<V1ValidatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length),
        ageColumn,
    ],
};

const mutatingWebhookStrategy: Strategy<V1MutatingWebhookConfiguration> = {
    ...generationOf<V1MutatingWebhookConfiguration>('webhooks'),
    allowUnconditionalUpdate: false,
    defaults: ({ webhooks }) =>
        items(webhooks).forEach((webhook) => {
            defaultWebhook(webhook);
            webhook.reinvocationPolicy ??= 'Never';
        }),
    validate: ({ webhooks }) => validateWebhooks(webhooks),
    validateUpdate: ({ webhooks }, old) => validateWebhooks(webhooks, old.webhooks ?? []),
    columns: [
        nameColumn,
        integerColumn<V1MutatingWebhookConfiguration>('Webhooks', ({ webhooks }) => webhooks?.length),
        ageColumn,
    ],
};

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;

function paramKindText({ spec }: Policy): string {
    const kind = spec?.paramKind;
    return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`;
}

const validatingPolicyStrategy: Strategy<V1ValidatingAdmissionPolicy> =
    withStatus<V1ValidatingAdmissionPolicy>({
        hasGeneration: true,
        allowUnconditionalUpdate: false,
        statusKeepsMetadata: true,
        defaults: defaultPolicy,
        validate: validateValidatingPolicy,
        validateUpdate: validateValidatingPolicy,
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
    allowUnconditionalUpdate: false,
    prepareForCreate: startsGeneration,
    defaults: defaultMutatingPolicy,
    validate: validateMutatingPolicy,
    validateUpdate: validateMutatingPolicy,
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

function bindingStrategy<T extends Binding>(check: (binding: T) => FieldError[]): Strategy<T> {
    return {
        hasGeneration: true,
        allowUnconditionalUpdate: false,
        prepareForCreate: startsGeneration,
        defaults: defaultBinding,
        validate: check,
        validateUpdate: check,
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
    mutatingadmissionpolicybindings: bindingStrategy<V1MutatingAdmissionPolicyBinding>(validateBinding),
    mutatingwebhookconfigurations: mutatingWebhookStrategy,
    validatingadmissionpolicies: validatingPolicyStrategy,
    validatingadmissionpolicybindings:
        bindingStrategy<V1ValidatingAdmissionPolicyBinding>(validateValidatingBinding),
    validatingwebhookconfigurations: validatingWebhookStrategy,
};
