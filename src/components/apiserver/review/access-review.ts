import type {
    V1LocalSubjectAccessReview,
    V1ObjectMeta,
    V1SelfSubjectAccessReview,
    V1SubjectAccessReview,
    V1SubjectAccessReviewSpec,
    V1SubjectAccessReviewStatus,
} from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Authorizer, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { selectorError, selectorErrors, selectorTexts } from './selectors.ts';

const group = 'authorization.k8s.io';

export interface Judge {
    authorizer: Authorizer;
    /** Asked about a question that is well formed, before it is answered: throws where it may not be asked. */
    admit?: (() => Promise<void>) | undefined;
}

/** Whether the caller may do something (`kubectl auth can-i`). */
export async function reviewSelfAccess(
    identity: Identity,
    body: V1SelfSubjectAccessReview,
    { authorizer, admit }: Judge,
): Promise<V1SelfSubjectAccessReview> {
    requireValid('SelfSubjectAccessReview', [
        ...attributeErrors(body.spec),
        ...metadataErrors(body.metadata, 'must be empty'),
    ]);
    await admit?.();
    return { ...body, status: await decide(authorizer, identity, body.spec) };
}

/** Whether somebody else may do something. */
export async function reviewSubjectAccess(
    body: V1SubjectAccessReview,
    { authorizer, admit }: Judge,
): Promise<V1SubjectAccessReview> {
    requireValid('SubjectAccessReview', [
        ...attributeErrors(body.spec),
        ...subjectErrors(body.spec),
        ...metadataErrors(body.metadata, 'must be empty'),
    ]);
    await admit?.();
    return { ...body, status: await decide(authorizer, subjectOf(body.spec), body.spec) };
}

/** The same, for questions about one namespace: that of the request. */
export async function reviewLocalSubjectAccess(
    namespace: string,
    body: V1LocalSubjectAccessReview,
    { authorizer, admit }: Judge,
): Promise<V1LocalSubjectAccessReview> {
    const { namespace: _own, ...metadata } = body.metadata ?? {};
    const errors = [
        ...attributeErrors(body.spec),
        ...subjectErrors(body.spec),
        ...metadataErrors(metadata, 'must be empty except for namespace', body.metadata),
    ];
    const about = body.spec.resourceAttributes?.namespace ?? '';
    if (body.spec.resourceAttributes !== undefined && about !== namespace) {
        errors.push(
            fieldErrors.invalid(
                'spec.resourceAttributes.namespace',
                about,
                `must match metadata.namespace: ${namespace}`,
            ),
        );
    }
    if (body.spec.nonResourceAttributes !== undefined) {
        errors.push(
            fieldErrors.invalid(
                'spec.nonResourceAttributes',
                body.spec.nonResourceAttributes,
                'disallowed on this kind of request',
            ),
        );
    }
    requireValid('LocalSubjectAccessReview', errors);
    await admit?.();
    return { ...body, status: await decide(authorizer, subjectOf(body.spec), body.spec) };
}

/** A review is not stored: it has no metadata of its own. `shown` is what the message says was given. */
function metadataErrors(
    metadata: V1ObjectMeta | undefined,
    message: string,
    shown: V1ObjectMeta | undefined = metadata,
): FieldError[] {
    const { managedFields: _managers, ...rest } = metadata ?? {};
    return semanticEqual(rest, {}) ? [] : [fieldErrors.invalid('metadata', shown, message)];
}

function requireValid(kind: string, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw statusErrors.invalid(kind, group, '', errors);
}

type Question = Pick<V1SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

function attributeErrors({ resourceAttributes, nonResourceAttributes }: Question): FieldError[] {
    if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
        return [
            fieldErrors.invalid(
                'spec.nonResourceAttributes',
                nonResourceAttributes,
                'cannot be specified in combination with resourceAttributes',
            ),
        ];
    }
    if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
        return [
            fieldErrors.invalid(
                'spec.resourceAttributes',
                null,
                'exactly one of nonResourceAttributes or resourceAttributes must be specified',
            ),
        ];
    }
    return resourceAttributes === undefined ? [] : selectorErrors(resourceAttributes);
}

function subjectErrors({ user, groups }: V1SubjectAccessReviewSpec): FieldError[] {
    if (user || groups?.length) return [];
    return [fieldErrors.invalid('spec.user', user ?? '', 'at least one of user or group must be specified')];
}

function subjectOf({ user, uid, groups, extra }: V1SubjectAccessReviewSpec): Identity {
    return { username: user ?? '', uid: uid ?? '', groups: groups ?? [], extra: extra ?? {} };
}

async function decide(
    authorizer: Authorizer,
    identity: Identity,
    question: Question,
): Promise<V1SubjectAccessReviewStatus> {
    const { outcome, reason, error } = await authorizer.authorize(identity, requestAttributes(question));
    const errors = [selectorError(question.resourceAttributes), error].filter((text) => text !== undefined);
    return {
        allowed: outcome === 'allow',
        ...(outcome === 'deny' ? { denied: true } : {}),
        ...(reason === '' ? {} : { reason }),
        ...(errors.length === 0 ? {} : { evaluationError: errors.join(', ') }),
    };
}

function requestAttributes({ resourceAttributes, nonResourceAttributes }: Question): RequestAttributes {
    if (resourceAttributes === undefined) {
        const { verb, path } = nonResourceAttributes ?? {};
        return { kind: 'nonResource', verb: verb ?? '', path: path ?? '' };
    }
    const { verb, group: about, version, resource, subresource, namespace, name } = resourceAttributes;
    return {
        kind: 'resource',
        verb: verb ?? '',
        group: about ?? '',
        version: version ?? '',
        resource: resource ?? '',
        subresource: subresource ?? '',
        namespace: namespace ?? '',
        name: name ?? '',
        ...selectorTexts(resourceAttributes),
    };
}
