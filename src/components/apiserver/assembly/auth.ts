import type { Client } from '../../../client/client.ts';
import { secrets } from '../../../client/resource-type.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { loadSigningKey, loadVerifyingKeys } from '../../../pki/service-account-token.ts';
import { systemClock } from '../../../util/clock.ts';
import type { Lifecycle, Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { type AuthenticatorOptions, createAuthenticator } from '../authn/authenticator.ts';
import { CertificatePool } from '../authn/certificate-pool.ts';
import type { Authenticator } from '../authn/method.ts';
import { ServiceAccountTokens } from '../authn/service-account.ts';
import { TokenCacheMetrics } from '../authn/token-cache-metrics.ts';
import { TokenUseMetrics } from '../authn/token-use.ts';
import { AuthorizationMetrics } from '../authz/authorization-metrics.ts';
import { type AuthorizerOptions, type ClusterAuthorizer, createAuthorizer } from '../authz/authorizer.ts';
import type { RequestHeaderOptions } from '../bootstrap/system-objects.ts';
import type { NonResourceRoute, ResourceHandler } from '../extensions.ts';
import type { ObjectReader } from '../object-reader.ts';
import { reviewHandlers } from '../review/handlers.ts';
import { issuerDiscoveryRoutes } from '../review/issuer-discovery.ts';

/** Tokens of service accounts: how they are signed and which are believed. */
export interface ServiceAccountOptions {
    /** PEM: keys that a token may be signed with. */
    publicKeys: string;
    /** PEM: signs the tokens that are asked for. */
    privateKey: string;
    /** The first one signs, all are accepted. At least one. */
    issuers: readonly string[];
    /** Of the API server; none given: the issuers. */
    audiences?: readonly string[];
    /** Where the discovery document says that the keys are; empty or absent: this server. */
    jwksUri?: string;
    /** Lets the tokens that pods get by themselves live a year. Default true. */
    extendExpiration?: boolean;
    /** 0 or absent: no limit. */
    tokenLifetimeMaxSeconds?: number;
}

/** Authorities that vouch for others, PEM bundles. */
export interface TrustedAuthorities {
    /** Of client certificates. */
    clientCa: string;
    /** Of front proxies; empty where none is believed. */
    requestHeaderCa: string;
}

type SimpleAuthentication = Pick<AuthenticatorOptions, 'anonymous' | 'tokenFile' | 'jwt' | 'webhook'>;

export interface AuthOptions {
    authentication: SimpleAuthentication & {
        /** PEM bundle of the authorities of client certificates. */
        clientCa: string;
        /** Absent: no front proxy is believed. */
        requestHeader?: RequestHeaderOptions & {
            /** PEM bundle of the authorities of front proxies. */
            ca: string;
        };
        /** Believe tokens of Secrets of type bootstrap.kubernetes.io/token. */
        bootstrapTokens?: boolean;
    };
    authorization: Omit<AuthorizerOptions, 'reader'> & {
        /** Takes over changes of a configuration file while the server runs. */
        follow?: (authorizer: ClusterAuthorizer) => Stoppable;
        /** What is counted of that. */
        reloads?: () => Metric[];
    };
    serviceAccounts: ServiceAccountOptions;
    /** Takes over changes of what authentication is configured by. */
    follow?: () => Stoppable;
    /** What is counted of that, and of issuers of tokens. */
    metrics?: () => Metric[];
}

export interface AuthParts {
    logger: Logger;
    reader: ObjectReader;
    /** As system:apiserver; only called once the server runs. */
    client: () => Client;
    /** "192.168.1.10:6443": where clients find this server. */
    address: () => string;
    /** Told how many seconds the client certificate of each request is still valid. */
    onClientCertificate: (secondsLeft: number) => void;
}

/** How the API server knows who asks and what they may do, and answers questions about both. */
export interface Auth {
    authenticator: Authenticator;
    authorizer: ClusterAuthorizer;
    resources: ResourceHandler[];
    routes: NonResourceRoute[];
    metrics: () => Metric[];
    /** Believes these from now on, and no others. @throws Error for a bundle without a certificate */
    trust(authorities: TrustedAuthorities): void;
}

/** @throws RangeError where there is no issuer of service-account tokens. */
export function createAuth(options: AuthOptions, parts: AuthParts, lifecycle: Lifecycle): Auth {
    const { reader, logger } = parts;
    const { serviceAccounts } = options;
    const { issuers, tokenLifetimeMaxSeconds } = serviceAccounts;
    const [issuer] = issuers;
    if (issuer === undefined) throw new RangeError('there must be an issuer of service-account tokens');
    const audiences = audiencesOf(serviceAccounts);
    const keys = loadVerifyingKeys(serviceAccounts.publicKeys);
    const tokenUse = new TokenUseMetrics();
    const tokenCache = new TokenCacheMetrics();
    const tokens = new ServiceAccountTokens({
        keys,
        issuers,
        audiences,
        reader,
        clock: systemClock,
        metrics: tokenUse,
        markUsed: (secret, label) => {
            markUsed(parts, secret, label);
        },
    });
    const { follow, reloads, ...authorization } = options.authorization;
    const decisions = authorization.metrics ?? new AuthorizationMetrics();
    const authorizer = createAuthorizer({ ...authorization, metrics: decisions, reader });
    lifecycle.add({
        stop: () => {
            authorizer.stop();
        },
    });
    if (follow !== undefined) lifecycle.add(follow(authorizer));
    if (options.follow !== undefined) lifecycle.add(options.follow());
    const { bootstrapTokens = false, clientCa, requestHeader, ...authentication } = options.authentication;
    const clients = new CertificatePool(clientCa);
    const frontProxies = requestHeader && { ...requestHeader, ca: new CertificatePool(requestHeader.ca) };
    const authenticator = createAuthenticator({
        ...authentication,
        log: logger,
        clientCa: clients,
        onClientCertificate: parts.onClientCertificate,
        ...(frontProxies === undefined ? {} : { requestHeader: frontProxies }),
        serviceAccounts: tokens,
        audiences,
        tokenCache,
        ...(bootstrapTokens ? { bootstrapTokens: reader } : {}),
    });
    return {
        trust: (authorities) => {
            clients.replace(authorities.clientCa);
            frontProxies?.ca.replace(authorities.requestHeaderCa);
        },
        authenticator,
        authorizer,
        metrics: () => [
            ...tokenUse.source(),
            ...tokenCache.metrics(),
            ...decisions.metrics(),
            ...(reloads?.() ?? []),
            ...(options.metrics?.() ?? []),
        ],
        resources: reviewHandlers({
            authenticator,
            authorizer,
            reader,
            clock: systemClock,
            signingKey: loadSigningKey(serviceAccounts.privateKey),
            issuer,
            audiences,
            extendExpiration: serviceAccounts.extendExpiration ?? true,
            ...(tokenLifetimeMaxSeconds === undefined ? {} : { tokenLifetimeMaxSeconds }),
        }),
        routes: issuerDiscoveryRoutes({
            issuer,
            jwksUri: serviceAccounts.jwksUri,
            address: parts.address,
            keys,
        }),
    };
}

/** Audiences of the API server itself. */
export function audiencesOf({ audiences = [], issuers }: ServiceAccountOptions): readonly string[] {
    return audiences.length > 0 ? audiences : issuers;
}

/** Not waited for: the request whose token it is goes on. */
function markUsed(
    { client, logger }: AuthParts,
    secret: { namespace: string; name: string },
    label: { name: string; value: string },
): void {
    const body = { metadata: { labels: { [label.name]: label.value } } };
    client()
        .resource(secrets)
        .patch(secret, { type: 'merge', body })
        .catch((error: unknown) => {
            logger.debug({ err: error, secret }, 'the use of a token could not be written down');
        });
}
