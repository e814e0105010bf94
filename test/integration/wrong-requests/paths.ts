import { examples, namespace } from './objects.ts';
import { forbidden, notAllowed, notFound, badRequest, type WrongRequest } from './wrong-request.ts';

const maps = examples.ConfigMap.collection;

/** Paths that nothing is at. */
const unknown = [
    '/api/v2/pods',
    '/api/v1/spaceships',
    '/apis/apps/v9/deployments',
    '/apis/nothing.example.com/v1/things',
    '/apis/apps/v1/pods',
    '/api/v1/deployments',
    `/api/v1/namespaces/${namespace}/nodes`,
    `/api/v1/namespaces/${namespace}/nodes/right`,
    '/api/v1/pods/right',
    '/apis/apps/v1/deployments/right',
    `${maps}/right/status`,
    `${maps}/right/spaceship`,
    `${examples.Deployment.collection}/right/scale/more`,
    '/nowhere',
    '/api/v1/namespaces/shop/pods/right/log/more/of/it',
    '/apis/shop.example.com/v2/widgets',
    '/apis/shop.example.com/v1/gadgets',
    '/API/v1/pods',
    '/api/V1/pods',
    '/api/v1/Pods',
    '/openapi/v9',
    '/healthz/nowhere',
    '/favicon.ico',
];

/** [method, path, action, resource] */
const methods: [string, string, string, string][] = [
    ['PUT', maps, 'update', 'configmaps'],
    ['PATCH', maps, 'patch', 'configmaps'],
    ['POST', `${maps}/right`, 'create', 'configmaps'],
    ['DELETE', '/api/v1/namespaces', 'deletecollection', 'namespaces'],
    ['DELETE', '/api/v1/componentstatuses', 'deletecollection', 'componentstatuses'],
    ['POST', '/api/v1/configmaps', 'create', 'configmaps'],
    ['DELETE', `${examples.Deployment.collection}/right/status`, 'delete', 'deployments.apps'],
    ['POST', `${examples.Deployment.collection}/right/scale`, 'create', 'deployments.apps'],
    [
        'GET',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        'list',
        'subjectaccessreviews.authorization.k8s.io',
    ],
    ['PUT', `/api/v1/namespaces/${namespace}/pods/right/eviction`, 'update', 'pods'],
    ['GET', `/api/v1/namespaces/${namespace}/pods/right/binding`, 'get', 'pods'],
    ['DELETE', `/api/v1/namespaces/${namespace}/pods/right/log`, 'delete', 'pods'],
    ['GET', `/api/v1/namespaces/${namespace}/serviceaccounts/right/token`, 'get', 'serviceaccounts'],
];

export function paths(): WrongRequest[] {
    return [
        ...unknown.map((path) => ({ name: path, method: 'GET', path, expect: notFound() })),
        ...methods.map(([method, path]) => ({
            name: `${method} ${path}`,
            method,
            path,
            ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }),
            expect: notAllowed('the server does not allow this method on the requested resource'),
            unchanged: path.startsWith(maps) ? maps : null,
        })),
        ...['OPTIONS', 'PROPFIND', 'LOCK'].map((method) => ({
            name: `${method} of an object`,
            method,
            path: `${maps}/right`,
            expect: notAllowed('the server does not allow this method on the requested resource'),
        })),
        ...[`${maps}/..`, `${maps}/../../..`, `${maps}/%2e%2e`, `${maps}/%2E%2E`, `${maps}/.`].map(
            (path) => ({
                name: path,
                method: 'GET',
                path,
                expect: { code: 404, reason: 'NotFound' },
            }),
        ),
        ...[
            `${maps}/a%2Fb`,
            `${maps}/%2e%2e%2f%2e%2e%2fsecrets`,
            `${maps}/a%5cb`,
            `${maps}/right%00`,
            `${maps}/%20`,
        ].map((path) => ({
            name: path,
            method: 'GET',
            path,
            expect: { code: 404, reason: 'NotFound' },
        })),
        ...[`${maps}/%`, `${maps}/%zz`, `${maps}/%c3%28`].map((path) => ({
            name: `${path}, which is no percent-encoding`,
            method: 'GET',
            path,
            expect: { ...badRequest(/./), message: /./ },
        })),
        {
            name: 'an object in a namespace that is not there',
            method: 'POST',
            path: '/api/v1/namespaces/nowhere/configmaps',
            body: { metadata: { name: 'wrong' } },
            expect: notFound('namespaces "nowhere" not found'),
        },
        {
            name: 'an object that is not there',
            method: 'GET',
            path: `${maps}/absent`,
            expect: {
                ...notFound('configmaps "absent" not found'),
                details: { name: 'absent', kind: 'configmaps' },
            },
        },
        {
            name: 'an object of a group that is not there',
            method: 'DELETE',
            path: `${examples.Deployment.collection}/absent`,
            expect: {
                ...notFound('deployments.apps "absent" not found'),
                details: { name: 'absent', group: 'apps', kind: 'deployments' },
            },
        },
        {
            name: 'a PUT to what is not there',
            method: 'PUT',
            path: `${maps}/absent`,
            body: { metadata: { name: 'absent' } },
            expect: notFound('configmaps "absent" not found'),
        },
        {
            name: 'an object that is there already',
            method: 'POST',
            path: maps,
            body: examples.ConfigMap.object,
            expect: {
                code: 409,
                reason: 'AlreadyExists',
                message: 'configmaps "right" already exists',
                details: { name: 'right', kind: 'configmaps' },
            },
        },
        {
            name: 'a namespace that the system needs',
            method: 'DELETE',
            path: '/api/v1/namespaces/kube-system',
            expect: forbidden('namespaces "kube-system" is forbidden: this namespace may not be deleted'),
        },
    ];
}
