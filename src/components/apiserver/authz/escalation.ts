import type {
    ApiObject,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1PolicyRule,
    V1Role,
    V1RoleBinding,
    V1RoleRef,
} from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { ResourceAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { type ClusterAuthorizer, mastersGroup } from './authorizer.ts';
import { compactRules, missingPermissions, quotedList, ruleText } from './rule.ts';

const group = 'rbac.authorization.k8s.io';
const everything: readonly V1PolicyRule[] = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** The role or binding that somebody wants to write. */
export interface RbacTarget {
    resource: 'roles' | 'clusterroles' | 'rolebindings' | 'clusterrolebindings';
    namespace: string;
    name: string;
}

/**
 * Throws forbidden unless the identity itself holds all `rules` in the target's namespace, or may
 * "escalate" on the role.
 */
export async function checkRoleEscalation(
    authorizer: ClusterAuthorizer,
    identity: Identity,
    { target, rules }: { target: RbacTarget; rules: readonly V1PolicyRule[] },
): Promise<void> {
    if (identity.groups.includes(mastersGroup)) return;
    if (await may(authorizer, identity, { ...target, verb: 'escalate' })) return;
    confirmHeld(authorizer, identity, { target, rules });
}

/** Throws forbidden unless the identity may "bind" the role, or itself holds all that the role gives. */
export async function checkBindingEscalation(
    authorizer: ClusterAuthorizer,
    identity: Identity,
    { target, roleRef }: { target: RbacTarget; roleRef: V1RoleRef },
): Promise<void> {
    if (identity.groups.includes(mastersGroup)) return;
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    const question = { resource, namespace: target.namespace, name: roleRef.name, verb: 'bind' } as const;
    if (await may(authorizer, identity, question)) return;
    const rules = authorizer.roleRules(roleRef, target.namespace);
    if (rules === undefined) {
        throw statusErrors.notFound({ group, resource, name: roleRef.name });
    }
    confirmHeld(authorizer, identity, { target, rules });
}

async function may(
    authorizer: ClusterAuthorizer,
    identity: Identity,
    question: RbacTarget & { verb: string },
): Promise<boolean> {
    const attributes: ResourceAttributes = {
        kind: 'resource',
        group,
        version: 'v1',
        subresource: '',
        ...question,
    };
    return (await authorizer.authorize(identity, attributes)).outcome === 'allow';
}

function confirmHeld(
    authorizer: ClusterAuthorizer,
    identity: Identity,
    { target, rules }: { target: RbacTarget; rules: readonly V1PolicyRule[] },
): void {
    const held = authorizer.rbacRules(identity, target.namespace);
    const missing = missingPermissions(held, rules);
    if (missing.length === 0) return;
    const texts = [...new Set(compactRules(missing).map(ruleText))].sort();
    throw statusErrors.forbidden(
        { group, resource: target.resource, name: target.name },
        `user ${JSON.stringify(identity.username)} (groups=${quotedList(identity.groups)}) is attempting ` +
            `to grant RBAC permissions not currently held:\n${texts.join('\n')}`,
    );
}

const guarded: readonly string[] = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'];

/**
 * Keeps everybody from granting more than they have. Upstream does this in the storage of the RBAC
 * resources; here it stands among the admission plugins, and cannot be disabled.
 */
export function createEscalationGuard(authorizer: ClusterAuthorizer): AdmissionPlugin {
    return {
        name: 'RBACEscalation',
        handles: ({ definition, operation, subresource }) =>
            definition.group === group &&
            guarded.includes(definition.plural) &&
            subresource === '' &&
            (operation === 'CREATE' || operation === 'UPDATE'),
        async validate(request) {
            await guard(authorizer, request);
        },
    };
}

async function guard(authorizer: ClusterAuthorizer, request: AdmissionRequest): Promise<void> {
    const { definition, namespace, name, object, oldObject, identity } = request;
    if (object === undefined) return;
    const target: RbacTarget = {
        resource: definition.plural as RbacTarget['resource'],
        namespace,
        name: name || (object.metadata?.name ?? ''),
    };
    if (definition.plural.endsWith('bindings')) {
        const { roleRef, subjects } = object as V1RoleBinding | V1ClusterRoleBinding;
        if (oldObject !== undefined) {
            const old = oldObject as V1RoleBinding | V1ClusterRoleBinding;
            if (same(old.subjects, subjects) && same(old.roleRef, roleRef)) return;
        }
        await checkBindingEscalation(authorizer, identity, { target, roleRef });
        return;
    }
    await guardRole(authorizer, { target, identity, object, oldObject });
}

async function guardRole(
    authorizer: ClusterAuthorizer,
    write: {
        target: RbacTarget;
        identity: Identity;
        object: ApiObject;
        oldObject: ApiObject | undefined;
    },
): Promise<void> {
    const role = write.object as V1Role & V1ClusterRole;
    const old = write.oldObject as (V1Role & V1ClusterRole) | undefined;
    const { target, identity } = write;
    if (!(old !== undefined && same(old.rules, role.rules))) {
        await checkRoleEscalation(authorizer, identity, { target, rules: role.rules ?? [] });
    }
    // Who sets the selectors takes part in all that is ever aggregated.
    if (role.aggregationRule !== undefined && !same(old?.aggregationRule, role.aggregationRule)) {
        await checkRoleEscalation(authorizer, identity, { target, rules: everything });
    }
}

function same(a: unknown, b: unknown): boolean {
    return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
