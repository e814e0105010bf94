import { type Clock, systemClock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { type AuthenticationMethod, type Authenticator, unionAuthenticator } from './method.ts';
import { CertificatePool } from './certificate-pool.ts';
import { clientCertificateMethod } from './client-certificate.ts';
import { requestHeaderMethod, type RequestHeaderOptions } from './request-header.ts';
import { serviceAccountMethod, type ServiceAccountTokens } from './service-account.ts';
import { tokenFileMethod } from './token-file.ts';

export interface AuthenticatorOptions {
    log: Logger;
    clock?: Clock;
    /** Bundle of authorities for client certificates (--client-ca-file), PEM. */
    clientCa?: string;
    /** Front proxies (--requestheader-*); `ca` is a PEM bundle. */
    requestHeader?: Omit<RequestHeaderOptions, 'pool'> & { ca: string };
    /** Content of --token-auth-file. */
    tokenFile?: string;
    serviceAccounts?: ServiceAccountTokens;
}

/** All configured ways to authenticate, in upstream's order. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
    const clock = options.clock ?? systemClock;
    const methods: AuthenticationMethod[] = [];
    if (options.requestHeader !== undefined) {
        const { ca, ...headers } = options.requestHeader;
        methods.push(requestHeaderMethod({ ...headers, pool: new CertificatePool(ca) }, clock));
    }
    if (options.clientCa !== undefined) {
        methods.push(clientCertificateMethod(new CertificatePool(options.clientCa), clock));
    }
    if (options.tokenFile !== undefined) methods.push(tokenFileMethod(options.tokenFile));
    if (options.serviceAccounts !== undefined) methods.push(serviceAccountMethod(options.serviceAccounts));
    return unionAuthenticator(methods, options.log);
}

export { anonymousAllowed, defaultAnonymousPaths } from './anonymous.ts';
export type { AuthenticationInput, Authenticator } from './method.ts';
export { ServiceAccountTokens } from './service-account.ts';
