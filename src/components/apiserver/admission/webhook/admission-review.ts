import { randomUUID } from 'node:crypto';
import type { ApiObject, V1Status } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import { convert, type MatchedVersion } from '../matching/equivalents.ts';
import { namespaceNameOf } from '../matching/selectors.ts';
import type { Webhook } from './webhook.ts';

/** What a webhook is asked (admission.k8s.io, AdmissionReview with a request). */
export interface Review {
    kind: 'AdmissionReview';
    apiVersion: string;
    request: Record<string, unknown> & { uid: string; object: ApiObject | null };
}

/** A checked answer. */
export interface ReviewAnswer {
    allowed: boolean;
    result: V1Status | undefined;
    /** The operations of a JSON patch; undefined when nothing is to be changed. */
    patch: unknown;
    patchType: string;
    auditAnnotations: Readonly<Record<string, string>>;
    warnings: readonly string[];
}

export async function reviewOf(
    request: AdmissionRequest,
    webhook: Webhook,
    matched: MatchedVersion,
): Promise<Review> {
    const { definition, subresource, operation, identity, dryRun, options } = request;
    const show = async (object: ApiObject | undefined): Promise<ApiObject | null> =>
        object === undefined ? null : await convert(object, definition, matched.definition);
    const resourceOf = ({ group, version, plural }: typeof definition): object => ({
        group,
        version,
        resource: plural,
    });
    const namespace = namespaceNameOf(request);
    const name = request.name || (operation === 'CREATE' ? (request.object?.metadata?.name ?? '') : '');
    const { username, uid, groups, extra } = identity;
    return {
        kind: 'AdmissionReview',
        apiVersion: `admission.k8s.io/${webhook.reviewVersion ?? 'v1'}`,
        request: {
            uid: randomUUID(),
            kind: matched.kind,
            resource: resourceOf(matched.definition),
            ...(subresource === '' ? {} : { subResource: subresource }),
            requestKind: request.kind,
            requestResource: resourceOf(definition),
            ...(subresource === '' ? {} : { requestSubResource: subresource }),
            ...(name === '' ? {} : { name }),
            ...(namespace === '' ? {} : { namespace }),
            operation,
            userInfo: {
                ...(username === '' ? {} : { username }),
                ...(uid === '' ? {} : { uid }),
                ...(groups.length === 0 ? {} : { groups }),
                ...(Object.keys(extra).length === 0 ? {} : { extra }),
            },
            object: await show(request.object),
            oldObject: await show(request.oldObject),
            dryRun,
            options: options ?? null,
        },
    };
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws an Error in upstream's words for an answer that is none. */
export function readAnswer(answer: unknown, review: Review, isMutating: boolean): ReviewAnswer {
    if (!isRecord(answer)) throw new Error('webhook response is not a JSON object');
    const response = answer['response'];
    if (!isRecord(response)) throw new Error('webhook response was absent');
    const isV1 = review.apiVersion.endsWith('/v1');
    if (isV1) checkHeader(answer, response, review);
    return {
        allowed: response['allowed'] === true,
        result: isRecord(response['status']) ? response['status'] : undefined,
        ...patchOf(response, { isV1, isMutating }),
        auditAnnotations: textsOf(response['auditAnnotations']),
        warnings: Array.isArray(response['warnings'])
            ? response['warnings'].filter((text): text is string => typeof text === 'string')
            : [],
    };
}

function checkHeader(
    { apiVersion, kind }: Record<string, unknown>,
    response: Record<string, unknown>,
    { request, apiVersion: wanted }: Review,
): void {
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    if (response['uid'] !== request.uid) {
        throw new Error(`expected response.uid="${request.uid}", got "${text(response['uid'])}"`);
    }
    if (apiVersion !== wanted || kind !== 'AdmissionReview') {
        const got = text(apiVersion).includes('/') ? text(apiVersion) : `/${text(apiVersion)}`;
        throw new Error(
            `expected webhook response of ${wanted}, Kind=AdmissionReview, got ${got}, Kind=${text(kind)}`,
        );
    }
}

function patchOf(
    { patch = null, patchType = null }: Record<string, unknown>,
    { isV1, isMutating }: { isV1: boolean; isMutating: boolean },
): { patch: unknown; patchType: string } {
    const hasPatch = typeof patch === 'string' && patch !== '';
    if (!isMutating) {
        if (isV1 && hasPatch) throw new Error('validating webhook may not return response.patch');
        if (isV1 && patchType !== null) {
            throw new Error('validating webhook may not return response.patchType');
        }
        return { patch: undefined, patchType: '' };
    }
    if (isV1 && hasPatch && patchType === null) {
        throw new Error('webhook returned response.patch but not response.patchType');
    }
    if (isV1 && !hasPatch && patchType !== null) {
        throw new Error('webhook returned response.patchType but not response.patch');
    }
    const type = typeof patchType === 'string' ? patchType : isV1 ? '' : 'JSONPatch';
    if (hasPatch && type === '') throw new Error('webhook returned invalid response.patchType of ""');
    return { patch: hasPatch ? patch : undefined, patchType: type };
}

function textsOf(value: unknown): Record<string, string> {
    if (!isRecord(value)) return {};
    return Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
}
