import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { deepClone, deepEqual } from '../../../api/meta/deep.ts';
import type { ApiObject, V1Service, V1WebhookConversion } from '../../../api/meta/object.ts';
import { isReason, type StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { ObjectReader } from '../object-reader.ts';

/** As in upstream: conversion has no timeout of its own in its definition. */
const timeoutMs = 30_000;
const answerBytesMax = 32 * 1024 * 1024;
const portDefault = 443;
const services = { group: '', version: 'v1', resource: 'services' };
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
    reader: ObjectReader;
}

/** Where a webhook listens, and who it must prove to be. */
interface Endpoint {
    host: string;
    port: number;
    path: string;
    servername: string;
}

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
        try {
            const answer = await this.#post(JSON.stringify(review));
            return readAnswer(answer, { uid, apiVersion, desiredVersion, objects });
        } catch (error) {
            throw failure(what, error);
        }
    }

    async #post(body: string): Promise<ConversionReview> {
        const { caBundle } = this.#options.config.clientConfig ?? {};
        const { host, port, path, servername } = this.#endpoint();
        const text = await new Promise<string>((resolve, reject) => {
            const request = httpsRequest({
                host,
                port,
                path,
                method: 'POST',
                servername,
                agent: false,
                signal: AbortSignal.timeout(timeoutMs),
                headers: {
                    'content-type': 'application/json',
                    accept: 'application/json',
                    host: servername === '' ? `${host}:${port}` : servername,
                    'content-length': Buffer.byteLength(body),
                },
                ...(caBundle === undefined ? {} : { ca: Buffer.from(caBundle, 'base64').toString() }),
            });
            request.on('error', reject);
            request.on('response', (response) => {
                const chunks: Buffer[] = [];
                let bytes = 0;
                response.on('error', reject);
                response.on('data', (chunk: Buffer) => {
                    bytes += chunk.length;
                    if (bytes > answerBytesMax) request.destroy(new Error('the answer is too large'));
                    else chunks.push(chunk);
                });
                response.on('end', () => {
                    const answer = Buffer.concat(chunks).toString();
                    const { statusCode = 0 } = response;
                    if (statusCode >= 200 && statusCode < 300) resolve(answer);
                    else reject(new Error(`the server responded with the status code ${statusCode}`));
                });
            });
            request.end(body);
        });
        return JSON.parse(text) as ConversionReview;
    }

    #endpoint(): Endpoint {
        const { url, service } = this.#options.config.clientConfig ?? {};
        if (service === undefined) {
            const { hostname, port, pathname } = new URL(url ?? '');
            const host = hostname.replace(/^\[(.*)\]$/, '$1');
            const isAddress = /^[\d.]+$|:/.test(host);
            return {
                host,
                port: port === '' ? portDefault : Number(port),
                path: pathname,
                servername: isAddress ? '' : host,
            };
        }
        const { namespace, name, path = '/', port = portDefault } = service;
        const found = this.#options.reader.get<V1Service>(services, namespace, name);
        if (found === undefined) throw new Error(`service "${name}" not found`);
        const host = found.spec?.clusterIP ?? '';
        if (host === '' || host === 'None') throw new Error(`service "${name}" has no cluster IP`);
        if (!(found.spec?.ports ?? []).some((each) => each.port === port))
            throw new Error(`no service port ${port} found for service "${name}"`);
        return { host, port, path, servername: `${name}.${namespace}.svc` };
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
        throw new Error(
            `expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${String(answer.apiVersion)}, Kind=${String(answer.kind)}`,
        );
    const { response } = answer;
    if (response === undefined) throw new Error('the response is missing');
    if (response.uid !== uid)
        throw new Error(`expected response.uid="${uid}", got ${JSON.stringify(response.uid)}`);
    if (response.result?.status !== 'Success')
        throw new Error(response.result?.message ?? 'the webhook reported no success');
    const converted = response.convertedObjects;
    if (!Array.isArray(converted) || converted.length !== objects.length)
        throw new Error(
            `returned ${Array.isArray(converted) ? converted.length : 0} objects, expected ${objects.length}`,
        );
    return objects.map((original, index) => {
        const object = (converted as (ApiObject | null)[])[index] ?? {};
        const why = objection(object, original, desiredVersion);
        if (why !== undefined) throw new Error(`returned invalid converted object at index ${index}: ${why}`);
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
