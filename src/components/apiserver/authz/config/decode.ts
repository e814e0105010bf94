import { StrictReader } from '../../configuration/strict-reader.ts';
import type {
    AuthorizationConfiguration,
    AuthorizerConfiguration,
    WebhookConfiguration,
} from './configuration.ts';

const document = {
    kind: 'AuthorizationConfiguration',
    apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'],
};
const authorizedTtlDefaultMs = 300_000;
const unauthorizedTtlDefaultMs = 30_000;

/** Reads an AuthorizationConfiguration, YAML or JSON. Rejects with a ConfigurationError. */
export async function decodeAuthorizationConfiguration(text: string): Promise<AuthorizationConfiguration> {
    return await StrictReader.read(text, document, (reader, root) => {
        const { authorizers } = reader.fields(root, '', ['apiVersion', 'kind', 'authorizers']);
        return {
            authorizers: reader.list(authorizers, 'authorizers', (item, path) =>
                decodeAuthorizer(reader, item, path),
            ),
        };
    });
}

function decodeAuthorizer(reader: StrictReader, value: unknown, path: string): AuthorizerConfiguration {
    const { type, name, webhook } = reader.fields(value, path, ['type', 'name', 'webhook']);
    return {
        type: reader.text(type, `${path}.type`),
        name: reader.text(name, `${path}.name`),
        webhook:
            webhook === undefined || webhook === null
                ? undefined
                : decodeWebhook(reader, webhook, `${path}.webhook`),
    };
}

const webhookFields = [
    'timeout',
    'authorizedTTL',
    'cacheAuthorizedRequests',
    'unauthorizedTTL',
    'cacheUnauthorizedRequests',
    'subjectAccessReviewVersion',
    'matchConditionSubjectAccessReviewVersion',
    'failurePolicy',
    'connectionInfo',
    'matchConditions',
] as const;

function decodeWebhook(reader: StrictReader, value: unknown, path: string): WebhookConfiguration {
    const fields = reader.fields(value, path, webhookFields);
    type Name = (typeof webhookFields)[number];
    const text = (name: Name): string => reader.text(fields[name], `${path}.${name}`);
    // Zero is absent, as for Go's types.
    const ttl = (name: Name, fallbackMs: number): number =>
        reader.durationMs(fields[name], `${path}.${name}`) || fallbackMs;
    const flag = (name: Name): boolean => reader.flag(fields[name], `${path}.${name}`) ?? true;
    return {
        timeoutMs: reader.durationMs(fields['timeout'], `${path}.timeout`) ?? 0,
        authorizedTtlMs: ttl('authorizedTTL', authorizedTtlDefaultMs),
        cacheAuthorizedRequests: flag('cacheAuthorizedRequests'),
        unauthorizedTtlMs: ttl('unauthorizedTTL', unauthorizedTtlDefaultMs),
        cacheUnauthorizedRequests: flag('cacheUnauthorizedRequests'),
        subjectAccessReviewVersion: text('subjectAccessReviewVersion'),
        matchConditionSubjectAccessReviewVersion: text('matchConditionSubjectAccessReviewVersion'),
        failurePolicy: text('failurePolicy'),
        connectionInfo: decodeConnection(reader, fields['connectionInfo'], `${path}.connectionInfo`),
        matchConditions: reader.list(fields['matchConditions'], `${path}.matchConditions`, (item, at) =>
            reader.text(reader.fields(item, at, ['expression'])['expression'], `${at}.expression`),
        ),
    };
}

function decodeConnection(
    reader: StrictReader,
    value: unknown,
    path: string,
): WebhookConfiguration['connectionInfo'] {
    const { type, kubeConfigFile } = reader.fields(value, path, ['type', 'kubeConfigFile']);
    return {
        type: reader.text(type, `${path}.type`),
        kubeConfigFile: reader.optionalText(kubeConfigFile, `${path}.kubeConfigFile`),
    };
}
