import type { Authorizer, RequestAttributes } from '../../authorizer.ts';
import type { Identity } from '../../identity.ts';
import { authorizeIdentity, require } from './identity-checks.ts';
import { nodeOf, runsOn, serviceAccountOf } from './user-names.ts';

/** Who wants to do what as whom. */
export interface Impersonation {
    requester: Identity;
    wanted: Identity;
    /** Of the request itself. */
    attributes: RequestAttributes;
}

export interface Impersonated {
    identity: Identity;
    /** The verb that allowed it, for the audit log; empty for the legacy one. */
    constraint: string;
}

/**
 * A way in which it may be allowed to act as somebody. Gives undefined when it is none for this identity; rejects
 * with Forbidden when it is, and the requester may not.
 */
export type ImpersonationMode = (asked: Impersonation) => Promise<Impersonated | undefined>;

/**
 * In upstream's order. The constrained ones ask two questions: whether the requester may do what the request does
 * while it acts in this mode ("impersonate-on:user-info:list"), and whether it may act as this identity
 * ("impersonate:user-info"). The legacy one asks the second alone, as "impersonate".
 */
export function impersonationModes(authorizer: Authorizer): readonly ImpersonationMode[] {
    const modes = [associatedNode, arbitraryNode, serviceAccount, userInfo];
    return [...modes.map((mode) => constrained(authorizer, mode)), legacy(authorizer)];
}

interface ConstrainedMode {
    name: string;
    isMeant: (asked: Impersonation) => boolean;
    /** How the requester is shown to authorizers. Default: as it is. */
    shown?: (requester: Identity) => Identity;
    /** The right is one for all nodes. */
    anyNode?: boolean;
}

function constrained(
    authorizer: Authorizer,
    { name, isMeant, shown = (requester) => requester, anyNode = false }: ConstrainedMode,
): ImpersonationMode {
    const verb = `impersonate:${name}`;
    return async (asked) => {
        if (!isMeant(asked)) return undefined;
        const { wanted, attributes } = asked;
        const requester = shown(asked.requester);
        const on = { ...attributes, verb: `impersonate-on:${name}:${attributes.verb}` };
        await require({ authorizer, requester }, on);
        const checks = { authorizer, requester, verb, isConstrained: true, anyNode };
        return { identity: await authorizeIdentity(checks, wanted), constraint: verb };
    };
}

/**
 * Agents on nodes act as the node that they run on: a permission for all nodes, since it is known that it is used for
 * one. Authorizers are shown which extras the requester has, not what is in them.
 */
const associatedNode: ConstrainedMode = {
    name: 'associated-node',
    isMeant: ({ requester, wanted }) => {
        const node = hasNameAlone(wanted) ? nodeOf(wanted.username) : undefined;
        return node !== undefined && runsOn(requester, node);
    },
    shown: (requester) => ({
        ...requester,
        extra: {
            'authentication.kubernetes.io/associated-node-keys': Object.keys(requester.extra).sort(),
        },
    }),
    anyNode: true,
};

const arbitraryNode: ConstrainedMode = {
    name: 'arbitrary-node',
    isMeant: ({ wanted }) => hasNameAlone(wanted) && nodeOf(wanted.username) !== undefined,
};

const serviceAccount: ConstrainedMode = {
    name: 'serviceaccount',
    isMeant: ({ wanted }) => hasNameAlone(wanted) && serviceAccountOf(wanted.username) !== undefined,
};

const userInfo: ConstrainedMode = {
    name: 'user-info',
    isMeant: ({ wanted: { username } }) =>
        nodeOf(username) === undefined && serviceAccountOf(username) === undefined,
};

function legacy(authorizer: Authorizer): ImpersonationMode {
    return async ({ requester, wanted }) => {
        const checks = { authorizer, requester, verb: 'impersonate', isConstrained: false };
        return { identity: await authorizeIdentity(checks, wanted), constraint: '' };
    };
}

function hasNameAlone({ uid, groups, extra }: Identity): boolean {
    return uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
}
