import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject, V1PolicyRule } from '../../../api/meta/object.ts';
import {
    clusterRoleBindings,
    clusterRoles,
    persistentVolumes,
    pods,
    roleBindings,
    roles,
} from '../../../client/resource-type.ts';
import type { Decision, ResourceAttributes } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import { MemoryReader } from '../testing/memory-reader.ts';
import { type ClusterAuthorizer, createAuthorizer } from './authorizer.ts';
import { forbiddenError } from './forbidden.ts';

const who = (username: string, ...groups: string[]): Identity => ({ username, uid: '', groups, extra: {} });
const jane = who('jane', 'dev', 'system:authenticated');
const node = (name: string) => who(`system:node:${name}`, 'system:nodes', 'system:authenticated');
const ask = (text: string, more: Partial<ResourceAttributes> = {}): ResourceAttributes => {
    const [verb = '', path = '', namespace = '', name = ''] = text.split(' ');
    const [resource = '', subresource = ''] = path.split('/');
    return {
        kind: 'resource',
        verb,
        group: '',
        version: 'v1',
        resource,
        subresource,
        namespace: namespace === '-' ? '' : namespace,
        name,
        ...more,
    };
};
const role = (name: string, namespace: string, rules: V1PolicyRule[]): ApiObject => ({
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    ...{ rules },
});
const bind = (name: string, namespace: string, roleRef: string, subject: object): ApiObject => ({
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    ...{
        roleRef: { kind: roleRef.split('/')[0], name: roleRef.split('/')[1] },
        subjects: [subject],
    },
});

/** These authorizers answer at once. */
function decided(decision: Decision | Promise<Decision>): Decision {
    if (decision instanceof Promise) throw new Error('the decision was not made at once');
    return decision;
}

