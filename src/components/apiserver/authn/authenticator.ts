import { type Clock, systemClock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { ObjectReader } from '../object-reader.ts';
import { anonymousAllowed, type AnonymousPolicy } from './anonymous.ts';
import { bootstrapTokenMethod } from './bootstrap-token.ts';
import {
    type AuthenticationMethod,
    type Authenticator,
    bearerToken,
    TokenRejected,
    unionAuthenticator,
} from './method.ts';
import { CertificatePool } from './certificate-pool.ts';
import { clientCertificateMethod } from './client-certificate.ts';
import type { JwtAuthenticators } from './jwt/jwt-authenticators.ts';
import { requestHeaderMethod, type RequestHeaderOptions } from './request-header.ts';
import { serviceAccountMethod, type ServiceAccountTokens } from './service-account.ts';
import type { TokenCacheMetrics } from './token-cache-metrics.ts';
import { tokenFileMethod } from './token-file.ts';
import { silentReport } from './token-use.ts';
import { webhookTokenMethod, type WebhookTokenOptions } from './webhook-token.ts';

export interface AuthenticatorOptions {
    log: Logger;
    clock?: Clock;
    /** --anonymous-auth; absent: on public paths only. */
    anonymous?: AnonymousPolicy;
    /** Bundle of authorities for client certificates (--client-ca-file), PEM. */
    clientCa?: string | CertificatePool;
    /** Told how many seconds the certificate of each request is still valid. */
    onClientCertificate?: (secondsLeft: number) => void;
    /** Front proxies (--requestheader-*); `ca` is a PEM bundle. */
    requestHeader?: Omit<RequestHeaderOptions, 'pool'> & { ca: string | CertificatePool };
    /** Content of --token-auth-file. */
    tokenFile?: string;
    serviceAccounts?: ServiceAccountTokens;
    /** Where the Secrets of bootstrap tokens are; absent: --enable-bootstrap-token-auth=false. */
    bootstrapTokens?: ObjectReader;
    /** Issuers of tokens: --oidc-*, or those of --authentication-config. */
    jwt?: Pick<JwtAuthenticators, 'method'>;
    /** --authentication-token-webhook-*. */
    webhook?: Omit<WebhookTokenOptions, 'clock'>;
    /** Of the API server: what tokens are for whose method knows of none. */
    audiences?: readonly string[];
    /** Where it is counted how often tokens are known from before. */
    tokenCache?: TokenCacheMetrics;
}

/** All configured ways to authenticate, in upstream's order. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
    const clock = options.clock ?? systemClock;
    const union = unionAuthenticator(
        [...connectionMethods(options, clock), ...tokenMethods(options, clock)],
        { log: options.log, clock, audiences: options.audiences ?? [] },
    );
    const { tokenCache } = options;
    return {
        authenticate: async (input) => {
            if (tokenCache === undefined || bearerToken(input.authorization) === undefined) {
                return await union.authenticate(input);
            }
            const report = input.report ?? silentReport;
            return await tokenCache.follow(
                async (remembered) =>
                    await union.authenticate({ ...input, report: { ...report, remembered } }),
            );
        },
        review: async (token, audiences, report = silentReport) => {
            if (tokenCache === undefined) return await union.review(token, audiences, report);
            const found = await tokenCache.follow(
                async (remembered) => await union.review(token, audiences, { ...report, remembered }),
            );
            if (found === undefined) throw new TokenRejected('invalid bearer token');
            return found;
        },
        allowsAnonymous: (path) => anonymousAllowed(path, options.anonymous),
    };
}

/** What the connection itself proves. */
function connectionMethods(options: AuthenticatorOptions, clock: Clock): AuthenticationMethod[] {
    const methods: AuthenticationMethod[] = [];
    if (options.requestHeader !== undefined) {
        const { ca, ...headers } = options.requestHeader;
        methods.push(requestHeaderMethod({ ...headers, pool: poolOf(ca) }, clock));
    }
    if (options.clientCa !== undefined) {
        const pool = poolOf(options.clientCa);
        methods.push(clientCertificateMethod(pool, clock, options.onClientCertificate));
    }
    return methods;
}

function poolOf(bundle: string | CertificatePool): CertificatePool {
    return typeof bundle === 'string' ? new CertificatePool(bundle) : bundle;
}

/** Bearer tokens; those that cost a call elsewhere are last. */
function tokenMethods(options: AuthenticatorOptions, clock: Clock): AuthenticationMethod[] {
    const { tokenFile, serviceAccounts, bootstrapTokens, jwt, webhook } = options;
    const methods: AuthenticationMethod[] = [];
    if (tokenFile !== undefined) methods.push(tokenFileMethod(tokenFile));
    if (serviceAccounts !== undefined) methods.push(serviceAccountMethod(serviceAccounts));
    if (bootstrapTokens !== undefined) methods.push(bootstrapTokenMethod(bootstrapTokens, clock));
    if (jwt !== undefined) methods.push(jwt.method);
    if (webhook !== undefined) methods.push(webhookTokenMethod({ ...webhook, clock }));
    return methods;
}

export { anonymousAllowed, defaultAnonymousPaths } from './anonymous.ts';
export type { AuthenticationInput, Authenticator } from './method.ts';
export { ServiceAccountTokens } from './service-account.ts';
