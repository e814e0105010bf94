import { expect, it } from '@jest/globals';
import type { Cluster, Thing } from '../support/cluster.ts';

type Review = Thing & { status: { allowed: boolean } };

/** Questions about what an account may do are answered as its requests are. */
export function reviewCases(cluster: () => Cluster): void {
    it('reviews of an account agree with what happens to its requests', async () => {
        const namespace = await cluster().namespace('subjectreview');
        const account = await cluster().create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
            metadata: { name: 'e2e' },
        });
        const user = `system:serviceaccount:${namespace}:e2e`;
        const groups = [
            'system:authenticated',
            'system:serviceaccounts',
            `system:serviceaccounts:${namespace}`,
        ];
        const { uid } = account.metadata;
        const resourceAttributes = { verb: 'list', resource: 'configmaps', namespace, version: 'v1' };
        const spec = { resourceAttributes, user, groups, uid };
        const asAccount = {
            'impersonate-user': user,
            'impersonate-uid': uid,
            'impersonate-group': groups,
        } as unknown as Record<string, string>;
        const expectAllowed = async (allowed: boolean): Promise<void> => {
            const root = '/apis/authorization.k8s.io/v1';
            const review = await cluster().create<Review>(`${root}/subjectaccessreviews`, { spec });
            const local = await cluster().create<Review>(
                `${root}/namespaces/${namespace}/localsubjectaccessreviews`,
                { metadata: { namespace }, spec },
            );
            const self = await cluster().must<Review>('POST', `${root}/selfsubjectaccessreviews`, {
                body: { spec: { resourceAttributes } },
                headers: asAccount,
            });
            const { status } = await cluster().call('GET', `/api/v1/namespaces/${namespace}/configmaps`, {
                headers: asAccount,
            });
            expect([review, local, self].map((answer) => answer.status.allowed)).toEqual([
                allowed,
                allowed,
                allowed,
            ]);
            expect(status).toBe(allowed ? 200 : 403);
        };
        await expectAllowed(false);
        const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
        await cluster().create(`${rbac}/roles`, {
            metadata: { name: 'lister' },
            rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
        });
        await cluster().create(`${rbac}/rolebindings`, {
            metadata: { name: 'lister' },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'lister' },
            subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace }],
        });
        await expectAllowed(true);
    });
}
