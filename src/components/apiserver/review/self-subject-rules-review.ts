import type { V1SelfSubjectRulesReview } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ClusterAuthorizer } from '../authz/authorizer.ts';
import type { Identity } from '../identity.ts';

/** All that the caller may do in a namespace (`kubectl auth can-i --list`). */
export async function reviewSelfRules(
    identity: Identity,
    body: V1SelfSubjectRulesReview,
    { authorizer, admit }: { authorizer: ClusterAuthorizer; admit?: () => Promise<void> },
): Promise<V1SelfSubjectRulesReview> {
    const { namespace } = body.spec;
    if (!namespace) throw statusErrors.badRequest('no namespace on request');
    await admit?.();
    const { rules, incomplete, error } = authorizer.rulesFor(identity, namespace);
    const resourceRules = rules
        .filter(({ resources }) => resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
            verbs,
            ...(apiGroups?.length ? { apiGroups } : {}),
            ...(resources?.length ? { resources } : {}),
            ...(resourceNames?.length ? { resourceNames } : {}),
        }));
    const nonResourceRules = rules
        .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({
            verbs,
            ...(nonResourceURLs === undefined ? {} : { nonResourceURLs }),
        }));
    return {
        ...body,
        status: {
            incomplete,
            resourceRules,
            nonResourceRules,
            ...(error === '' ? {} : { evaluationError: error }),
        },
    };
}
