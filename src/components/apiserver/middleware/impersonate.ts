import { isDns1123Label, isDns1123Subdomain } from '../../../api/meta/name-formats.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { forbiddenError } from '../authz/forbidden.ts';
import type { Authorizer, ResourceAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { type ApiRequest, headerOf, type Middleware } from '../request.ts';

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

const authenticated = 'system:authenticated';
const unauthenticated = 'system:unauthenticated';

/** Lets a request act as somebody else (`Impersonate-*` headers), each part authorized on its own. */
export function impersonate(authorizer: Authorizer): Middleware {
    return async (request, next) => {
        const wanted = request.origin.type === 'http' ? wantedIdentity(request) : undefined;
        if (wanted === undefined) return await next();
        for (const attributes of checksOf(wanted)) {
            const decision = await authorizer.authorize(request.identity, attributes);
            if (decision.outcome !== 'allow') throw forbiddenError(request.identity, attributes, decision);
        }
        request.identity = { ...wanted, groups: effectiveGroups(wanted) };
        return await next();
    };
}

/** What the requester has to be allowed, in upstream's order: its refusal names the first that is missing. */
function checksOf({ username, uid, groups, extra }: Identity): ResourceAttributes[] {
    return [
        userCheck(username),
        ...groups.map((group) => check({ group: '', resource: 'groups', name: group })),
        ...Object.entries(extra).flatMap(([key, values]) =>
            values.map((value) =>
                check({
                    group: 'authentication.k8s.io',
                    resource: 'userextras',
                    subresource: key,
                    name: value,
                }),
            ),
        ),
        ...(uid === '' ? [] : [check({ group: 'authentication.k8s.io', resource: 'uids', name: uid })]),
    ];
}

function wantedIdentity(request: ApiRequest): Identity | undefined {
    const username = headerOf(request, 'impersonate-user') ?? '';
    const groups = valuesOf(request.headers['impersonate-group']);
    const uid = headerOf(request, 'impersonate-uid') ?? '';
    const extra = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of Object.entries(request.headers)) {
        if (!name.startsWith(extraPrefix)) continue;
        // Different spellings of one key are one key.
        const key = decodeKey(name.slice(extraPrefix.length));
        extra[key] = [...(extra[key] ?? []), ...valuesOf(value)];
    }
    if (username !== '') return { username, uid, groups, extra };
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0) {
        throw statusErrors.badRequest(
            `requested ${requested({ uid, groups, extra })} without impersonating a user`,
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

/** What was asked for, as upstream prints a list of ObjectReferences. */
function requested({ uid, groups, extra }: Pick<Identity, 'uid' | 'groups' | 'extra'>): string {
    const version = 'authentication.k8s.io/v1';
    const parts = [
        ...groups.map((group) => referenceText({ kind: 'Group', name: group })),
        ...Object.entries(extra).flatMap(([key, values]) =>
            values.map((value) => referenceText({ kind: 'UserExtra', name: value, version, path: key })),
        ),
        ...(uid === '' ? [] : [referenceText({ kind: 'UID', name: uid, version })]),
    ];
    return `[${parts.join(' ')}]`;
}

/** Go's %v of an ObjectReference: kind, namespace, name, uid, API version, resource version, field path. */
function referenceText(about: { kind: string; name: string; version?: string; path?: string }): string {
    return `{${[about.kind, '', about.name, '', about.version ?? '', '', about.path ?? ''].join(' ')}}`;
}

function check(
    about: Pick<ResourceAttributes, 'group' | 'resource' | 'name'> & Partial<ResourceAttributes>,
): ResourceAttributes {
    return {
        kind: 'resource',
        verb: 'impersonate',
        version: about.group === '' ? '' : 'v1',
        subresource: '',
        namespace: '',
        ...about,
    };
}

function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
    if (!username.startsWith(serviceAccountPrefix)) return undefined;
    const [namespace, name, ...more] = username.slice(serviceAccountPrefix.length).split(':');
    if (!namespace || !name || more.length > 0) return undefined;
    const isValid = isDns1123Label(namespace).length === 0 && isDns1123Subdomain(name).length === 0;
    return isValid ? { namespace, name } : undefined;
}

function userCheck(username: string): ResourceAttributes {
    const account = serviceAccountOf(username);
    return account === undefined
        ? check({ group: '', resource: 'users', name: username })
        : check({ group: '', resource: 'serviceaccounts', ...account });
}

/**
 * A service account without named groups is in those of its own. A user is in the group of all users, unless
 * the request says otherwise by naming the group of those who are none.
 */
function effectiveGroups({ username, groups }: Identity): string[] {
    const account = serviceAccountOf(username);
    const named =
        groups.length === 0 && account !== undefined
            ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
            : [...groups];
    if (named.includes(unauthenticated)) return named;
    if (username === 'system:anonymous') return [...named, unauthenticated];
    return named.includes(authenticated) ? named : [...named, authenticated];
}
