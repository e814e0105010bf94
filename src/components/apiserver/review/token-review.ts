import type { V1TokenReview } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { TokenRejected } from '../authn/method.ts';
import type { TokenReport } from '../authn/token-use.ts';
import { userInfo } from './user-info.ts';

export interface TokenReviewOptions {
    authenticator: Authenticator;
    /** Audiences of the API server itself, meant when the review names none. */
    apiAudiences: readonly string[];
    /** Hears what is to be said about the token. */
    report?: TokenReport;
    /** Asked before the token is looked at: throws where the review may not be asked. */
    admit?(): Promise<void>;
}

/** Says whose token it is. A bad token is an answer ("authenticated: false"), not an error. */
export async function reviewToken(body: V1TokenReview, options: TokenReviewOptions): Promise<V1TokenReview> {
    // Clients leave out what the type asks for.
    const { token, audiences } = body.spec as Partial<V1TokenReview['spec']>;
    if (!token) throw statusErrors.badRequest('token is required for TokenReview in authentication');
    await options.admit?.();
    const wanted = audiences?.length ? audiences : options.apiAudiences;
    try {
        const found = await options.authenticator.review(token, wanted, options.report);
        const user = userInfo(found.identity);
        return { ...body, status: { authenticated: true, user, audiences: [...found.audiences] } };
    } catch (error) {
        if (!(error instanceof TokenRejected)) throw error;
        return { ...body, status: { user: {}, error: error.message } };
    }
}
