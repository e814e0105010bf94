import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { deepEqual } from '../../meta/deep.ts';
import { isDns1035Label, isDns1123Subdomain } from '../../meta/names.ts';
import type {
    AdmissionregistrationV1ServiceReference,
    AdmissionregistrationV1WebhookClientConfig,
    V1MutatingWebhook,
    V1ValidatingWebhook,
} from '../../meta/object.ts';
import {
    duplicates,
    each,
    inclusiveRange,
    isBlank,
    items,
    optionalOneOf,
    portNumMax,
} from '../validation/basic.ts';
import { validateLabelSelector } from '../validation/labels.ts';
import { failurePolicies, matchPolicies, validateMatchConditions, validateRule } from './rules.ts';

const webhookPortDefault = 443;
const timeoutSecondsDefault = 10;
const timeoutSecondsMax = 30;
const reviewVersions = ['v1', 'v1beta1'];
const harmless = ['None', 'NoneOnDryRun'];
const sideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const urlForm = '; desired format: https://host[/path]';

export type Webhook = V1ValidatingWebhook | V1MutatingWebhook;

export function defaultWebhook(webhook: Webhook): void {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= timeoutSecondsDefault;
    for (const rule of items(webhook.rules)) rule.scope ??= '*';
    const service = (webhook.clientConfig as Webhook['clientConfig'] | undefined)?.service;
    if (service !== undefined) service.port ??= webhookPortDefault;
}

/** What was accepted of an older object stays acceptable, so that its other fields can be changed. */
interface Tolerance {
    sideEffects: boolean;
    reviewVersions: boolean;
    names: boolean;
    matchConditions: boolean;
}

function toleranceOf(
    webhooks: readonly Webhook[] | undefined,
    old: readonly Webhook[] | undefined,
): Tolerance {
    if (old === undefined) {
        return { sideEffects: false, reviewVersions: false, names: false, matchConditions: false };
    }
    const conditions = (list: readonly Webhook[] | undefined): unknown[] =>
        items(list).map(({ matchConditions }) => items(matchConditions));
    return {
        sideEffects: old.some((webhook) => !harmless.includes(webhook.sideEffects)),
        reviewVersions: old.some(
            ({ admissionReviewVersions: versions }) =>
                items(versions).length > 0 && !versions.some((each) => reviewVersions.includes(each)),
        ),
        names: new Set(old.map(({ name }) => name)).size < old.length,
        matchConditions: deepEqual(conditions(webhooks), conditions(old)),
    };
}

export function validateWebhooks(
    webhooks: readonly Webhook[] | undefined,
    old?: readonly Webhook[],
): FieldError[] {
    const tolerance = toleranceOf(webhooks, old);
    const named = tolerance.names
        ? []
        : duplicates(
              webhooks,
              ({ name }) => name,
              (index) => `webhooks[${index}].name`,
          );
    return [
        ...each(webhooks, 'webhooks', (webhook, path) => validateWebhook(webhook, path, tolerance)),
        ...named,
    ];
}

function validateWebhook(webhook: Webhook, path: string, tolerance: Tolerance): FieldError[] {
    const { timeoutSeconds = timeoutSecondsDefault, clientConfig } = webhook;
    const { reinvocationPolicy } = webhook as V1MutatingWebhook;
    const allowedEffects = tolerance.sideEffects ? sideEffects : harmless;
    const effects = webhook.sideEffects as string | undefined;
    return [
        ...validateName(webhook.name, `${path}.name`),
        ...each(webhook.rules, `${path}.rules`, validateRule),
        ...optionalOneOf(webhook.failurePolicy, `${path}.failurePolicy`, failurePolicies),
        ...optionalOneOf(webhook.matchPolicy, `${path}.matchPolicy`, matchPolicies),
        ...(effects === undefined
            ? [
                  fieldErrors.required(
                      `${path}.sideEffects`,
                      `must specify one of ${allowedEffects.join(', ')}`,
                  ),
              ]
            : optionalOneOf(effects, `${path}.sideEffects`, allowedEffects)),
        ...(timeoutSeconds < 1 || timeoutSeconds > timeoutSecondsMax
            ? [
                  fieldErrors.invalid(
                      `${path}.timeoutSeconds`,
                      timeoutSeconds,
                      'the timeout value must be between 1 and 30 seconds',
                  ),
              ]
            : []),
        ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
        ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
        ...optionalOneOf(reinvocationPolicy, `${path}.reinvocationPolicy`, ['IfNeeded', 'Never']),
        ...validateClientConfig(clientConfig, `${path}.clientConfig`),
        ...(tolerance.matchConditions
            ? []
            : validateMatchConditions(webhook.matchConditions, `${path}.matchConditions`)),
        ...validateReviewVersions(
            webhook.admissionReviewVersions,
            `${path}.admissionReviewVersions`,
            tolerance,
        ),
    ];
}

