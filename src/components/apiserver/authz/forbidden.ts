import { type StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import type { Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';

/** `User "jane" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function forbiddenMessage(identity: Identity, attributes: RequestAttributes): string {
    const user = `User ${JSON.stringify(identity.username)}`;
    if (attributes.kind === 'nonResource') {
        return `${user} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}`;
    }
    const { verb, group, resource, subresource, namespace } = attributes;
    const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
    return `${user} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}

/** The 403 answer to a request that was not allowed. */
export function forbiddenError(
    identity: Identity,
    attributes: RequestAttributes,
    decision: Decision,
): StatusError {
    const message = forbiddenMessage(identity, attributes);
    const why = decision.reason === '' ? message : `${message}: ${decision.reason}`;
    if (attributes.kind === 'nonResource') return statusErrors.forbidden({}, why);
    const { group, resource, name } = attributes;
    return statusErrors.forbidden({ group, resource, name }, why);
}
