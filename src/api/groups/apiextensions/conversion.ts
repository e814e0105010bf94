import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CustomResourceConversion, V1WebhookConversion } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { inclusiveRange, isBlank, items, portNumMax } from '../validation/basic.ts';

const path = 'spec.conversion';
const reviewVersions = ['v1', 'v1beta1'];

export function validateConversion(
    conversion: Incomplete<V1CustomResourceConversion> | undefined,
): FieldError[] {
    const { strategy, webhook } = conversion ?? {};
    if (isBlank(strategy)) return [fieldErrors.required(`${path}.strategy`)];
    if (strategy === 'None')
        return webhook === undefined
            ? []
            : [
                  fieldErrors.forbidden(
                      `${path}.webhook`,
                      'should not be set when strategy is not set to Webhook',
                  ),
              ];
    if (strategy !== 'Webhook')
        return [fieldErrors.notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])];
    if (webhook === undefined)
        return [fieldErrors.required(`${path}.webhook`, 'required when strategy is set to "Webhook"')];
    return [...clientConfigErrors(webhook), ...reviewVersionErrors(webhook)];
}

function clientConfigErrors({ clientConfig }: Incomplete<V1WebhookConversion>): FieldError[] {
    const at = `${path}.webhook.clientConfig`;
    if (clientConfig === undefined)
        return [fieldErrors.required(at, 'required when strategy is set to "Webhook"')];
    const { url, service } = clientConfig;
    if ((url === undefined) === (service === undefined))
        return [fieldErrors.required(at, 'exactly one of url or service is required')];
    if (url !== undefined) return urlErrors(url, `${at}.url`);
    const { name, namespace, port = 0, path: servicePath } = service ?? {};
    return [
        ...(isBlank(name) ? [fieldErrors.required(`${at}.service.name`, 'service name is required')] : []),
        ...(isBlank(namespace)
            ? [fieldErrors.required(`${at}.service.namespace`, 'service namespace is required')]
            : []),
        ...(port < 1 || port > portNumMax
            ? [
                  fieldErrors.invalid(
                      `${at}.service.port`,
                      port,
                      `port is not valid: ${inclusiveRange(1, portNumMax)}`,
                  ),
              ]
            : []),
        ...(servicePath !== undefined && !servicePath.startsWith('/')
            ? [fieldErrors.invalid(`${at}.service.path`, servicePath, "must start with a '/'")]
            : []),
    ];
}

function urlErrors(text: string, at: string): FieldError[] {
    const form = 'desired format: https://host[/path]';
    if (!URL.canParse(text)) return [fieldErrors.required(at, `url must be a valid URL: ${form}`)];
    const url = new URL(text);
    const errors: FieldError[] = [];
    if (url.protocol !== 'https:')
        errors.push(
            fieldErrors.invalid(
                at,
                url.protocol.slice(0, -1),
                `'https' is the only allowed URL scheme; ${form}`,
            ),
        );
    if (url.host === '') errors.push(fieldErrors.invalid(at, url.host, `host must be specified; ${form}`));
    if (url.username !== '')
        errors.push(fieldErrors.invalid(at, '', 'user information is not permitted in the URL'));
    if (url.hash !== '')
        errors.push(fieldErrors.invalid(at, url.hash, 'fragments are not permitted in the URL'));
    if (url.search !== '')
        errors.push(fieldErrors.invalid(at, url.search, 'query parameters are not permitted in the URL'));
    return errors;
}

function reviewVersionErrors({ conversionReviewVersions }: Incomplete<V1WebhookConversion>): FieldError[] {
    const at = `${path}.webhook.conversionReviewVersions`;
    const versions = items(conversionReviewVersions);
    if (versions.length === 0) return [fieldErrors.required(at)];
    const errors = versions.flatMap((version, index) =>
        versions.indexOf(version) === index
            ? []
            : [fieldErrors.invalid(`${at}[${index}]`, version, 'duplicate version')],
    );
    return versions.some((version) => reviewVersions.includes(version))
        ? errors
        : [
              ...errors,
              fieldErrors.invalid(at, versions, `must include at least one of ${reviewVersions.join(', ')}`),
          ];
}
