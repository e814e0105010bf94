import type { V1TokenReview } from '../../../api/meta/object.ts';
import { isReason, statusErrors } from '../../../api/meta/status-error.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { CredentialError } from '../authn/method.ts';
import type { ServiceAccountTokens } from '../authn/service-account.ts';
import type { TokenReport } from '../authn/token-use.ts';
import { userInfo } from './user-info.ts';

export interface TokenReviewOptions {
    authenticator: Authenticator;
    /** Asked first, because it alone knows other audiences than the API server's. */
    serviceAccounts: ServiceAccountTokens | undefined;
    /** Audiences of the API server itself, meant when the review names none. */
    apiAudiences: readonly string[];
    /** Hears what is to be said about the token. */
    report?: TokenReport;
    /** Asked before the token is looked at: throws where the review may not be asked. */
    admit?(): Promise<void>;
}

/** Says whose token it is. A bad token is an answer ("authenticated: false"), not an error. */
export async function reviewToken(body: V1TokenReview, options: TokenReviewOptions): Promise<V1TokenReview> {
    const { report } = options;
    // Clients leave out what the type asks for.
    const { token, audiences } = body.spec as Partial<V1TokenReview['spec']>;
    if (!token) throw statusErrors.badRequest('token is required for TokenReview in authentication');
    await options.admit?.();
    const wanted = audiences?.length ? audiences : options.apiAudiences;
    const answer = (status: V1TokenReview['status']): V1TokenReview => ({ ...body, status });
    try {
        const account = options.serviceAccounts?.authenticate(token, wanted, report);
        if (account !== undefined) {
            const user = userInfo(account.identity);
            return answer({ authenticated: true, user, audiences: account.audiences });
        }
        const common = wanted.filter((audience) => options.apiAudiences.includes(audience));
        if (common.length === 0) return answer({ user: {} });
        const identity = await options.authenticator.authenticate({
            authorization: `Bearer ${token}`,
            peerCertificate: undefined,
            headers: {},
            ...(report === undefined ? {} : { report }),
        });
        if (identity === undefined) return answer({ user: {} });
        return answer({ authenticated: true, user: userInfo(identity), audiences: common });
    } catch (error) {
        if (error instanceof CredentialError) return answer({ user: {}, error: error.message });
        if (isReason(error, 'Unauthorized')) return answer({ user: {}, error: 'invalid bearer token' });
        throw error;
    }
}
