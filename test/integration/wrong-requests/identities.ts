import { examples, namespace } from './objects.ts';
import { badRequest, forbidden, unauthorized, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;

/** Nobody believes these. */
const strangers = [
    'token for somebody else',
    'token without signature',
    'token with other claims',
    'token without algorithm',
    'garbage token',
    'long token',
];

/** These say nothing that counts: their senders are anonymous. */
const silent = ['empty bearer', 'basic', 'digest', 'no scheme', 'anonymous', 'front proxy headers'];

/** [what is wrong, headers, what is said] */
const impersonations: [string, Record<string, string>, string][] = [
    [
        'a group without a user',
        { 'impersonate-group': 'a' },
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    [
        'a uid without a user',
        { 'impersonate-uid': '1' },
        'requested &user.DefaultInfo{Name:"", UID:"1", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name',
    ],
    [
        'an extra without a user',
        { 'impersonate-extra-scopes': 'a' },
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"scopes":[]string{"a"}}} without impersonating a user name',
    ],
];

export function identities(): WrongRequest[] {
    const janes = (name: string, method: string, path: string, why: string, body?: object): WrongRequest => ({
        name,
        method,
        path,
        as: 'jane',
        ...(body === undefined ? {} : { body }),
        expect: forbidden(why),
    });
    return [
        ...strangers.flatMap((as) =>
            [maps, '/version'].map((path) => ({
                name: `${as}: ${path}`,
                method: 'GET',
                path,
                as,
                expect: unauthorized,
            })),
        ),
        ...silent.map((as) => ({
            name: as,
            method: 'GET',
            path: maps,
            as,
            expect: forbidden(
                'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "shop"',
            ),
        })),
        ...['POST', 'PUT', 'DELETE'].map((method) => ({
            name: `a ${method} by nobody`,
            method,
            path: method === 'POST' ? maps : `${maps}/right`,
            as: 'anonymous',
            body: { metadata: { name: 'right' } },
            expect: forbidden(
                /^configmaps (?:"right" )?is forbidden: User "system:anonymous" cannot (?:create|update|delete) resource "configmaps"/,
            ),
        })),
        janes(
            'reading',
            'GET',
            `${maps}/right`,
            'configmaps "right" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "shop"',
        ),
        janes(
            'a group',
            'GET',
            '/apis/apps/v1/deployments',
            'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" at the cluster scope',
        ),
        janes(
            'a subresource',
            'PUT',
            `${examples.Deployment.collection}/right/status`,
            'deployments.apps "right" is forbidden: User "jane" cannot update resource "deployments/status" in API group "apps" in the namespace "shop"',
            examples.Deployment.object,
        ),
        janes('a path', 'GET', '/metrics', 'forbidden: User "jane" cannot get path "/metrics"'),
        janes(
            'what is not there',
            'GET',
            '/api/v1/spaceships',
            'spaceships is forbidden: User "jane" cannot list resource "spaceships" in API group "" at the cluster scope',
        ),
        janes(
            'a body that is none, which is not looked at',
            'POST',
            maps,
            'configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "shop"',
            [],
        ),
        {
            name: 'to be somebody else',
            method: 'GET',
            path: maps,
            as: 'jane',
            headers: { 'impersonate-user': 'admin' },
            expect: forbidden(
                'configmaps is forbidden: User "jane" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "shop"',
            ),
        },
        {
            name: 'to be a service account',
            method: 'GET',
            path: maps,
            as: 'jane',
            headers: { 'impersonate-user': `system:serviceaccount:${namespace}:default` },
            expect: forbidden(
                'configmaps is forbidden: User "jane" cannot impersonate-on:serviceaccount:list resource "configmaps" in API group "" in the namespace "shop"',
            ),
        },
        {
            name: 'less by impersonation',
            method: 'GET',
            path: maps,
            headers: { 'impersonate-user': 'joe' },
            expect: forbidden(
                'configmaps is forbidden: User "joe" cannot list resource "configmaps" in API group "" in the namespace "shop"',
            ),
        },
        ...impersonations.map(([name, headers, message]) => ({
            name,
            method: 'GET',
            path: maps,
            headers,
            expect: badRequest(message),
        })),
        {
            name: 'a role that grants more than one has',
            method: 'POST',
            path: examples.Role.collection,
            headers: { 'impersonate-user': 'joe' },
            body: { ...examples.Role.object, metadata: { name: 'wrong' } },
            expect: forbidden(
                'roles.rbac.authorization.k8s.io is forbidden: User "joe" cannot create resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "shop"',
            ),
        },
    ];
}
