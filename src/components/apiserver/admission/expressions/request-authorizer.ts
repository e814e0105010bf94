import type { CelAuthorizationDecision, CelAuthorizer } from '../../../../api/cel/library/authorizer.ts';
import { serviceAccountIdentity } from '../../authn/service-account.ts';
import type { Authorizer, RequestAttributes } from '../../authorizer.ts';
import type { Identity } from '../../identity.ts';

/** `authorizer` in expressions about a request: what whoever makes it may do. */
export function requestAuthorizer(authorizer: Authorizer, identity: Identity): CelAuthorizer {
    return {
        authorize: ({ serviceAccount, verb, ...asked }) => {
            const subject =
                serviceAccount === undefined
                    ? identity
                    : serviceAccountIdentity(serviceAccount.namespace, serviceAccount.name);
            return decide(
                authorizer,
                subject,
                'path' in asked
                    ? { kind: 'nonResource', verb, path: asked.path }
                    : { kind: 'resource', version: '*', verb, ...asked },
            );
        },
    };
}

/** Expressions do not wait: an authorizer that asks somebody else decides nothing for them. */
function decide(
    authorizer: Authorizer,
    identity: Identity,
    attributes: RequestAttributes,
): CelAuthorizationDecision {
    try {
        const answer = authorizer.authorize(identity, attributes);
        if (!(answer instanceof Promise))
            return { allowed: answer.outcome === 'allow', reason: answer.reason };
        answer.catch(() => undefined);
        return undecided('the authorizer cannot be asked from an expression');
    } catch (error) {
        return undecided(error instanceof Error ? error.message : String(error));
    }
}

function undecided(error: string): CelAuthorizationDecision {
    return { allowed: false, reason: '', error };
}
