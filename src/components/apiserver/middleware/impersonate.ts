import { statusErrors } from '../../../api/meta/status-error.ts';
import { forbiddenError } from '../authz/forbidden.ts';
import type { Authorizer, ResourceAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { type ApiRequest, headerOf, type Middleware } from '../request.ts';

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

/** Lets a request act as somebody else (`Impersonate-*` headers), each part authorized on its own. */
export function impersonate(authorizer: Authorizer): Middleware {
    return async (request, next) => {
        const wanted = request.origin.type === 'http' ? wantedIdentity(request) : undefined;
        if (wanted === undefined) return await next();
        const checks = [
            userCheck(wanted.username),
            ...wanted.groups.map((group) => check('', 'groups', { name: group })),
            ...(wanted.uid === '' ? [] : [check('authentication.k8s.io', 'uids', { name: wanted.uid })]),
            ...Object.entries(wanted.extra).flatMap(([key, values]) =>
                values.map((value) =>
                    check('authentication.k8s.io', 'userextras', { subresource: key, name: value }),
                ),
            ),
        ];
        for (const attributes of checks) {
            const decision = await authorizer.authorize(request.identity, attributes);
            if (decision.outcome !== 'allow') throw forbiddenError(request.identity, attributes, decision);
        }
        request.identity = { ...wanted, groups: effectiveGroups(wanted) };
        return await next();
    };
}

function wantedIdentity(request: ApiRequest): Identity | undefined {
    const username = headerOf(request, 'impersonate-user') ?? '';
    const groups = valuesOf(request.headers['impersonate-group']);
    const uid = headerOf(request, 'impersonate-uid') ?? '';
    const extra: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(request.headers)) {
        if (!name.startsWith(extraPrefix)) continue;
        extra[decodeKey(name.slice(extraPrefix.length))] = valuesOf(value);
    }
    if (username !== '') return { username, uid, groups, extra };
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0) {
        throw statusErrors.badRequest(
            'requested impersonation of groups, uid or extra without impersonating a user',
        );
    }
    return undefined;
}

const valuesOf = (value: string | string[] | undefined): string[] =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Keys are percent-encoded, because header names cannot hold every character. */
function decodeKey(key: string): string {
    try {
        return decodeURIComponent(key);
    } catch {
        return key;
    }
}

function check(
    group: string,
    resource: string,
    about: { subresource?: string; namespace?: string; name: string },
): ResourceAttributes {
    return {
        kind: 'resource',
        verb: 'impersonate',
        group,
        version: 'v1',
        resource,
        subresource: '',
        namespace: '',
        ...about,
    };
}

function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
    if (!username.startsWith(serviceAccountPrefix)) return undefined;
    const [namespace, name, ...more] = username.slice(serviceAccountPrefix.length).split(':');
    return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

function userCheck(username: string): ResourceAttributes {
    const account = serviceAccountOf(username);
    return account === undefined
        ? check('', 'users', { name: username })
        : check('', 'serviceaccounts', account);
}

/** A user always is in the group of all users; a service account without named groups in its own. */
function effectiveGroups({ username, groups }: Identity): string[] {
    const account = serviceAccountOf(username);
    const named =
        groups.length === 0 && account !== undefined
            ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
            : [...groups];
    const everybody = username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
    return named.includes(everybody) ? named : [...named, everybody];
}
