import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { CelCompiler } from '../../../../api/cel/cel.ts';
import {
    type FieldError,
    fieldErrors,
    formatFieldError,
    joinProblems,
} from '../../../../api/meta/field-error.ts';
import { isDns1123Subdomain } from '../../../../api/meta/name-formats.ts';
import { durationText } from '../../../../util/duration-text.ts';
import { ConfigurationError } from '../../configuration/strict-reader.ts';
import { authorizationModes } from '../authorizer.ts';
import type {
    AuthorizationConfiguration,
    AuthorizerConfiguration,
    WebhookConfiguration,
} from './configuration.ts';
import { decodeAuthorizationConfiguration } from './decode.ts';
import { matchConditionErrors } from './match-conditions.ts';

const timeoutMaxMs = 30_000;

export interface LoadOptions {
    loadCompiler: () => Promise<CelCompiler>;
    /** Types that must be there, as they were when the server started. */
    requiredTypes?: readonly string[];
}

/** Reads and checks a configuration. Rejects with a ConfigurationError that has all that is wrong with it. */
export async function loadAuthorizationConfiguration(
    text: string,
    { loadCompiler, requiredTypes = [] }: LoadOptions,
): Promise<AuthorizationConfiguration> {
    const configuration = await decodeAuthorizationConfiguration(text).catch((error: unknown) => {
        if (!(error instanceof ConfigurationError)) throw error;
        const why = `failed to load AuthorizationConfiguration from file: ${error.message}`;
        throw new ConfigurationError(why, { cause: error });
    });
    const errors = await validateAuthorizationConfiguration(configuration, loadCompiler);
    const problems =
        errors.length > 0 ? errors.map(formatFieldError) : nameProblems(configuration, requiredTypes);
    if (problems.length > 0) throw new ConfigurationError(joinProblems(problems));
    return configuration;
}

/** All but webhooks have one name, that of their type. */
function nameProblems({ authorizers }: AuthorizationConfiguration, required: readonly string[]): string[] {
    const others = authorizers.filter(({ type }) => type !== 'Webhook');
    const missing = required.filter((type) => !others.some((each) => each.type === type));
    return [
        ...others.flatMap(({ type, name }) =>
            name === type.toLowerCase()
                ? []
                : [`expected name ${type.toLowerCase()} for authorizer ${type} instead of ${name}`],
        ),
        ...(missing.length === 0 ? [] : [`missing required types: [${missing.sort().join(' ')}]`]),
    ];
}

/** What is wrong with a configuration, in upstream's words. */
export async function validateAuthorizationConfiguration(
    { authorizers }: AuthorizationConfiguration,
    loadCompiler: () => Promise<CelCompiler>,
): Promise<FieldError[]> {
    const hasConditions = authorizers.some(({ webhook }) => (webhook?.matchConditions.length ?? 0) > 0);
    const compiler = hasConditions ? await loadCompiler() : undefined;
    const errors: FieldError[] = [];
    if (authorizers.length === 0) {
        errors.push(fieldErrors.required('authorizers', 'at least one authorization mode must be defined'));
    }
    const seen = { types: new Set<string>(), names: new Set<string>() };
    for (const [index, authorizer] of authorizers.entries()) {
        const path = `authorizers[${index}]`;
        const typeError = typeErrorOf(authorizer, path, seen.types);
        if (typeError !== undefined) {
            errors.push(typeError);
            continue;
        }
        errors.push(...nameErrors(authorizer, path, seen.names));
        errors.push(...(await webhookErrors(authorizer, path, compiler)));
    }
    return errors;
}

function typeErrorOf(
    { type }: AuthorizerConfiguration,
    path: string,
    seen: Set<string>,
): FieldError | undefined {
    const field = `${path}.type`;
    if (type === '') return fieldErrors.required(field);
    if (!authorizationModes.some((mode) => mode === type)) {
        return fieldErrors.notSupported(field, type, [...authorizationModes].sort());
    }
    if (seen.has(type) && type !== 'Webhook') return fieldErrors.duplicate(field, type);
    seen.add(type);
    return undefined;
}

function nameErrors({ name }: AuthorizerConfiguration, path: string, seen: Set<string>): FieldError[] {
    const field = `${path}.name`;
    const isTwice = seen.has(name);
    seen.add(name);
    if (name === '') return [fieldErrors.required(field)];
    if (isTwice) return [fieldErrors.duplicate(field, name)];
    const faults = isDns1123Subdomain(name);
    if (faults.length === 0) return [];
    return [fieldErrors.invalid(field, name, `authorizer name is invalid: ${faults.join(', ')}`)];
}

