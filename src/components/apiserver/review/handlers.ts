import type {
    ApiObject,
    AuthenticationV1TokenRequest,
    V1LocalSubjectAccessReview,
    V1SelfSubjectAccessReview,
    V1SelfSubjectRulesReview,
    V1SubjectAccessReview,
    V1TokenReview,
} from '../../../api/meta/object.ts';
import { schema } from '../../../api/schema/schema.ts';
import type { SigningKey } from '../../../pki/service-account-token.ts';
import { type Clock, rfc3339 } from '../../../util/clock.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { ClusterAuthorizer } from '../authz/authorizer.ts';
import type { ResourceHandler } from '../extensions.ts';
import { reportTo } from '../middleware/authenticate.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Admission } from '../registry/admit.ts';
import { readObject } from '../registry/read-body.ts';
import { writeOptionsOf } from '../registry/write-options.ts';
import type { ApiRequest } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { reviewLocalSubjectAccess, reviewSelfAccess, reviewSubjectAccess } from './access-review.ts';
import { reviewSelfSubject } from './self-subject-review.ts';
import { reviewSelfRules } from './self-subject-rules-review.ts';
import { requestToken } from './token-request.ts';
import { reviewToken } from './token-review.ts';

export interface ReviewOptions {
    authenticator: Authenticator;
    authorizer: ClusterAuthorizer;
    reader: ObjectReader;
    clock: Clock;
    signingKey: SigningKey;
    issuer: string;
    /** Audiences of the API server itself. */
    audiences: readonly string[];
    /** Default true. */
    extendExpiration?: boolean;
    tokenLifetimeMaxSeconds?: number;
}

interface Asked {
    request: ApiRequest;
    info: ResourceRequestInfo;
    /** Validating admission, for a question that is well formed. */
    admit: () => Promise<void>;
}

type Answer = (body: ApiObject, asked: Asked) => object | Promise<object>;

const authentication = 'authentication.k8s.io';
const authorization = 'authorization.k8s.io';

/** Resources that are questions: POST is answered, nothing is stored. They pass admission like all that is created. */
export function reviewHandlers(options: ReviewOptions): ResourceHandler[] {
    const { authorizer } = options;
    return [
        review(authentication, 'TokenReview', async (body, { request, admit }) => {
            return await reviewToken(body as V1TokenReview, {
                authenticator: options.authenticator,
                apiAudiences: options.audiences,
                report: reportTo(request),
                admit,
            });
        }),
        review(authentication, 'SelfSubjectReview', async (body, { request, admit }) => {
            await admit();
            return reviewSelfSubject(request.identity, body, rfc3339(options.clock.nowMs()));
        }),
        review(authorization, 'SelfSubjectAccessReview', async (body, { request, admit }) => {
            const question = body as V1SelfSubjectAccessReview;
            return await reviewSelfAccess(request.identity, question, { authorizer, admit });
        }),
        review(authorization, 'SubjectAccessReview', async (body, { admit }) => {
            return await reviewSubjectAccess(body as V1SubjectAccessReview, { authorizer, admit });
        }),
        review(authorization, 'LocalSubjectAccessReview', async (body, { info, admit }) => {
            const question = body as V1LocalSubjectAccessReview;
            return await reviewLocalSubjectAccess(info.namespace, question, { authorizer, admit });
        }),
        review(authorization, 'SelfSubjectRulesReview', async (body, { request, admit }) => {
            const question = body as V1SelfSubjectRulesReview;
            return await reviewSelfRules(request.identity, question, { authorizer, admit });
        }),
        tokenHandler(options),
    ];
}

function validation(admission: Admission): () => Promise<void> {
    return async () => {
        await admission.validate();
    };
}

function review(group: string, kind: string, answer: Answer): ResourceHandler {
    const expected = { apiVersion: `${group}/v1`, kind, type: `V1${kind}` };
    return {
        group,
        resource: `${kind.toLowerCase()}s`,
        subresource: '',
        verbs: ['create'],
        async handle(request, info, admitBody) {
            const { fieldValidation, dryRun } = writeOptionsOf(request, 'CreateOptions');
            const body = await readObject(request, expected, fieldValidation);
            // A question without one asks for nothing; how that is answered is for the review to say.
            const complete = (): void => {
                if (asksBySpec(expected.type)) (body as { spec?: object }).spec ??= {};
            };
            complete();
            const admission = admitBody({ object: body, dryRun, body: expected });
            await admission.mutate();
            complete();
            const value = await answer(body, { request, info, admit: validation(admission) });
            return { type: 'value', status: 201, value };
        },
    };
}

const asksBySpec = (type: string): boolean => schema().type(type).fields.has('spec');

function tokenHandler(options: ReviewOptions): ResourceHandler {
    const expected = {
        apiVersion: `${authentication}/v1`,
        kind: 'TokenRequest',
        type: 'AuthenticationV1TokenRequest',
    };
    return {
        group: '',
        resource: 'serviceaccounts',
        subresource: 'token',
        verbs: ['create'],
        async handle(request, { namespace, name }, admitBody) {
            const { fieldValidation, dryRun } = writeOptionsOf(request, 'CreateOptions');
            const body: AuthenticationV1TokenRequest = await readObject(request, expected, fieldValidation);
            const admission = admitBody({ object: body, dryRun, body: expected });
            await admission.mutate();
            const value = await requestToken({ namespace, name }, body, {
                reader: options.reader,
                key: options.signingKey,
                issuer: options.issuer,
                apiAudiences: options.audiences,
                clock: options.clock,
                extendExpiration: options.extendExpiration ?? true,
                lifetimeMaxSeconds: options.tokenLifetimeMaxSeconds ?? 0,
                report: reportTo(request),
                admit: validation(admission),
            });
            return { type: 'value', status: 201, value };
        },
    };
}
