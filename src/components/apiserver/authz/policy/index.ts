import type {
    RbacV1Subject,
    V1ClusterRole,
    V1ClusterRoleBinding,
    V1ObjectMeta,
    V1PolicyRule,
    V1Role,
    V1RoleBinding,
} from '../../../../api/meta/object.ts';
import { controllerRoles } from './controller-roles.ts';
import { eventsRule, read, rule } from './rule-builder.ts';
import { systemRoles } from './system-roles.ts';
import { adminRules, editRules, viewRules } from './user-roles.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;
/** "false" on an object keeps the reconciliation at start away from it. */
export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';

export interface BootstrapPolicy {
    clusterRoles: V1ClusterRole[];
    clusterRoleBindings: V1ClusterRoleBinding[];
    roles: V1Role[];
    roleBindings: V1RoleBinding[];
}

/** All roles and bindings that every cluster has, as objects. */
export function bootstrapPolicy(): BootstrapPolicy {
    return {
        clusterRoles: [
            ...named(systemRoles, ''),
            ...aggregatedRoles(),
            ...named(controllerRoles, 'system:controller:'),
        ],
        clusterRoleBindings: [...systemBindings(), ...controllerBindings()],
        roles: namespacedRoles(),
        roleBindings: namespacedBindings(),
    };
}

function meta(name: string, more: Partial<V1ObjectMeta> = {}): V1ObjectMeta {
    return {
        name,
        ...more,
        annotations: { [autoUpdateAnnotation]: 'true' },
        labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...more.labels },
    };
}

function clusterRole(name: string, rules: readonly V1PolicyRule[], labels = {}): V1ClusterRole {
    return { apiVersion, kind: 'ClusterRole', metadata: meta(name, { labels }), rules: [...rules] };
}

function named(roles: Readonly<Record<string, readonly V1PolicyRule[]>>, prefix: string): V1ClusterRole[] {
    return Object.entries(roles).map(([name, rules]) => clusterRole(`${prefix}${name}`, rules));
}

/** view ⊂ edit ⊂ admin, each open for further roles that carry its label. */
function aggregatedRoles(): V1ClusterRole[] {
    const label = (name: string) => ({ [`${group}/aggregate-to-${name}`]: 'true' });
    const aggregate = (name: string, labels = {}): V1ClusterRole => ({
        apiVersion,
        kind: 'ClusterRole',
        metadata: meta(name, { labels }),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: label(name) }] },
    });
    return [
        aggregate('admin'),
        aggregate('edit', label('admin')),
        aggregate('view', label('edit')),
        clusterRole('system:aggregate-to-admin', adminRules, label('admin')),
        clusterRole('system:aggregate-to-edit', editRules, label('edit')),
        clusterRole('system:aggregate-to-view', viewRules, label('view')),
    ];
}

const user = (name: string): RbacV1Subject => ({ apiGroup: group, kind: 'User', name });
const members = (name: string): RbacV1Subject => ({ apiGroup: group, kind: 'Group', name });
const account = (name: string): RbacV1Subject => ({
    kind: 'ServiceAccount',
    name,
    namespace: 'kube-system',
});

function binding(name: string, subjects: RbacV1Subject[], role = name): V1ClusterRoleBinding {
    return {
        apiVersion,
        kind: 'ClusterRoleBinding',
        metadata: meta(name),
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
        ...(subjects.length === 0 ? {} : { subjects }),
    };
}

function systemBindings(): V1ClusterRoleBinding[] {
    return [
        binding('cluster-admin', [members('system:masters')]),
        binding('system:monitoring', [members('system:monitoring')]),
        binding('system:discovery', [members('system:authenticated')]),
        binding('system:basic-user', [members('system:authenticated')]),
        binding('system:public-info-viewer', [
            members('system:authenticated'),
            members('system:unauthenticated'),
        ]),
        binding('system:node-proxier', [user('system:kube-proxy')]),
        binding('system:kube-controller-manager', [user('system:kube-controller-manager')]),
        binding('system:kube-dns', [account('kube-dns')]),
        binding('system:kube-scheduler', [user('system:kube-scheduler')]),
        binding('system:volume-scheduler', [user('system:kube-scheduler')]),
        binding('system:hyperkube:master-join', [members('system:hyperkube:master-joiners')]),
        binding('system:service-account-issuer-discovery', [members('system:serviceaccounts')]),
        // Without subjects: nodes are authorized one by one, by the Node authorizer.
        binding('system:node', []),
    ];
}

/**
 * Each controller's own account, and the controller manager's user: a manager that does not run with
 * --use-service-account-credentials does all controllers' work under its own name.
 */
function controllerBindings(): V1ClusterRoleBinding[] {
    return Object.keys(controllerRoles).map((name) =>
        binding(`system:controller:${name}`, [account(name), user('system:kube-controller-manager')]),
    );
}

const lockHolders = ['kube-controller-manager', 'kube-scheduler'] as const;
const authenticationReader = 'extension-apiserver-authentication-reader';

function namespacedRoles(): V1Role[] {
    const role = (namespace: string, name: string, rules: V1PolicyRule[]): V1Role => ({
        apiVersion,
        kind: 'Role',
        metadata: meta(name, { namespace }),
        rules,
    });
    return [
        role('kube-system', authenticationReader, [
            rule(read, 'core', 'configmaps', 'extension-apiserver-authentication'),
        ]),
        role('kube-system', 'system:controller:bootstrap-signer', [rule(read, 'core', 'secrets')]),
        role('kube-system', 'system:controller:cloud-provider', [
            rule(`create ${read}`, 'core', 'configmaps'),
        ]),
        role('kube-system', 'system:controller:token-cleaner', [
            rule(`delete ${read}`, 'core', 'secrets'),
            eventsRule,
        ]),
        ...lockHolders.map((name) =>
            role('kube-system', `system::leader-locking-${name}`, [
                rule(`create update ${read}`, 'coordination.k8s.io', 'leases'),
                rule(`create update ${read}`, 'coordination.k8s.io', 'leasecandidates'),
            ]),
        ),
        role('kube-public', 'system:controller:bootstrap-signer', [
            rule(read, 'core', 'configmaps'),
            rule('update', 'core', 'configmaps', 'cluster-info'),
            eventsRule,
        ]),
    ];
}

function namespacedBindings(): V1RoleBinding[] {
    const bind = (
        { namespace, name, role = name }: { namespace: string; name: string; role?: string },
        subjects: RbacV1Subject[],
    ): V1RoleBinding => ({
        apiVersion,
        kind: 'RoleBinding',
        metadata: meta(name, { namespace }),
        roleRef: { apiGroup: group, kind: 'Role', name: role },
        subjects,
    });
    const controllers = ['bootstrap-signer', 'cloud-provider', 'token-cleaner'];
    return [
        bind(
            {
                namespace: 'kube-system',
                name: `system::${authenticationReader}`,
                role: authenticationReader,
            },
            lockHolders.map((name) => user(`system:${name}`)),
        ),
        ...lockHolders.map((name) =>
            bind({ namespace: 'kube-system', name: `system::leader-locking-${name}` }, [
                user(`system:${name}`),
                account(name),
            ]),
        ),
        ...controllers.map((name) =>
            bind({ namespace: 'kube-system', name: `system:controller:${name}` }, [account(name)]),
        ),
        bind({ namespace: 'kube-public', name: 'system:controller:bootstrap-signer' }, [
            account('bootstrap-signer'),
        ]),
    ];
}
