import type {
    ApiObject,
    AuthenticationV1TokenRequest,
    Stored,
    V1BoundObjectReference,
    V1Node,
    V1Pod,
    V1Secret,
    V1ServiceAccount,
} from '../../../api/meta/object.ts';
import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../../client/resource-type.ts';
import { type KubernetesClaim, type SigningKey, signToken } from '../../../pki/service-account-token.ts';
import { type Clock, rfc3339 } from '../../../util/clock.ts';
import type { TokenReport } from '../authn/token-use.ts';
import type { ObjectReader } from '../object-reader.ts';

const lifetimeMinSeconds = 600;
const lifetimeMaxSeconds = 2 ** 32;
const lifetimeDefaultSeconds = 3600;
/** The lifetime that kubelets ask for pods' default tokens; those may be extended, see below. */
const projectedLifetimeSeconds = 3607;
/** Clients of old read their token once: it lives a year, and its use after an hour is warned about. */
const extendedLifetimeSeconds = 365 * 24 * 3600;

export interface TokenRequestOptions {
    reader: ObjectReader;
    key: SigningKey;
    issuer: string;
    /** Audiences of the API server, meant when the request names none. */
    apiAudiences: readonly string[];
    clock: Clock;
    /** --service-account-extend-token-expiration, upstream's default is true. */
    extendExpiration: boolean;
    /** --service-account-max-token-expiration in seconds; 0: no further limit. */
    lifetimeMaxSeconds?: number;
    /** Takes warnings, and which token was issued. */
    report?: TokenReport;
    /** Asked about the request as it is meant, before the token is made: throws where it may not be. */
    admit?(): Promise<void>;
}

/** Where the request was posted: serviceaccounts/<name>/token. */
export interface TokenSubject {
    namespace: string;
    name: string;
}

/**
 * Issues a token for a service account, bound to a pod, secret or node where the request says so. Fills in `body`
 * with what is meant where it says nothing: that is what admission sees.
 */
export async function requestToken(
    { namespace, name }: TokenSubject,
    body: AuthenticationV1TokenRequest,
    options: TokenRequestOptions,
): Promise<AuthenticationV1TokenRequest> {
    const account = options.reader.get<V1ServiceAccount>(serviceAccounts, namespace, name);
    if (account === undefined) throw statusErrors.notFound({ resource: 'serviceaccounts', name });
    checkMetadata(body, account);
    const nowMs = options.clock.nowMs();
    const spec = (body.spec ??= {});
    const audiences = (spec.audiences = spec.audiences?.length ? spec.audiences : [...options.apiAudiences]);
    spec.expirationSeconds ??= lifetimeDefaultSeconds;
    body.metadata = { ...body.metadata, name, namespace, creationTimestamp: rfc3339(nowMs) };
    delete body.status;
    const errors = lifetimeErrors(spec.expirationSeconds);
    if (errors.length > 0) {
        throw statusErrors.invalid('TokenRequest', 'authentication.k8s.io', '', errors);
    }
    await options.admit?.();
    const wanted = boundedLifetime(spec.expirationSeconds, options);
    const bound = boundClaims(options.reader, account, spec.boundObjectRef);
    const extended = mayExtend(options, { lifetime: wanted, bound, audiences });
    const { token, claims } = signToken(options.key, {
        issuer: options.issuer,
        audiences,
        nowMs,
        lifetimeSeconds: extended ? extendedLifetimeSeconds : wanted,
        kubernetes: {
            namespace,
            serviceaccount: { name, uid: account.metadata.uid ?? '' },
            ...bound,
            ...(extended ? { warnafter: Math.floor(nowMs / 1000) + wanted } : {}),
        },
    });
    options.report?.annotate('authentication.kubernetes.io/issued-credential-id', `JTI=${claims.jti}`);
    return {
        ...body,
        spec: { ...spec, audiences, expirationSeconds: wanted },
        status: { token, expirationTimestamp: rfc3339(nowMs + wanted * 1000) },
    };
}

