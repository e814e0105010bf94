import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { V1ClusterRole, V1ClusterRoleBinding } from '../../../src/api/meta/object.ts';
import { clusterRoleBindings, clusterRoles } from '../../../src/client/resource-type.ts';
import { reconcileBootstrapPolicy } from '../../../src/components/apiserver/authz/bootstrap-policy.ts';
import { missingPermissions } from '../../../src/components/apiserver/authz/rule.ts';
import { startApiServer, type TestApiServer } from '../support/api-server.ts';

describe('masters that start at the same time', () => {
    let api: TestApiServer;
    beforeAll(async () => {
        api = await startApiServer();
    }, 60_000);
    afterAll(async () => {
        await api.stop();
    });

    const versions = async (): Promise<string[]> => {
        const lists = [
            await api.admin.resource(clusterRoles).list(),
            await api.admin.resource(clusterRoleBindings).list(),
        ];
        return lists.flatMap(({ items }) =>
            items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`),
        );
    };

    it('repair the same roles and bindings without a failure, and find nothing to do afterwards', async () => {
        const roles = api.admin.resource<V1ClusterRole>(clusterRoles);
        const bindings = api.admin.resource<V1ClusterRoleBinding>(clusterRoleBindings);
        const names = ['system:kube-scheduler', 'system:node', 'system:basic-user'];
        const before = await Promise.all(names.map(async (name) => (await roles.get({ name })).rules));
        for (const name of names) await roles.update({ ...(await roles.get({ name })), rules: [] });
        await roles.delete({ name: 'system:discovery' });
        const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
        for (const name of ['system:discovery', 'system:basic-user']) {
            const { subjects } = await bindings.get({ name });
            await bindings.delete({ name });
            await bindings.create({ metadata: { name }, roleRef, subjects });
        }
        const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
        const rules = [{ apiGroups: ['stable.example.com'], resources: ['crontabs'], verbs: ['get'] }];
        await roles.create({ metadata: { name: 'crontab-viewer', labels }, rules });

        await Promise.all([1, 2, 3].map(async () => await reconcileBootstrapPolicy(api.admin)));

        for (const [index, name] of names.entries()) {
            const { rules: repaired = [] } = await roles.get({ name });
            expect(missingPermissions(repaired, before[index] ?? [])).toEqual([]);
        }
        expect((await roles.get({ name: 'system:discovery' })).rules).not.toEqual([]);
        for (const name of ['system:discovery', 'system:basic-user']) {
            expect((await bindings.get({ name })).roleRef.name).toBe(name);
        }
        for (const name of ['view', 'edit', 'admin']) {
            expect((await roles.get({ name })).rules).toContainEqual(rules[0]);
        }
        const settled = await versions();
        await reconcileBootstrapPolicy(api.admin);
        expect(await versions()).toEqual(settled);
    });
});
