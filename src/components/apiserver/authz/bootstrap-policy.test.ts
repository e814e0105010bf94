import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject, V1ClusterRole, V1ClusterRoleBinding } from '../../../api/meta/object.ts';
import { clusterRoleBindings, clusterRoles } from '../../../client/resource-type.ts';
import type { Decision, RequestAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { admissionRequest, admit } from '../testing/admission-request.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { type ClusterAuthorizer, createAuthorizer } from './authorizer.ts';
import { reconcileBootstrapPolicy } from './bootstrap-policy.ts';
import { checkBindingEscalation, createEscalationGuard } from './escalation.ts';

const who = (username: string, ...groups: string[]): Identity => ({ username, uid: '', groups, extra: {} });

describe('bootstrap policy', () => {
    let reader: MemoryReader;
    let client: MemoryClient;
    let authorizer: ClusterAuthorizer;

    beforeEach(async () => {
        reader = new MemoryReader();
        client = new MemoryClient(reader);
        authorizer = createAuthorizer({ reader, modes: ['Node', 'RBAC'] });
        await reconcileBootstrapPolicy(client);
    });
    const decide = (identity: Identity, attributes: RequestAttributes): Decision => {
        const decision = authorizer.authorize(identity, attributes);
        if (decision instanceof Promise) throw new Error('the decision was not made at once');
        return decision;
    };
    const allowed = (identity: Identity, verb: string, resource: string, group = '') =>
        decide(identity, {
            kind: 'resource',
            verb,
            group,
            version: 'v1',
            resource,
            subresource: '',
            namespace: 'default',
            name: 'x',
        }).outcome === 'allow';

    it('writes nothing when everything is there', async () => {
        expect(client.writes.length).toBeGreaterThan(120);
        client.writes.length = 0;
        await reconcileBootstrapPolicy(client);
        expect(client.writes).toEqual([]);
    });

    it('gives back what was taken away, keeps what was added', async () => {
        const role = reader.get<V1ClusterRole>(clusterRoles, '', 'system:kube-scheduler')!;
        const extra = { apiGroups: ['x'], resources: ['y'], verbs: ['z'] };
        reader.set(clusterRoles, { ...role, ...{ rules: [...role.rules!.slice(1), extra] } });
        client.writes.length = 0;
        await reconcileBootstrapPolicy(client);
        expect(client.writes).toEqual(['update clusterroles system:kube-scheduler']);
        const repaired = reader.get<V1ClusterRole>(clusterRoles, '', 'system:kube-scheduler')!;
        expect(repaired.rules).toContainEqual(extra);
        expect(repaired.rules).toHaveLength(role.rules!.length + 2);
    });

    it('leaves alone what says so, and makes bindings to another role anew', async () => {
        const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
        const basic = { metadata: { name: 'system:basic-user', annotations }, ...{ rules: [] } };
        reader.set(clusterRoles, basic);
        const binding = reader.get<V1ClusterRoleBinding>(clusterRoleBindings, '', 'system:discovery')!;
        reader.set(clusterRoleBindings, { ...binding, ...{ roleRef: { kind: 'ClusterRole', name: 'x' } } });
        client.writes.length = 0;
        await reconcileBootstrapPolicy(client);
        expect(client.writes).toEqual([
            'delete clusterrolebindings system:discovery',
            'create clusterrolebindings system:discovery',
        ]);
    });

    it('adds a labelled role to the roles that aggregate it', async () => {
        reader.set(clusterRoles, {
            metadata: {
                name: 'crontab-viewer',
                labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
            },
            ...{ rules: [{ apiGroups: ['stable.example.com'], resources: ['crontabs'], verbs: ['get'] }] },
        });
        client.writes.length = 0;
        await reconcileBootstrapPolicy(client);
        expect(client.writes.sort()).toEqual([
            'update clusterroles admin',
            'update clusterroles edit',
            'update clusterroles view',
        ]);
        const admin = reader.get<V1ClusterRole>(clusterRoles, '', 'admin')!;
        expect(admin.rules).toContainEqual(expect.objectContaining({ resources: ['crontabs'] }));
    });

    it.each([
        ['view', 'list', 'pods', '', true],
        ['view', 'get', 'secrets', '', false],
        ['view', 'delete', 'pods', '', false],
        ['edit', 'get', 'secrets', '', true],
        ['edit', 'create', 'deployments', 'apps', true],
        ['edit', 'create', 'roles', 'rbac.authorization.k8s.io', false],
        ['admin', 'create', 'roles', 'rbac.authorization.k8s.io', true],
        ['admin', 'update', 'resourcequotas', '', false],
    ])('%s may %s %s%s: %s', (name, verb, resource, group, expected) => {
        reader.set(clusterRoleBindings, {
            metadata: { name: 'b' },
            ...{ roleRef: { kind: 'ClusterRole', name }, subjects: [{ kind: 'User', name: 'jane' }] },
        });
        expect(allowed(who('jane'), verb, resource, group)).toBe(expected);
    });

    it('gives components what they need, and nobody else anything', () => {
        expect(allowed(who('system:kube-scheduler'), 'list', 'nodes')).toBe(true);
        expect(allowed(who('system:kube-proxy'), 'watch', 'endpointslices', 'discovery.k8s.io')).toBe(true);
        const account = 'system:serviceaccount:kube-system:replicaset-controller';
        expect(allowed(who(account), 'create', 'pods')).toBe(true);
        expect(allowed(who('jane', 'system:authenticated'), 'list', 'pods')).toBe(false);
        const path = { kind: 'nonResource', verb: 'get', path: '/livez' } as const;
        const anonymous = who('system:anonymous', 'system:unauthenticated');
        expect(decide(anonymous, path).outcome).toBe('allow');
        expect(decide(anonymous, { ...path, path: '/metrics' }).outcome).toBe('noOpinion');
    });

    it('lets nobody grant what they do not hold', async () => {
        reader.set(clusterRoleBindings, {
            metadata: { name: 'b' },
            ...{ roleRef: { kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'User', name: 'jane' }] },
        });
        const jane = who('jane', 'dev');
        const target = { resource: 'roles', namespace: 'default', name: 'r' } as const;
        const check =
            (verbs: string[], identity = jane) =>
            async () => {
                const rules = [{ apiGroups: [''], resources: ['pods', 'secrets'], verbs }];
                const role = { metadata: { namespace: 'default', name: 'r' }, ...{ rules } };
                const request = admissionRequest('roles.rbac.authorization.k8s.io', role, { identity });
                await admit([createEscalationGuard(authorizer)], request);
            };
        await expect(check(['get'])()).rejects.toThrow(
            'roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" (groups=["dev"]) is attempting to ' +
                'grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
        );
        await check(['*'], who('root', 'system:masters'))();
        const bind = async (name: string) => {
            await checkBindingEscalation(authorizer, jane, {
                target: { ...target, resource: 'rolebindings' },
                roleRef: { kind: 'ClusterRole', name },
            });
        };
        await bind('view');
        await expect(bind('edit')).rejects.toThrow('attempting to grant RBAC permissions not currently held');
        await expect(bind('gone')).rejects.toThrow('clusterroles.rbac.authorization.k8s.io "gone" not found');
    });

    describe('a role that changes', () => {
        const aggregating = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
        const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
        const role = (metadata: object, more: object = {}): ApiObject => ({
            metadata: { name: 'powerful', ...metadata },
            ...more,
        });
        const update = (old: ApiObject, object: ApiObject, identity: Identity) => async () => {
            const more = { operation: 'UPDATE', oldObject: old, identity } as const;
            const request = admissionRequest('clusterroles.rbac.authorization.k8s.io', object, more);
            await admit([createEscalationGuard(authorizer)], request);
        };
        const jane = who('jane');
        const label = { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } };

        it('is not relabelled by who does not hold it', async () => {
            await expect(update(role({}, { rules }), role(label, { rules }), jane)()).rejects.toThrow(
                'attempting to grant RBAC permissions not currently held',
            );
            await update(role({}, { rules }), role(label, { rules }), who('root', 'system:masters'))();
        });

        it('loses finalizers and owners by the garbage collector, which holds nothing', async () => {
            const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
            const before = role({ finalizers: ['x/y'], ownerReferences: [owner] }, { rules });
            await update(before, role({}, { rules }), jane)();
            await expect(update(before, role(label, { rules }), jane)()).rejects.toThrow(
                'not currently held',
            );
        });

        it.each([
            ['gets selectors', role({}), role({}, aggregating)],
            ['keeps selectors', role({}, aggregating), role({ labels: { c: 'd' } }, aggregating)],
            ['loses selectors', role({}, aggregating), role({})],
        ])('%s by an administrator of the cluster alone', async (_what, before, after) => {
            await expect(update(before, after, jane)()).rejects.toThrow(
                'clusterroles.rbac.authorization.k8s.io "powerful" is forbidden: must have cluster-admin privileges to use the aggregationRule',
            );
            reader.set(clusterRoleBindings, {
                metadata: { name: 'b' },
                ...{
                    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
                    subjects: [{ kind: 'User', name: 'jane' }],
                },
            });
            await update(before, after, jane)();
        });

        it('is made by who may escalate on all roles, not on those of some names', async () => {
            const verbs = ['escalate'];
            const escalate = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs };
            const grant = (more: object): void => {
                reader.set(clusterRoles, {
                    metadata: { name: 'e' },
                    ...{ rules: [{ ...escalate, ...more }] },
                });
            };
            const roleRef = { kind: 'ClusterRole', name: 'e' };
            const subjects = [{ kind: 'User', name: 'jane' }];
            reader.set(clusterRoleBindings, { metadata: { name: 'e' }, ...{ roleRef, subjects } });
            const made = admissionRequest('clusterroles.rbac.authorization.k8s.io', role({}, { rules }), {
                identity: jane,
            });
            const make = async () => await admit([createEscalationGuard(authorizer)], made);
            grant({ resourceNames: ['powerful'] });
            await expect(make()).rejects.toThrow('not currently held');
            await update(role({}), role({}, { rules }), jane)();
            grant({});
            await make();
        });
    });
});