function lifetimeErrors(seconds: number): FieldError[] {
    const field = 'spec.expirationSeconds';
    if (seconds < lifetimeMinSeconds) {
        return [fieldErrors.invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
    }
    return seconds > lifetimeMaxSeconds
        ? [fieldErrors.invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
        : [];
}

function boundedLifetime(seconds: number, options: TokenRequestOptions): number {
    const max = options.lifetimeMaxSeconds ?? 0;
    if (max <= 0 || seconds <= max) return seconds;
    options.report?.warn(`requested expiration of ${seconds} seconds shortened to ${max} seconds`);
    return max;
}

/** A request that says which account it is for has to say this one. */
function checkMetadata({ metadata }: AuthenticationV1TokenRequest, account: Stored<V1ServiceAccount>): void {
    const { name, namespace, uid } = account.metadata;
    const errors: FieldError[] = [];
    if (metadata?.name && metadata.name !== name) {
        errors.push(
            fieldErrors.invalid(
                'metadata.name',
                metadata.name,
                'must match the service account name if specified',
            ),
        );
    }
    if (metadata?.namespace && metadata.namespace !== namespace) {
        errors.push(
            fieldErrors.invalid(
                'metadata.namespace',
                metadata.namespace,
                'must match the service account namespace if specified',
            ),
        );
    }
    if (errors.length > 0) {
        throw statusErrors.invalid('TokenRequest', 'authentication.k8s.io', metadata?.name ?? '', errors);
    }
    if (metadata?.uid && metadata.uid !== uid) {
        throw statusErrors.conflict(
            { resource: 'serviceaccounts', name },
            `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid ?? ''})`,
        );
    }
}

function mayExtend(
    options: TokenRequestOptions,
    token: { lifetime: number; bound: Partial<KubernetesClaim>; audiences: readonly string[] },
): boolean {
    return (
        options.extendExpiration &&
        token.bound.pod !== undefined &&
        token.lifetime === projectedLifetimeSeconds &&
        token.audiences.every((audience) => options.apiAudiences.includes(audience))
    );
}

function boundClaims(
    reader: ObjectReader,
    account: Stored<V1ServiceAccount>,
    ref: V1BoundObjectReference | undefined,
): Partial<KubernetesClaim> {
    if (ref === undefined) return {};
    const namespace = account.metadata.namespace ?? '';
    const name = ref.name ?? '';
    switch (`${ref.apiVersion ?? ''} ${ref.kind ?? ''}`) {
        case 'v1 Pod': {
            const pod = sameObject(ref, 'pods', reader.get<V1Pod>(pods, namespace, name));
            if (pod.spec?.serviceAccountName !== account.metadata.name) {
                throw statusErrors.badRequest(
                    `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`,
                );
            }
            return { pod: bound(pod), ...nodeClaim(reader, pod.spec.nodeName) };
        }
        case 'v1 Secret':
            return {
                secret: bound(sameObject(ref, 'secrets', reader.get<V1Secret>(secrets, namespace, name))),
            };
        case 'v1 Node':
            return { node: bound(sameObject(ref, 'nodes', reader.get<V1Node>(nodes, '', name))) };
        default:
            throw statusErrors.badRequest(
                `cannot bind token to object of type ${groupVersionText(ref.apiVersion ?? '')}, Kind=${ref.kind ?? ''}`,
            );
    }
}

/** "v1" → "/v1", "apps/v1" as it is: how upstream prints a kind's group and version. */
function groupVersionText(apiVersion: string): string {
    return apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
}

function sameObject<T extends ApiObject>(
    ref: V1BoundObjectReference,
    resource: string,
    object: Stored<T> | undefined,
): Stored<T> {
    if (object === undefined) throw statusErrors.notFound({ resource, name: ref.name });
    if (ref.uid && ref.uid !== object.metadata.uid) {
        throw statusErrors.conflict(
            { resource, name: ref.name },
            `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
        );
    }
    return object;
}

function bound({ metadata }: Stored<ApiObject>): { name: string; uid: string } {
    return { name: metadata.name, uid: metadata.uid ?? '' };
}

/** A pod's token also names the pod's node, for those who want to know where it came from. */
function nodeClaim(reader: ObjectReader, nodeName: string | undefined): Partial<KubernetesClaim> {
    if (!nodeName) return {};
    const uid = reader.get<V1Node>(nodes, '', nodeName)?.metadata.uid;
    return { node: { name: nodeName, ...(uid === undefined ? {} : { uid }) } };
}