async function webhookErrors(
    { type, webhook }: AuthorizerConfiguration,
    path: string,
    compiler: CelCompiler | undefined,
): Promise<FieldError[]> {
    const field = `${path}.webhook`;
    if (type !== 'Webhook') {
        if (webhook === undefined) return [];
        return [fieldErrors.invalid(field, 'non-null', 'may only be specified when type=Webhook')];
    }
    if (webhook === undefined) return [fieldErrors.required(field, 'required when type=Webhook')];
    return [
        ...durationErrors(webhook, path),
        ...versionErrors(webhook, path),
        ...failurePolicyErrors(webhook, path),
        ...(await connectionErrors(webhook, `${path}.connectionInfo`)),
        ...matchConditionErrors(webhook.matchConditions, path, compiler),
    ];
}

function durationErrors(
    { timeoutMs, authorizedTtlMs, unauthorizedTtlMs }: WebhookConfiguration,
    path: string,
): FieldError[] {
    const shown = (ms: number): string => (ms < 0 ? `-${durationText(-ms)}` : durationText(ms));
    const ttlErrors = (name: string, ms: number): FieldError[] =>
        ms < 0 ? [fieldErrors.invalid(`${path}.${name}`, shown(ms), 'must be > 0s')] : [];
    const isTimeoutWrong = timeoutMs > timeoutMaxMs || timeoutMs < 0;
    return [
        ...(timeoutMs === 0 ? [fieldErrors.required(`${path}.timeout`)] : []),
        ...(isTimeoutWrong
            ? [fieldErrors.invalid(`${path}.timeout`, shown(timeoutMs), 'must be > 0s and <= 30s')]
            : []),
        ...ttlErrors('authorizedTTL', authorizedTtlMs),
        ...ttlErrors('unauthorizedTTL', unauthorizedTtlMs),
    ];
}

function versionErrors(webhook: WebhookConfiguration, path: string): FieldError[] {
    const { subjectAccessReviewVersion: version, matchConditions } = webhook;
    const { matchConditionSubjectAccessReviewVersion: conditionVersion } = webhook;
    const errors: FieldError[] = [];
    const field = `${path}.subjectAccessReviewVersion`;
    if (version === '') errors.push(fieldErrors.required(field));
    else if (version !== 'v1' && version !== 'v1beta1') {
        errors.push(fieldErrors.notSupported(field, version, ['v1', 'v1beta1']));
    }
    const conditionField = `${path}.matchConditionSubjectAccessReviewVersion`;
    if (conditionVersion === '' && matchConditions.length > 0) {
        errors.push(fieldErrors.required(conditionField, 'required if match conditions are specified'));
    } else if (conditionVersion !== '' && conditionVersion !== 'v1') {
        errors.push(fieldErrors.notSupported(conditionField, conditionVersion, ['v1']));
    }
    return errors;
}

function failurePolicyErrors({ failurePolicy }: WebhookConfiguration, path: string): FieldError[] {
    const field = `${path}.failurePolicy`;
    if (failurePolicy === '') return [fieldErrors.required(field)];
    const known = ['NoOpinion', 'Deny'];
    return known.includes(failurePolicy) ? [] : [fieldErrors.notSupported(field, failurePolicy, known)];
}

async function connectionErrors(
    { connectionInfo }: WebhookConfiguration,
    path: string,
): Promise<FieldError[]> {
    const { type, kubeConfigFile } = connectionInfo;
    const field = `${path}.kubeConfigFile`;
    switch (type) {
        case '':
            return [fieldErrors.required(`${path}.type`)];
        case 'InClusterConfig':
            return [
                ...(kubeConfigFile === undefined
                    ? []
                    : [
                          fieldErrors.invalid(
                              field,
                              kubeConfigFile,
                              'can only be set when type=KubeConfigFile',
                          ),
                      ]),
                fieldErrors.forbidden(`${path}.type`, 'InClusterConfig is not allowed for kube-apiserver'),
            ];
        case 'KubeConfigFile':
            return kubeConfigFile ? await fileErrors(kubeConfigFile, field) : [fieldErrors.required(field)];
        default:
            return [
                fieldErrors.notSupported(`${path}.type`, connectionInfo, [
                    'InClusterConfig',
                    'KubeConfigFile',
                ]),
            ];
    }
}

async function fileErrors(file: string, field: string): Promise<FieldError[]> {
    if (!isAbsolute(file)) return [fieldErrors.invalid(field, file, 'must be an absolute path')];
    try {
        const isRegular = (await stat(file)).isFile();
        return isRegular ? [] : [fieldErrors.invalid(field, file, 'must be a regular file')];
    } catch (error) {
        const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const why = isMissing
            ? `stat ${file}: no such file or directory`
            : error instanceof Error
              ? error.message
              : String(error);
        return [fieldErrors.invalid(field, file, `error loading file: ${why}`)];
    }
}
