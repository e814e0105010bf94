import type {
    ApiObject,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1PolicyRule,
    V1Role,
    V1RoleBinding,
    V1RoleRef,
} from '../../../api/meta/object.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
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
 * Whether the identity may write what it likes into a role. `target.name` is that of the request's path, empty
 * for a POST: a permission to escalate on named roles says nothing about new ones.
 */
async function mayEscalate(
    authorizer: ClusterAuthorizer,
    { target, identity }: { target: RbacTarget; identity: Identity },
): Promise<boolean> {
    if (identity.groups.includes(mastersGroup)) return true;
    return await may(authorizer, identity, { ...target, verb: 'escalate' });
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
    const { definition, object, oldObject } = request;
    if (object === undefined) return;
    // The garbage collector takes away finalizers and owners without holding what the role gives.
    if (oldObject !== undefined && changesOnlyCollection(object, oldObject)) return;
    const target: RbacTarget = {
        resource: definition.plural as RbacTarget['resource'],
        namespace: request.namespace,
        name: request.name || (object.metadata?.name ?? ''),
    };
    if (definition.plural.endsWith('bindings')) {
        const { roleRef } = object as V1RoleBinding | V1ClusterRoleBinding;
        await checkBindingEscalation(authorizer, request.identity, { target, roleRef });
    } else {
        await guardRole(authorizer, { ...request, target, object });
    }
}

/**
 * All that a written role says has to be held, changed or not: a label alone can make other roles aggregate
 * it. Who has to do with selectors takes part in all that is ever aggregated, and must hold everything.
 */
async function guardRole(
    authorizer: ClusterAuthorizer,
    write: Pick<AdmissionRequest, 'identity' | 'pathName' | 'oldObject'> & {
        target: RbacTarget;
        object: ApiObject;
    },
): Promise<void> {
    const { target, identity } = write;
    const role: V1Role & V1ClusterRole = write.object;
    const question = { target: { ...target, name: write.pathName }, identity };
    if (await mayEscalate(authorizer, question)) return;
    confirmHeld(authorizer, identity, { target, rules: role.rules ?? [] });
    if (!hasSelectors(role) && !hasSelectors(write.oldObject)) return;
    const held = authorizer.rbacRules(identity, '');
    if (missingPermissions(held, everything).length === 0) return;
    throw statusErrors.forbidden(
        { group, resource: target.resource, name: target.name },
        'must have cluster-admin privileges to use the aggregationRule',
    );
}

function hasSelectors(role: V1ClusterRole | undefined): boolean {
    return (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
}

function changesOnlyCollection(object: ApiObject, old: ApiObject): boolean {
    const rest = ({ metadata, ...content }: ApiObject): object => {
        const { ownerReferences: _o, finalizers: _f, managedFields: _m, ...kept } = metadata ?? {};
        return { ...content, metadata: kept };
    };
    return semanticEqual(rest(object), rest(old));
}
