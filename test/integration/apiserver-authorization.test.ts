import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import {
    type Answer,
    AuthServer,
    type Credentials,
    type OtherServer,
    startOtherServer,
    writeKubeconfig,
} from './support/auth-server.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const subject = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });
const forbidden = (message: string) => ({ status: 403, body: { reason: 'Forbidden', code: 403, message } });

describe('who may do what', () => {
    let server: AuthServer;
    const users = new Map<string, Credentials>();

    const as = async (name: string, ...groups: string[]): Promise<Credentials> => {
        const user = users.get(name) ?? (await server.user(name, ...groups));
        users.set(name, user);
        return user;
    };
    const jane = async (request: string, body?: object): Promise<Answer> =>
        await server.call(await as('jane', 'dev'), request, body);

    beforeAll(async () => {
        server = await AuthServer.start(() => ({}));
        for (const name of ['team', 'other'])
            await server.make('POST /api/v1/namespaces', { metadata: { name } });
        await server.make('POST /api/v1/namespaces/team/serviceaccounts', { metadata: { name: 'default' } });
        await server.make(`POST ${rbac}/namespaces/team/rolebindings`, {
            metadata: { name: 'jane' },
            roleRef: roleRef('ClusterRole', 'admin'),
            subjects: [subject('jane')],
        });
    });
    afterAll(async () => {
        await server.stop();
    });

    it('a role counts in its namespace, and a refusal is in the words of kube-apiserver', async () => {
        expect(await jane('GET /api/v1/namespaces/team/pods')).toMatchObject({ status: 200 });
        expect(await jane('GET /api/v1/namespaces/other/pods')).toMatchObject(
            forbidden(
                'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "other"',
            ),
        );
        expect(await jane('DELETE /api/v1/nodes/n1')).toMatchObject(
            forbidden(
                'nodes "n1" is forbidden: User "jane" cannot delete resource "nodes" in API group "" at the cluster scope',
            ),
        );
        expect(await jane('GET /metrics')).toMatchObject(
            forbidden('forbidden: User "jane" cannot get path "/metrics"'),
        );
    });

    describe('granting', () => {
        const role = (resource: string) => ({
            metadata: { name: `${resource}-role` },
            rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }],
        });
        const binding = (name: string, kind: string, to: string) => ({
            metadata: { name },
            roleRef: roleRef(kind, to),
            subjects: [subject('joe')],
        });

        it('is possible of what one has', async () => {
            const path = `${rbac}/namespaces/team`;
            expect(await jane(`POST ${path}/roles`, role('pods'))).toMatchObject({ status: 201 });
            const view = binding('view', 'ClusterRole', 'view');
            expect(await jane(`POST ${path}/rolebindings`, view)).toMatchObject({ status: 201 });
        });

        it('is not possible of what one does not have, by a role', async () => {
            const created = await jane(`POST ${rbac}/namespaces/team/roles`, role('nodes'));
            expect(created).toMatchObject(
                forbidden(
                    'roles.rbac.authorization.k8s.io "nodes-role" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
                ),
            );
            const changed = { ...role('nodes'), metadata: { name: 'pods-role' } };
            expect(await jane(`PUT ${rbac}/namespaces/team/roles/pods-role`, changed)).toMatchObject({
                status: 403,
            });
        });

        it('is not possible of what one does not have, by a binding, unless one may bind the role', async () => {
            const path = `POST ${rbac}/namespaces/team/rolebindings`;
            const all = binding('all', 'ClusterRole', 'cluster-admin');
            expect(await jane(path, all)).toMatchObject({ status: 403 });
            await server.make(`POST ${rbac}/clusterroles`, {
                metadata: { name: 'binder' },
                rules: [
                    {
                        apiGroups: ['rbac.authorization.k8s.io'],
                        resources: ['clusterroles'],
                        resourceNames: ['cluster-admin'],
                        verbs: ['bind'],
                    },
                ],
            });
            await server.make(`POST ${rbac}/clusterrolebindings`, {
                metadata: { name: 'binder' },
                roleRef: roleRef('ClusterRole', 'binder'),
                subjects: [subject('jane')],
            });
            expect(await jane(path, all)).toMatchObject({ status: 201 });
            expect(await jane(`DELETE ${rbac}/namespaces/team/rolebindings/all`)).toMatchObject({
                status: 200,
            });
            expect(await jane(`POST ${rbac}/clusterrolebindings`, all)).toMatchObject({ status: 403 });
        });
    });

    describe('a node', () => {
        const node = async (name: string, request: string, body?: object): Promise<Answer> =>
            await server.call(await as(`system:node:${name}`, 'system:nodes'), request, body);
        const secrets = 'GET /api/v1/namespaces/team/secrets';
        const uids = new Map<string, string>();

        beforeAll(async () => {
            for (const name of ['n1', 'n2']) {
                await server.make('POST /api/v1/nodes', { metadata: { name } });
                await server.make('POST /api/v1/namespaces/team/secrets', {
                    metadata: { name: `of-${name}` },
                });
                await server.make('POST /api/v1/namespaces/team/serviceaccounts', {
                    metadata: { name: `on-${name}` },
                });
                const pod = await server.make('POST /api/v1/namespaces/team/pods', {
                    metadata: { name: `on-${name}` },
                    spec: {
                        nodeName: name,
                        serviceAccountName: `on-${name}`,
                        containers: [{ name: 'c', image: 'busybox' }],
                        volumes: [{ name: 's', secret: { secretName: `of-${name}` } }],
                    },
                });
                uids.set(name, pod.metadata?.uid ?? '');
            }
        });

        it('reads what its pods refer to, and nothing of another node', async () => {
            expect(await node('n1', `${secrets}/of-n1`)).toMatchObject({ status: 200 });
            expect(await node('n1', `${secrets}/of-n2`)).toMatchObject(
                forbidden(
                    `secrets "of-n2" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the namespace "team": no relationship found between node 'n1' and this object`,
                ),
            );
            expect(await node('n1', secrets)).toMatchObject({ status: 403 });
            expect(await node('n1', 'GET /api/v1/secrets')).toMatchObject({ status: 403 });
        });

        it.each([
            ['GET /api/v1/namespaces/team/pods/on-n1', 200],
            ['GET /api/v1/namespaces/team/pods/on-n2', 403],
            ['GET /api/v1/pods?fieldSelector=spec.nodeName=n1', 200],
            ['GET /api/v1/pods?fieldSelector=spec.nodeName=n2', 403],
            ['GET /api/v1/pods', 403],
            ['GET /api/v1/nodes/n1', 200],
            ['GET /api/v1/nodes/n2', 403],
            ['GET /api/v1/nodes', 403],
            ['DELETE /api/v1/namespaces/team/pods/on-n2', 403],
            ['DELETE /api/v1/nodes/n1', 403],
            ['GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2', 403],
            ['GET /apis/resource.k8s.io/v1/resourceslices', 403],
            ['GET /apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=n1', 200],
        ])('n1: %s → %s', async (request, status) => {
            expect((await node('n1', request)).status).toBe(status);
        });

        it('asks for tokens of its own pods only', async () => {
            const path = (name: string) => `POST /api/v1/namespaces/team/serviceaccounts/on-${name}/token`;
            const body = (name: string) => ({
                apiVersion: 'authentication.k8s.io/v1',
                kind: 'TokenRequest',
                spec: {
                    boundObjectRef: {
                        apiVersion: 'v1',
                        kind: 'Pod',
                        name: `on-${name}`,
                        uid: uids.get(name),
                    },
                },
            });
            expect(await node('n1', path('n1'), body('n1'))).toMatchObject({ status: 201 });
            expect(await node('n1', path('n2'), body('n2'))).toMatchObject({ status: 403 });
            expect(await node('n1', path('n1'), { ...body('n1'), spec: {} })).toMatchObject({ status: 403 });
        });

        it('loses access with the pod', async () => {
            await server.make('DELETE /api/v1/namespaces/team/pods/on-n2?gracePeriodSeconds=0');
            expect(await node('n2', `${secrets}/of-n2`)).toMatchObject({ status: 403 });
        });
    });

    describe('impersonation', () => {
        const act = async (who: Credentials, headers: Record<string, string | string[]>): Promise<Answer> =>
            await server.call({ ...who, headers }, 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews', {
                apiVersion: 'authentication.k8s.io/v1',
                kind: 'SelfSubjectReview',
            });

        it('needs the right for each part', async () => {
            const joe = await as('joe', 'staff');
            expect(await act(joe, { 'impersonate-user': 'root' })).toMatchObject(
                forbidden(
                    'selfsubjectreviews.authentication.k8s.io is forbidden: User "joe" cannot impersonate-on:user-info:create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
                ),
            );
            await server.make(`POST ${rbac}/clusterroles`, {
                metadata: { name: 'actor' },
                rules: [
                    { apiGroups: [''], resources: ['users'], resourceNames: ['ann'], verbs: ['impersonate'] },
                ],
            });
            await server.make(`POST ${rbac}/clusterrolebindings`, {
                metadata: { name: 'actor' },
                roleRef: roleRef('ClusterRole', 'actor'),
                subjects: [subject('joe')],
            });
            expect(await act(joe, { 'impersonate-user': 'ann' })).toMatchObject({
                body: { status: { userInfo: { username: 'ann', groups: ['system:authenticated'] } } },
            });
            const more = [
                [{ 'impersonate-group': 'system:masters' }, 'groups "system:masters" is forbidden'],
                [{ 'impersonate-uid': '1' }, 'uids.authentication.k8s.io "1" is forbidden'],
                [{ 'impersonate-extra-scope': 'a' }, 'userextras.authentication.k8s.io "a" is forbidden'],
            ] as const;
            for (const [headers, message] of more) {
                expect(await act(joe, { 'impersonate-user': 'ann', ...headers })).toMatchObject({
                    status: 403,
                    body: { message: expect.stringContaining(message) },
                });
            }
        });

        it('may be allowed for some requests, as somebody', async () => {
            const eve = await as('eve', 'staff');
            const headers = { 'impersonate-user': 'ann' };
            const rule = (group: string, resource: string, verb: string): object => ({
                apiGroups: [group],
                resources: [resource],
                verbs: [verb],
            });
            await server.make(`POST ${rbac}/clusterroles`, {
                metadata: { name: 'constrained' },
                rules: [
                    rule('', 'nodes', 'impersonate-on:user-info:list'),
                    {
                        ...rule('authentication.k8s.io', 'users', 'impersonate:user-info'),
                        resourceNames: ['ann'],
                    },
                ],
            });
            await server.make(`POST ${rbac}/clusterrolebindings`, {
                metadata: { name: 'constrained' },
                roleRef: roleRef('ClusterRole', 'constrained'),
                subjects: [subject('eve')],
            });
            const list = async (path: string): Promise<string | undefined> =>
                (await server.call({ ...eve, headers }, `GET /api/v1/${path}`)).body.message;
            expect(await list('nodes')).toContain('User "ann" cannot list resource "nodes"');
            expect(await list('secrets')).toContain(
                'User "eve" cannot impersonate-on:user-info:list resource "secrets"',
            );
            headers['impersonate-user'] = 'root';
            expect(await list('nodes')).toContain(
                'users.authentication.k8s.io "root" is forbidden: User "eve" cannot impersonate:user-info resource "users"',
            );
        });

        it('gives service accounts their groups, and takes what is named', async () => {
            const account = { 'impersonate-user': 'system:serviceaccount:team:default' };
            expect((await act(server.admin, account)).body.status?.userInfo?.groups).toEqual([
                'system:serviceaccounts',
                'system:serviceaccounts:team',
                'system:authenticated',
            ]);
            const full = {
                'impersonate-user': 'ann',
                'impersonate-group': ['a', 'b'],
                'impersonate-uid': '7',
                'impersonate-extra-acme.com%2Fscope': ['x', 'y'],
            };
            expect((await act(server.admin, full)).body.status?.userInfo).toEqual({
                username: 'ann',
                uid: '7',
                groups: ['a', 'b', 'system:authenticated'],
                extra: { 'acme.com/scope': ['x', 'y'] },
            });
        });

        it('is of a user', async () => {
            expect(await act(server.admin, { 'impersonate-group': 'dev' })).toMatchObject({
                status: 400,
                body: {
                    message:
                        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
                },
            });
        });
    });

    it('answers questions about oneself and others', async () => {
        const group = 'POST /apis/authorization.k8s.io/v1';
        const attributes = { verb: 'list', resource: 'pods', namespace: 'team' };
        const self = await jane(`${group}/selfsubjectaccessreviews`, {
            spec: { resourceAttributes: attributes },
        });
        expect(self.body.status).toEqual({
            allowed: true,
            reason: 'RBAC: allowed by RoleBinding "jane/team" of ClusterRole "admin" to User "jane"',
        });
        const about = { spec: { user: 'nobody', resourceAttributes: attributes } };
        expect(await jane(`${group}/subjectaccessreviews`, about)).toMatchObject({ status: 403 });
        const local = '/namespaces/team/localsubjectaccessreviews';
        expect((await jane(`${group}${local}`, about)).body.status).toEqual({ allowed: false });
        const node = {
            user: 'system:node:n1',
            groups: ['system:nodes'],
            resourceAttributes: {
                verb: 'list',
                resource: 'pods',
                fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
            },
        };
        expect((await server.make(`${group}/subjectaccessreviews`, { spec: node })).status?.allowed).toBe(
            true,
        );
        const rules = await jane(`${group}/selfsubjectrulesreviews`, { spec: { namespace: 'team' } });
        expect(rules.body.status?.incomplete).toBe(false);
        expect(rules.body.status?.resourceRules).toContainEqual(
            expect.objectContaining({ resources: ['localsubjectaccessreviews'], verbs: ['create'] }),
        );
    });
});

