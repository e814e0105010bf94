import { examples, namespace, withMember } from './objects.ts';
import { badRequest, invalid, type Refusal, type WrongRequest } from './wrong-request.ts';

const { ConfigMap, Deployment, Namespace, Service, ClusterRole } = examples;
const maps = ConfigMap.collection;
const subdomain = (name: string) =>
    `metadata.name: Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
const label = (field: string, name: string) =>
    `${field}: Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const long = 'x'.repeat(254);

/** [name, field error] of ConfigMaps */
const badNames: [string, ...string[]][] = [
    ['Wrong', subdomain('Wrong')],
    ['wrong_name', subdomain('wrong_name')],
    ['-wrong', subdomain('-wrong')],
    ['wrong-', subdomain('wrong-')],
    ['wrong..name', subdomain('wrong..name')],
    ['wrong/name', subdomain('wrong/name')],
    ['wrong name', subdomain('wrong name')],
    ['wröng', subdomain('wröng')],
    ['..', subdomain('..')],
    [long, `metadata.name: Invalid value: "${long}": must be no more than 253 characters`],
];

const create = (name: string, collection: string, body: object, expect: Refusal): WrongRequest => ({
    name,
    method: 'POST',
    path: collection,
    body,
    expect,
});

export function names(): WrongRequest[] {
    return [
        ...badNames.map(([name, ...errors]) =>
            create(
                `a ConfigMap ${name.slice(0, 20)}`,
                maps,
                { metadata: { name } },
                invalid('ConfigMap', name, ...errors),
            ),
        ),
        create(
            'no name',
            maps,
            {},
            invalid('ConfigMap', '', 'metadata.name: Required value: name or generateName is required'),
        ),
        create(
            'an empty name',
            maps,
            { metadata: { name: '' } },
            invalid('ConfigMap', '', 'metadata.name: Required value: name or generateName is required'),
        ),
        create(
            'a namespace with a dot',
            Namespace.collection,
            { metadata: { name: 'a.b' } },
            invalid('Namespace', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'),
        ),
        create(
            'a namespace with a capital letter',
            Namespace.collection,
            { metadata: { name: 'Ab' } },
            invalid('Namespace', 'Ab', label('metadata.name', 'Ab')),
        ),
        create(
            'a namespace with 64 characters',
            Namespace.collection,
            { metadata: { name: 'n'.repeat(64) } },
            invalid(
                'Namespace',
                'n'.repeat(64),
                `metadata.name: Invalid value: "${'n'.repeat(64)}": must be no more than 63 characters`,
                `metadata.labels: Invalid value: "${'n'.repeat(64)}": must be no more than 63 characters`,
            ),
        ),
        create(
            'a Service that ends with a hyphen',
            Service.collection,
            withMember(Service.object, 'metadata.name', '1a-'),
            invalid('Service', '1a-', label('metadata.name', '1a-')),
        ),
        create(
            'a ClusterRole with a slash',
            ClusterRole.collection,
            withMember(ClusterRole.object, 'metadata.name', 'a/b'),
            invalid(
                'ClusterRole.rbac.authorization.k8s.io',
                'a/b',
                `metadata.name: Invalid value: "a/b": may not contain '/'`,
            ),
        ),
        create(
            'a ClusterRole with a percent sign',
            ClusterRole.collection,
            withMember(ClusterRole.object, 'metadata.name', 'a%b'),
            invalid(
                'ClusterRole.rbac.authorization.k8s.io',
                'a%b',
                `metadata.name: Invalid value: "a%b": may not contain '%'`,
            ),
        ),
        create(
            'a bad generateName',
            maps,
            { metadata: { generateName: 'Bad_' } },
            {
                code: 422,
                reason: 'Invalid',
                message: /metadata\.generateName: Invalid value: "Bad_": a lowercase RFC 1123 subdomain/,
            },
        ),
        create(
            'another namespace in the body',
            maps,
            { metadata: { name: 'wrong', namespace: 'other' } },
            badRequest(
                'the namespace of the provided object does not match the namespace sent on the request',
            ),
        ),
        create(
            'a resourceVersion on creation',
            maps,
            { metadata: { name: 'wrong', resourceVersion: '5' } },
            badRequest('resourceVersion should not be set on objects to be created'),
        ),
        {
            name: 'another name in the body of an update',
            method: 'PUT',
            path: `${maps}/right`,
            body: { metadata: { name: 'left' } },
            expect: badRequest('the name of the object (left) does not match the name on the URL (right)'),
        },
        {
            name: 'no name in the body of an update',
            method: 'PUT',
            path: `${maps}/right`,
            body: { data: {} },
            expect: badRequest(
                'the name of the object (right based on URL) was undeterminable: name must be provided',
            ),
        },
        {
            name: 'another namespace in the body of an update',
            method: 'PUT',
            path: `${maps}/right`,
            body: { metadata: { name: 'right', namespace: 'other' } },
            expect: badRequest(
                'the namespace of the provided object does not match the namespace sent on the request',
            ),
        },
        {
            name: 'another name by merge patch',
            method: 'PATCH',
            path: `${maps}/right`,
            headers: { 'content-type': 'application/merge-patch+json' },
            body: { metadata: { name: 'left' } },
            expect: badRequest('the name of the object (left) does not match the name on the URL (right)'),
        },
        {
            name: 'no name by merge patch',
            method: 'PATCH',
            path: `${maps}/right`,
            headers: { 'content-type': 'application/merge-patch+json' },
            body: { metadata: { name: null } },
            expect: badRequest(
                'the name of the object (right based on URL) was undeterminable: name must be provided',
            ),
        },
        {
            name: 'another namespace by strategic merge patch',
            method: 'PATCH',
            path: `${Deployment.collection}/right`,
            headers: { 'content-type': 'application/strategic-merge-patch+json' },
            body: { metadata: { namespace: 'other' } },
            expect: badRequest(
                'the namespace of the provided object does not match the namespace sent on the request',
            ),
        },
        {
            name: 'another name in an eviction',
            method: 'POST',
            path: `/api/v1/namespaces/${namespace}/pods/right/eviction`,
            body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'left' } },
            expect: badRequest('name in URL does not match name in Eviction object'),
            unchanged: `/api/v1/namespaces/${namespace}/pods/right`,
        },
    ];
}
