import { statusErrors } from '../../../api/meta/status-error.ts';
import { anonymousAllowed } from '../authn/anonymous.ts';
import type { Authenticator } from '../authn/method.ts';
import type { TokenReport } from '../authn/token-use.ts';
import { anonymous, type Identity } from '../identity.ts';
import type { ChainMetrics } from '../metrics/chain-metrics.ts';
import { annotate, type ApiRequest, headerOf, type Middleware } from '../request.ts';

/** Sets the identity: given inside the process, else proved by certificate, token or front proxy. */
export function authenticate(authenticator: Authenticator, metrics?: ChainMetrics): Middleware {
    const mayBeAnonymous = (path: string): boolean =>
        authenticator.allowsAnonymous?.(path) ?? anonymousAllowed(path);
    return async (request, next) => {
        const { origin } = request;
        if (origin.type === 'inProcess') {
            request.identity = origin.identity;
            return await next();
        }
        const startMs = performance.now();
        const took = (): number => (performance.now() - startMs) / 1000;
        const authenticating = authenticator.authenticate({
            authorization: headerOf(request, 'authorization'),
            peerCertificate: origin.peerCertificate,
            peerIntermediates: origin.peerIntermediates,
            headers: request.headers,
            report: reportTo(request),
        });
        let identity: Identity | undefined;
        try {
            identity = await authenticating;
        } catch (error) {
            metrics?.authenticated('error', took());
            throw error;
        }
        const isRefused = identity === undefined && !mayBeAnonymous(request.path);
        const username = isRefused ? undefined : (identity ?? anonymous).username;
        metrics?.authenticated(isRefused ? 'failure' : 'success', took(), username);
        if (isRefused) throw statusErrors.unauthorized();
        request.identity = identity ?? anonymous;
        return await next();
    };
}

/** What authenticators say besides goes into the request's audit events and the answer's warnings. */
export function reportTo(request: ApiRequest): TokenReport {
    return {
        annotate: (key, value) => {
            annotate(request, key, value);
        },
        warn: (message) => {
            request.warnings.push(message);
        },
    };
}