describe('authorization by policy file and webhook', () => {
    let server: AuthServer;
    let webhook: OtherServer;
    const questions: { user?: string; resourceAttributes?: { verb: string } }[] = [];

    beforeAll(async () => {
        webhook = await startOtherServer((_request, body) => {
            const { spec } = body as { spec: (typeof questions)[number] };
            questions.push(spec);
            const isAllowed = spec.user === 'jane' && spec.resourceAttributes?.verb === 'list';
            const isDenied = spec.user === 'mallory';
            return { status: { allowed: isAllowed, denied: isDenied, reason: 'said the webhook' } };
        });
        server = await AuthServer.start(async (directory) => {
            const policies = join(directory, 'policies');
            await writeFile(
                policies,
                '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"ann","namespace":"*","resource":"pods","readonly":true}}\n',
            );
            return {
                'authorization-mode': ['Webhook', 'ABAC', 'Node', 'RBAC'],
                'authorization-policy-file': policies,
                'authorization-webhook-version': 'v1' as const,
                'authorization-webhook-config-file': await writeKubeconfig(join(directory, 'hook'), webhook),
            };
        });
    });
    afterAll(async () => {
        await server.stop();
        await webhook.stop();
    });

    it('lets pass what one of them allows', async () => {
        const ann = await server.user('ann');
        expect(await server.call(ann, 'GET /api/v1/pods')).toMatchObject({ status: 200 });
        expect(await server.call(ann, 'DELETE /api/v1/namespaces/default/pods/x')).toMatchObject({
            status: 403,
            body: { message: expect.stringContaining('said the webhook\nNo policy matched.') },
        });
        const jane = await server.user('jane');
        expect(await server.call(jane, 'GET /api/v1/nodes')).toMatchObject({ status: 200 });
        expect(await server.call(jane, 'GET /api/v1/nodes/n1')).toMatchObject({ status: 403 });
    });

    it('stops at a denial, and asks the webhook once for the same', async () => {
        const mallory = await server.user('mallory', 'system:nodes');
        expect(await server.call(mallory, 'GET /livez')).toMatchObject({ status: 403 });
        const before = questions.length;
        expect(await server.call(mallory, 'GET /livez')).toMatchObject({ status: 403 });
        expect(questions.length).toBe(before);
    });

    it('does not ask about members of system:masters', async () => {
        const before = questions.length;
        await server.make('GET /api/v1/nodes');
        expect(questions.length).toBe(before);
    });
});
