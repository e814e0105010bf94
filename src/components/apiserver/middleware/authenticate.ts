import { statusErrors } from '../../../api/meta/status-error.ts';
import { anonymousAllowed } from '../authn/anonymous.ts';
import type { Authenticator } from '../authn/method.ts';
import { anonymous } from '../identity.ts';
import { headerOf, type Middleware } from '../request.ts';

/** Sets the identity: given inside the process, else proved by certificate, token or front proxy. */
export function authenticate(authenticator: Authenticator): Middleware {
    const mayBeAnonymous = (path: string): boolean =>
        authenticator.allowsAnonymous?.(path) ?? anonymousAllowed(path);
    return async (request, next) => {
        const { origin } = request;
        if (origin.type === 'inProcess') {
            request.identity = origin.identity;
            return await next();
        }
        const identity = await authenticator.authenticate({
            authorization: headerOf(request, 'authorization'),
            peerCertificate: origin.peerCertificate,
            peerIntermediates: origin.peerIntermediates,
            headers: request.headers,
        });
        if (identity === undefined && !mayBeAnonymous(request.path)) throw statusErrors.unauthorized();
        request.identity = identity ?? anonymous;
        return await next();
    };
}