describe('RBAC authorizer', () => {
    let reader: MemoryReader;
    let authorizer: ClusterAuthorizer;

    beforeEach(() => {
        reader = new MemoryReader();
        authorizer = createAuthorizer({ reader, modes: ['Node', 'RBAC'] });
        reader.set(
            clusterRoles,
            role('reader', '', [
                { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
                { apiGroups: ['*'], resources: ['*/scale'], verbs: ['get'] },
                { nonResourceURLs: ['/metrics', '/healthz/*'], verbs: ['get'] },
            ]),
        );
        reader.set(
            roles,
            role('one', 'default', [
                { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
            ]),
        );
    });
    const outcome = (identity: Identity, attributes: ResourceAttributes) =>
        decided(authorizer.authorize(identity, attributes)).outcome;

    it.each([
        ['get pods default x', 'allow'],
        ['get pods other x', 'allow'],
        ['list pods -', 'allow'],
        ['get pods/log default x', 'allow'],
        ['get pods/exec default x', 'noOpinion'],
        ['delete pods default x', 'noOpinion'],
        ['get deployments/scale default x', 'allow'],
        ['get deployments default x', 'noOpinion'],
    ])('with a cluster role bound to a group: %s → %s', (question, expected) => {
        reader.set(clusterRoleBindings, bind('b', '', 'ClusterRole/reader', { kind: 'Group', name: 'dev' }));
        expect(outcome(jane, ask(question))).toBe(expected);
    });

    it.each([
        ['get secrets default a', 'allow'],
        ['get secrets default b', 'noOpinion'],
        ['list secrets default', 'noOpinion'],
        ['get secrets other a', 'noOpinion'],
        ['get secrets -', 'noOpinion'],
    ])('with a role for one name in one namespace: %s → %s', (question, expected) => {
        reader.set(roleBindings, bind('b', 'default', 'Role/one', { kind: 'User', name: 'jane' }));
        expect(outcome(jane, ask(question))).toBe(expected);
    });

    it('matches paths, with a star at the end only', () => {
        reader.set(clusterRoleBindings, bind('b', '', 'ClusterRole/reader', { kind: 'User', name: 'jane' }));
        const path = (text: string) =>
            decided(authorizer.authorize(jane, { kind: 'nonResource', verb: 'get', path: text })).outcome;
        expect([path('/metrics'), path('/metrics/x'), path('/healthz/etcd'), path('/')]).toEqual([
            'allow',
            'noOpinion',
            'allow',
            'noOpinion',
        ]);
    });

    it('knows service accounts by their namespace, and says through which binding', () => {
        const subject = { kind: 'ServiceAccount', name: 'web', namespace: 'apps' };
        reader.set(roleBindings, bind('b', 'default', 'ClusterRole/reader', subject));
        const web = who('system:serviceaccount:apps:web');
        expect(authorizer.authorize(web, ask('get pods default x'))).toEqual({
            outcome: 'allow',
            reason: 'RBAC: allowed by RoleBinding "b/default" of ClusterRole "reader" to ServiceAccount "web/apps"',
        });
        expect(outcome(who('system:serviceaccount:default:web'), ask('get pods default x'))).toBe(
            'noOpinion',
        );
    });

    it('follows changes of roles and bindings at once', () => {
        const binding = bind('b', '', 'ClusterRole/reader', { kind: 'User', name: 'jane' });
        reader.set(clusterRoleBindings, binding);
        expect(outcome(jane, ask('get pods default x'))).toBe('allow');
        reader.set(clusterRoles, role('reader', '', []));
        expect(outcome(jane, ask('get pods default x'))).toBe('noOpinion');
        reader.set(clusterRoles, role('reader', '', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]));
        expect(outcome(jane, ask('get pods default x'))).toBe('allow');
        reader.remove(clusterRoleBindings, binding);
        expect(outcome(jane, ask('get pods default x'))).toBe('noOpinion');
    });

    it('knows what was there before the caches were filled, and goes on to follow changes', async () => {
        const late = new MemoryReader();
        const fill = late.postpone();
        const early = createAuthorizer({ reader: late, modes: ['Node', 'RBAC'] });
        const question = ask('get pods default x');
        expect(decided(early.authorize(jane, question)).outcome).toBe('noOpinion');
        const binding = bind('b', '', 'ClusterRole/reader', { kind: 'User', name: 'jane' });
        const boundPod = { metadata: { namespace: 'default', name: 'x' }, ...{ spec: { nodeName: 'n1' } } };
        late.set(clusterRoles, reader.get(clusterRoles, '', 'reader')!);
        await fill();
        late.set(pods, boundPod);
        late.set(clusterRoleBindings, binding);
        expect(decided(early.authorize(jane, question)).outcome).toBe('allow');
        expect(decided(early.authorize(node('n1'), question)).outcome).toBe('allow');
        late.remove(clusterRoleBindings, binding);
        late.remove(pods, boundPod);
        expect(decided(early.authorize(jane, question)).outcome).toBe('noOpinion');
        expect(decided(early.authorize(node('n1'), question)).outcome).toBe('noOpinion');
    });

    it('lists nothing to make a decision, however many bindings come and go', () => {
        let lists = 0;
        const list = reader.list.bind(reader);
        reader.list = (...question) => {
            lists += 1;
            return list(...question);
        };
        for (let round = 0; round < 20; round += 1) {
            const binding = bind(`b${round}`, '', 'ClusterRole/reader', { kind: 'Group', name: 'dev' });
            reader.set(clusterRoleBindings, binding);
            expect(outcome(jane, ask('get pods default x'))).toBe('allow');
            reader.remove(clusterRoleBindings, binding);
            expect(outcome(jane, ask('get pods default x'))).toBe('noOpinion');
        }
        expect(lists).toBe(0);
    });

    it('knows only the present subjects of a binding', () => {
        const subjects = (...names: string[]): ApiObject => ({
            metadata: { name: 'b' },
            ...{
                roleRef: { kind: 'ClusterRole', name: 'reader' },
                subjects: names.map((name) => ({ kind: 'User', name })),
            },
        });
        reader.set(clusterRoleBindings, subjects('jane', 'joe'));
        reader.set(clusterRoleBindings, subjects('joe'));
        expect(outcome(jane, ask('get pods default x'))).toBe('noOpinion');
        expect(outcome(who('joe'), ask('get pods default x'))).toBe('allow');
    });

    it('lets system:masters do everything, whatever the roles say', () => {
        expect(outcome(who('root', 'system:masters'), ask('delete nodes - n1'))).toBe('allow');
    });

    it('explains a refusal in the words of kube-apiserver', () => {
        const refuse = (attributes: ResourceAttributes) =>
            forbiddenError(jane, attributes, decided(authorizer.authorize(jane, attributes))).status;
        expect(refuse(ask('list pods default'))).toMatchObject({
            code: 403,
            reason: 'Forbidden',
            message:
                'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
        });
        expect(refuse(ask('get deployments/scale - web', { group: 'apps' })).message).toBe(
            'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" at the cluster scope',
        );
        const path = { kind: 'nonResource', verb: 'get', path: '/metrics' } as const;
        expect(forbiddenError(jane, path, decided(authorizer.authorize(jane, path))).status.message).toBe(
            'forbidden: User "jane" cannot get path "/metrics"',
        );
    });
});

describe('node authorizer', () => {
    const reader = new MemoryReader();
    const authorizer = createAuthorizer({ reader, modes: ['Node', 'RBAC'] });
    const pod = (name: string, nodeName: string, spec: object, annotations = {}): ApiObject => ({
        metadata: { namespace: 'default', name, annotations },
        ...{ spec: { nodeName, containers: [], ...spec } },
    });
    const first = pod('p1', 'n1', {
        serviceAccountName: 'web',
        imagePullSecrets: [{ name: 'pull' }],
        containers: [
            { name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }] },
        ],
        volumes: [
            { name: 's', secret: { secretName: 'vol' } },
            { name: 'c', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
            { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
        ],
    });
    reader.set(pods, first, pod('p2', 'n2', { volumes: [{ name: 's', secret: { secretName: 'two' } }] }));
    reader.set(
        pods,
        pod(
            'mirror',
            'n1',
            { volumes: [{ name: 's', secret: { secretName: 'stolen' } }] },
            {
                'kubernetes.io/config.mirror': 'x',
            },
        ),
    );
    reader.set(persistentVolumes, {
        metadata: { name: 'pv1' },
        ...{
            spec: {
                claimRef: { namespace: 'default', name: 'data' },
                csi: { nodePublishSecretRef: { namespace: 'csi', name: 'key' } },
            },
        },
    });
    const slices = { group: 'resource.k8s.io', version: 'v1', resource: 'resourceslices' };
    for (const nodeName of ['n1', 'n2']) {
        reader.set(slices, { metadata: { name: `of-${nodeName}` }, ...{ spec: { nodeName } } });
    }
    const lease = { group: 'coordination.k8s.io' };

    it.each([
        ['get secrets default vol', 'allow', {}],
        ['get secrets default env', 'allow', {}],
        ['get secrets default pull', 'allow', {}],
        ['get secrets default two', 'noOpinion', {}],
        ['get secrets default stolen', 'noOpinion', {}],
        ['get secrets csi key', 'allow', {}],
        ['list secrets default', 'noOpinion', {}],
        ['watch secrets default', 'allow', { fieldSelector: 'metadata.name=vol' }],
        ['list secrets -', 'noOpinion', {}],
        ['update secrets default vol', 'noOpinion', {}],
        ['get configmaps default kube-root-ca.crt', 'allow', {}],
        ['get persistentvolumeclaims default data', 'allow', {}],
        ['patch persistentvolumeclaims/status default data', 'allow', {}],
        ['get persistentvolumes - pv1', 'allow', {}],
        ['get persistentvolumes - pv2', 'noOpinion', {}],
        ['create serviceaccounts/token default web', 'allow', {}],
        ['create serviceaccounts/token default other', 'noOpinion', {}],
        ['get nodes - n1', 'allow', {}],
        ['get nodes - n2', 'noOpinion', {}],
        ['list nodes -', 'noOpinion', {}],
        ['watch nodes -', 'allow', { fieldSelector: 'metadata.name=n1' }],
        ['create nodes -', 'allow', {}],
        ['delete nodes - n1', 'noOpinion', {}],
        ['patch nodes/status - n1', 'allow', {}],
        ['get pods default p1', 'allow', {}],
        ['get pods default p2', 'noOpinion', {}],
        ['list pods -', 'noOpinion', {}],
        ['list pods -', 'allow', { fieldSelector: 'spec.nodeName=n1' }],
        ['list pods -', 'noOpinion', { fieldSelector: 'spec.nodeName=n2' }],
        ['list pods -', 'noOpinion', { fieldSelector: 'spec.nodeName!=n1' }],
        ['patch pods/status default p1', 'allow', {}],
        ['create pods/exec default p1', 'noOpinion', {}],
        ['list services -', 'allow', {}],
        ['update leases kube-node-lease n1', 'allow', lease],
        ['update leases kube-node-lease n2', 'noOpinion', lease],
        ['update leases kube-system n1', 'noOpinion', lease],
        ['get serviceaccounts default web', 'allow', {}],
        ['create resourceslices -', 'allow', { group: 'resource.k8s.io' }],
        ['get resourceslices - of-n1', 'allow', { group: 'resource.k8s.io' }],
        ['delete resourceslices - of-n2', 'noOpinion', { group: 'resource.k8s.io' }],
        ['list resourceslices -', 'noOpinion', { group: 'resource.k8s.io' }],
        [
            'deletecollection resourceslices -',
            'allow',
            { group: 'resource.k8s.io', fieldSelector: 'spec.nodeName=n1' },
        ],
        ['list pods -', 'noOpinion', { fieldSelector: 'status.phase!=a\\,spec.nodeName=n1' }],
        ['list pods default p1', 'allow', {}],
        ['list pods default p2', 'noOpinion', {}],
        ['create subjectaccessreviews -', 'allow', { group: 'authorization.k8s.io' }],
        ['list deployments -', 'noOpinion', { group: 'apps' }],
    ])('node n1: %s → %s %j', (question, expected, more) => {
        expect(decided(authorizer.authorize(node('n1'), ask(question, more))).outcome).toBe(expected);
    });

    it('says why, and has no opinion about users that only look like nodes', () => {
        expect(decided(authorizer.authorize(node('n1'), ask('get secrets default two'))).reason).toBe(
            "no relationship found between node 'n1' and this object",
        );
        expect(authorizer.authorize(who('system:node:n1'), ask('get nodes - n1'))).toEqual({
            outcome: 'noOpinion',
            reason: '',
        });
    });

    it('takes access away with the pod', () => {
        reader.remove(pods, first);
        expect(decided(authorizer.authorize(node('n1'), ask('get secrets default vol'))).outcome).toBe(
            'noOpinion',
        );
        expect(decided(authorizer.authorize(node('n2'), ask('get secrets default two'))).outcome).toBe(
            'allow',
        );
    });
});
