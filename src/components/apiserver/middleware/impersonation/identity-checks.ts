import { domainPrefixedPathErrors } from '../../../../api/meta/domain-prefixed-path.ts';
import { formatFieldError, joinProblems } from '../../../../api/meta/field-error.ts';
import { forbiddenError } from '../../authz/forbidden.ts';
import type { Authorizer, RequestAttributes, ResourceAttributes } from '../../authorizer.ts';
import type { Identity } from '../../identity.ts';
import { nodeOf, serviceAccountOf } from './user-names.ts';

const authenticated = 'system:authenticated';
const unauthenticated = 'system:unauthenticated';
/** From so many on, it is asked first whether all of them are allowed. */
const manyChecks = 4;

/** Who asks, and by which verb: "impersonate", or "impersonate:user-info" of one of the constrained modes. */
export interface IdentityChecks {
    authorizer: Authorizer;
    requester: Identity;
    verb: string;
    isConstrained: boolean;
    /** To act as a node needs the right for all of them. */
    anyNode?: boolean;
}

/**
 * Whether the requester may act as somebody, each part of the identity authorized on its own. Gives who that is
 * then, with the groups that the name implies. Rejects with Forbidden for the first part that is not allowed.
 */
export async function authorizeIdentity(checks: IdentityChecks, wanted: Identity): Promise<Identity> {
    const groups = impliedGroups(checks, wanted);
    await require(checks, nameAttributes(checks, wanted.username));
    if (wanted.uid !== '') {
        await require(checks, attributes(checks, { resource: 'uids', name: wanted.uid }));
    }
    await authorizeGroups(checks, wanted.groups);
    await authorizeExtra(checks, wanted.extra);
    return { ...wanted, groups: effectiveGroups(wanted.username, groups) };
}

/** Rejects with Forbidden unless the requester may do this. */
export async function require(
    { authorizer, requester }: Pick<IdentityChecks, 'authorizer' | 'requester'>,
    about: RequestAttributes,
): Promise<void> {
    const decision = await authorizer.authorize(requester, about);
    if (decision.outcome === 'allow') return;
    const { error, reason } = decision;
    const why = [error, reason].filter((text) => text !== undefined && text !== '').join(': ');
    throw forbiddenError(requester, about, { ...decision, reason: why });
}

type Part = Pick<ResourceAttributes, 'resource' | 'name'> & Partial<ResourceAttributes>;

function attributes({ verb }: IdentityChecks, part: Part): ResourceAttributes {
    return {
        kind: 'resource',
        verb,
        group: 'authentication.k8s.io',
        version: 'v1',
        subresource: '',
        namespace: '',
        ...part,
    };
}

/** The legacy verb asks for users and groups in the core group. */
function groupOf({ isConstrained }: IdentityChecks): Partial<ResourceAttributes> {
    return isConstrained ? {} : { group: '' };
}

function nameAttributes(checks: IdentityChecks, username: string): ResourceAttributes {
    const account = serviceAccountOf(username);
    const node = checks.isConstrained ? nodeOf(username) : undefined;
    const part: Part =
        account !== undefined
            ? { resource: 'serviceaccounts', ...account }
            : node !== undefined
              ? { resource: 'nodes', name: checks.anyNode === true ? '*' : node }
              : { resource: 'users', name: username };
    return attributes(checks, { ...part, ...groupOf(checks) });
}

/** A node has the groups of nodes; a service account without named groups those of its own. */
function impliedGroups({ isConstrained }: IdentityChecks, { username, groups }: Identity): readonly string[] {
    const account = serviceAccountOf(username);
    if (account !== undefined && groups.length === 0) {
        return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
    }
    return isConstrained && nodeOf(username) !== undefined ? ['system:nodes'] : groups;
}

async function authorizeGroups(checks: IdentityChecks, groups: readonly string[]): Promise<void> {
    if (groups.length === 0) return;
    const about = (name: string): ResourceAttributes =>
        attributes(checks, { resource: 'groups', name, ...groupOf(checks) });
    if (checks.isConstrained) {
        if (groups.includes('')) {
            throw refusal(checks, about(''), 'impersonating the empty string group is not allowed');
        }
        const masters = 'system:masters';
        if (groups.includes(masters)) {
            throw refusal(checks, about(masters), 'impersonating the system:masters group is not allowed');
        }
        if (groups.length >= manyChecks && (await isAllowed(checks, about('*')))) return;
    }
    for (const group of groups) await require(checks, about(group));
}

async function authorizeExtra(checks: IdentityChecks, extra: Identity['extra']): Promise<void> {
    const pairs = Object.entries(extra).flatMap(([key, values]) =>
        values.map((value) => [key, value] as const),
    );
    const about = (subresource: string, name: string): ResourceAttributes =>
        attributes(checks, { resource: 'userextras', subresource, name });
    if (checks.isConstrained) {
        const why = extraProblem(extra);
        if (why !== undefined) throw refusal(checks, about('', ''), why);
        if (pairs.length >= manyChecks && (await isAllowed(checks, about('*', '*')))) return;
    }
    for (const [key, value] of pairs) await require(checks, about(key, value));
}

function extraProblem(extra: Identity['extra']): string | undefined {
    for (const [key, values] of Object.entries(extra)) {
        if (key === '') return 'impersonating the empty string key in extra is not allowed';
        const errors = domainPrefixedPathErrors('extra.key', key);
        if (errors.length > 0) {
            const why = joinProblems(errors.map(formatFieldError));
            return `impersonating an invalid key in extra is not allowed: ${why}`;
        }
        if (key !== key.toLowerCase()) {
            return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
        }
        if (values.length === 0) return 'impersonating empty values in extra is not allowed';
        if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
    }
    return undefined;
}

function refusal({ requester }: IdentityChecks, about: ResourceAttributes, reason: string): Error {
    return forbiddenError(requester, about, { outcome: 'deny', reason });
}

async function isAllowed(
    { authorizer, requester }: IdentityChecks,
    about: ResourceAttributes,
): Promise<boolean> {
    return (await authorizer.authorize(requester, about)).outcome === 'allow';
}

/** A user is in the group of all users, unless the request says otherwise by naming the group of those who are none. */
function effectiveGroups(username: string, groups: readonly string[]): readonly string[] {
    const wanted = username === 'system:anonymous' ? unauthenticated : authenticated;
    const isIn = groups.includes(wanted) || groups.includes(unauthenticated);
    return isIn ? groups : [...groups, wanted];
}
