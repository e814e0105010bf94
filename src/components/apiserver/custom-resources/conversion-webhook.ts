import { randomUUID } from 'node:crypto';
import { deepClone, deepEqual } from '../../../api/meta/deep.ts';
import type { ApiObject, V1WebhookConversion } from '../../../api/meta/object.ts';
import { isReason, type StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { WebhookClient } from '../admission/webhook/client.ts';
import type { ConversionMetrics } from './conversion-metrics.ts';

/** As in upstream: conversion has no timeout of its own in its definition. */
const timeoutSeconds = 30;
/** An answer holds as many objects as were asked for. */
export const conversionBytesMax = 32 * 1024 * 1024;
/** Of ConversionReview. */
const spokenVersions = ['v1', 'v1beta1'];

interface ConversionReview {
    kind?: unknown;
    apiVersion?: unknown;
    response?: {
        uid?: unknown;
        convertedObjects?: unknown;
        result?: { status?: string; message?: string };
    };
}

export interface ConversionWebhookOptions {
    config: V1WebhookConversion;
    /** For messages: "stable.example.com", "Foo". */
    group: string;
    kind: string;
    webhooks: WebhookClient;
    metrics: ConversionMetrics;
}

/** How a conversion failed, as metrics name it. */
export type ConversionFailure =
    | 'conversion_call_failure'
    | 'conversion_malformed_response_failure'
    | 'conversion_partial_response_failure'
    | 'conversion_invalid_converted_object_failure';

class ConversionError extends Error {
    override readonly name = 'ConversionError';
    readonly type: ConversionFailure;

    constructor(type: ConversionFailure, message: string) {
        super(message);
        this.type = type;
    }
}

const malformed = (message: string): ConversionError =>
    new ConversionError('conversion_malformed_response_failure', message);

/** Converts objects between versions by asking a webhook (ConversionReview). */
export class ConversionWebhook {
    readonly #options: ConversionWebhookOptions;

    constructor(options: ConversionWebhookOptions) {
        this.#options = options;
    }

    /** The objects in `desiredVersion` ("example.com/v2"), in order. Throws StatusError InternalError. */
    async convert(objects: readonly ApiObject[], desiredVersion: string): Promise<ApiObject[]> {
        if (objects.length === 0) return [];
        const { kind } = this.#options;
        const what = `${String(objects[0]?.apiVersion)}, Kind=${kind}`;
        const version = this.#options.config.conversionReviewVersions.find((one) =>
            spokenVersions.includes(one),
        );
        const uid = randomUUID();
        const apiVersion = `apiextensions.k8s.io/${version ?? 'v1'}`;
        const review = {
            kind: 'ConversionReview',
            apiVersion,
            request: { uid, desiredAPIVersion: desiredVersion, objects },
        };
        const { metrics, config, webhooks } = this.#options;
        const ended = metrics.started();
        try {
            const answer = await webhooks.post({
                clientConfig: config.clientConfig ?? {},
                body: JSON.stringify(review),
                timeoutSeconds,
                // Others may wait for the same conversion.
                signal: new AbortController().signal,
            });
            const converted = readAnswer(answer ?? {}, {
                ...{ uid, apiVersion, desiredVersion, objects },
            });
            ended('');
            return converted;
        } catch (error) {
            ended(error instanceof ConversionError ? error.type : 'conversion_call_failure');
            throw failure(what, error);
        }
    }
}

function failure(what: string, error: unknown): StatusError {
    if (isReason(error, 'InternalError')) return error;
    const why = error instanceof Error ? error.message : String(error);
    return statusErrors.internal(
        new Error(`conversion webhook for ${what} failed: ${why}`, { cause: error }),
    );
}

interface Asked {
    uid: string;
    apiVersion: string;
    desiredVersion: string;
    objects: readonly ApiObject[];
}

/** The converted objects, with everything of metadata but labels and annotations as it was. */
function readAnswer(
    answer: ConversionReview,
    { uid, apiVersion, desiredVersion, objects }: Asked,
): ApiObject[] {
    if (answer.kind !== 'ConversionReview' || answer.apiVersion !== apiVersion)
        throw malformed(
            `expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${String(answer.apiVersion)}, Kind=${String(answer.kind)}`,
        );
    const { response } = answer;
    if (response === undefined) throw malformed('no response provided');
    if (response.uid !== uid)
        throw malformed(`expected response.uid="${uid}", got ${JSON.stringify(response.uid)}`);
    if (response.result?.status !== 'Success')
        throw new ConversionError(
            'conversion_call_failure',
            response.result?.message || 'no message was provided',
        );
    const converted = response.convertedObjects;
    if (!Array.isArray(converted) || converted.length !== objects.length)
        throw new ConversionError(
            'conversion_partial_response_failure',
            `returned ${Array.isArray(converted) ? converted.length : 0} objects, expected ${objects.length}`,
        );
    return objects.map((original, index) => {
        const object = (converted as (ApiObject | null)[])[index] ?? {};
        const why = objection(object, original, desiredVersion);
        if (why !== undefined)
            throw new ConversionError(
                'conversion_invalid_converted_object_failure',
                `returned invalid converted object at index ${index}: ${why}`,
            );
        return { ...object, metadata: restored(object, original) };
    });
}

function objection(object: ApiObject, original: ApiObject, desiredVersion: string): string | undefined {
    if (object.apiVersion !== desiredVersion)
        return `invalid groupVersion (expected ${desiredVersion}, received ${String(object.apiVersion)})`;
    if (object.kind !== original.kind)
        return `invalid kind (expected ${String(original.kind)}, received ${String(object.kind)})`;
    for (const field of ['uid', 'name', 'namespace'] as const)
        if ((object.metadata?.[field] ?? '') !== (original.metadata?.[field] ?? ''))
            return `must have the same ${field}: ${original.metadata?.[field] ?? ''}`;
    const changed = ['labels', 'annotations'] as const;
    for (const field of changed) {
        const map: unknown = object.metadata?.[field];
        if (map === undefined || map === null) continue;
        const isText =
            typeof map === 'object' && Object.values(map).every((value) => typeof value === 'string');
        if (!isText) return `invalid metadata of type ${field} in converted object`;
    }
    return undefined;
}

function restored(object: ApiObject, original: ApiObject): NonNullable<ApiObject['metadata']> {
    const metadata = { ...deepClone(original.metadata ?? {}) };
    for (const field of ['labels', 'annotations'] as const) {
        // A webhook may write null.
        const value = object.metadata?.[field] as Record<string, string> | null | undefined;
        if (value === undefined || value === null || deepEqual(value, {}))
            Reflect.deleteProperty(metadata, field);
        else metadata[field] = value;
    }
    return metadata;
}