function validateName(name: string | undefined, path: string): FieldError[] {
    if (name === undefined || name === '') return [fieldErrors.required(path)];
    const errors = isDns1123Subdomain(name);
    return [
        ...(errors.length === 0 ? [] : [fieldErrors.invalid(path, name, errors.join(','))]),
        ...(name.split('.').length < 3
            ? [
                  fieldErrors.invalid(
                      path,
                      name,
                      'should be a domain with at least three segments separated by dots',
                  ),
              ]
            : []),
    ];
}

function validateReviewVersions(
    versions: readonly string[] | undefined,
    path: string,
    tolerance: Tolerance,
): FieldError[] {
    const list = items(versions);
    const known = reviewVersions.join(', ');
    if (list.length === 0) return [fieldErrors.required(path, `must specify one of ${known}`)];
    const errors = each(list, path, (version, at, index) =>
        list.indexOf(version) < index
            ? [fieldErrors.invalid(at, version, 'duplicate version')]
            : isDns1035Label(version).map((message) => fieldErrors.invalid(at, version, message)),
    );
    if (!tolerance.reviewVersions && !list.some((version) => reviewVersions.includes(version))) {
        errors.push(fieldErrors.invalid(path, list, `must include at least one of ${known}`));
    }
    return errors;
}

function validateClientConfig(
    config: AdmissionregistrationV1WebhookClientConfig | undefined,
    path: string,
): FieldError[] {
    const { url, service } = config ?? {};
    if (url === undefined && service !== undefined) return validateService(service, `${path}.service`);
    if (url !== undefined && service === undefined) return validateUrl(url, `${path}.url`);
    return [fieldErrors.required(path, 'exactly one of url or service is required')];
}

function validateUrl(text: string, path: string): FieldError[] {
    let url: URL;
    try {
        url = new URL(text);
    } catch {
        const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text);
        return hasScheme
            ? [fieldErrors.invalid(path, '', `host must be specified${urlForm}`)]
            : [
                  fieldErrors.invalid(path, '', `'https' is the only allowed URL scheme${urlForm}`),
                  fieldErrors.invalid(path, '', `host must be specified${urlForm}`),
              ];
    }
    const scheme = url.protocol.slice(0, -1);
    const user = `${url.username}${url.password === '' ? '' : `:${url.password}`}`;
    return [
        ...(scheme === 'https'
            ? []
            : [fieldErrors.invalid(path, scheme, `'https' is the only allowed URL scheme${urlForm}`)]),
        ...(url.host === '' ? [fieldErrors.invalid(path, '', `host must be specified${urlForm}`)] : []),
        ...(user === ''
            ? []
            : [fieldErrors.invalid(path, user, 'user information is not permitted in the URL')]),
        ...(url.hash === ''
            ? []
            : [fieldErrors.invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL')]),
        ...(url.search === ''
            ? []
            : [
                  fieldErrors.invalid(
                      path,
                      url.search.slice(1),
                      'query parameters are not permitted in the URL',
                  ),
              ]),
    ];
}

function validateService(
    { name, namespace, port = webhookPortDefault, path: urlPath }: AdmissionregistrationV1ServiceReference,
    path: string,
): FieldError[] {
    return [
        ...(isBlank(name) ? [fieldErrors.required(`${path}.name`, 'service name is required')] : []),
        ...(isBlank(namespace)
            ? [fieldErrors.required(`${path}.namespace`, 'service namespace is required')]
            : []),
        ...(port >= 1 && port <= portNumMax
            ? []
            : [
                  fieldErrors.invalid(
                      `${path}.port`,
                      port,
                      `port is not valid: ${inclusiveRange(1, portNumMax)}`,
                  ),
              ]),
        ...validateUrlPath(urlPath, `${path}.path`),
    ];
}

function validateUrlPath(text: string | undefined, path: string): FieldError[] {
    if (text === undefined || text === '' || text === '/') return [];
    if (text === '//') return [fieldErrors.invalid(path, text, 'segment[0] may not be empty')];
    const errors = text.startsWith('/') ? [] : [fieldErrors.invalid(path, text, "must start with a '/'")];
    const segments = text.slice(1).replace(/\/$/, '').split('/');
    return [
        ...errors,
        ...segments.flatMap((segment, index) =>
            segment === ''
                ? [fieldErrors.invalid(path, text, `segment[${index}] may not be empty`)]
                : isDns1123Subdomain(segment).map((message) =>
                      fieldErrors.invalid(path, text, `segment[${index}]: ${message}`),
                  ),
        ),
    ];
}
