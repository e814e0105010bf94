import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signLegacyToken } from '../../../src/pki/legacy-service-account-token.ts';
import { loadSigningKey } from '../../../src/pki/service-account-token.ts';
import { AuthServer, type Credentials } from '../support/auth-server.ts';
import { certificateRequest } from './certificate-request.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const a = '/api/v1/namespaces/a';
const b = '/api/v1/namespaces/b';
const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const slices = '/apis/resource.k8s.io/v1/resourceslices';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const secretValue = 'c3VycHJpc2U=';

const ref = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const user = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });
const rule = (verbs: string[], resources: string[], more: object = {}) => ({
    ...{ apiGroups: [''], verbs, resources },
    ...more,
});
const pod = (name: string, nodeName: string, more: object = {}) => ({
    metadata: { name },
    spec: {
        nodeName,
        containers: [{ name: 'c', image: 'busybox' }],
        volumes: [
            { name: 's', secret: { secretName: `of-${nodeName}` } },
            { name: 'm', configMap: { name: `of-${nodeName}` } },
            { name: 'p', persistentVolumeClaim: { claimName: `of-${nodeName}` } },
        ] as object[],
        ...more,
    },
});

const storeToken = {
    name: 'store',
    projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'store' } }] },
};
const applied = (name: string, kind = 'ClusterRole') => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name },
});
const aggregation = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] } };
const aggregateToView = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
/** Methods that stand for a patch, and the type of its body. */
const patchTypes: Readonly<Record<string, string>> = {
    PATCH: 'application/merge-patch+json',
    APPLY: 'application/apply-patch+yaml',
};

/** Who: made in `people`. Request, the body's name in `bodies` where it has one, and the answer's code. */
type Case = readonly [who: string, request: string, code: number, body?: string];

const cases: Record<string, readonly Case[]> = {
    'who shows nothing': [
        ['nobody', 'GET /healthz', 200],
        ['nobody', 'GET /version', 200],
        ['nobody', 'GET /healthz/etcd', 401],
        ['nobody', 'GET /api', 401],
        ['nobody', 'GET /metrics', 401],
        ['nobody', `GET ${a}/secrets`, 401],
        ['nobody', `POST ${a}/configmaps`, 401, 'configMap'],
        ['nobody', `DELETE ${a}/secrets/plain`, 401],
    ],
    'every user': [
        ['plain user', 'GET /api', 200],
        ['plain user', 'GET /apis/apps/v1', 200],
        ['plain user', 'GET /openapi/v2', 200],
        ['plain user', 'GET /metrics', 403],
        ['plain user', 'GET /debug/pprof/heap', 403],
        ['plain user', 'GET /logs', 403],
        ['plain user', 'GET /hyperkube/v1/members', 403],
        ['plain user', `GET ${a}/secrets`, 403],
        ['plain user', 'GET /api/v1/nodes/n1/proxy/pods', 403],
        ['plain user', `POST /apis/authorization.k8s.io/v1/subjectaccessreviews`, 403, 'review'],
        ['plain user', 'POST /apis/authentication.k8s.io/v1/tokenreviews', 403, 'tokenReview'],
        ['default account', `GET ${a}/secrets`, 403],
        ['default account', `POST ${a}/configmaps`, 403, 'configMap'],
        ['a user in the group of those who are none', 'GET /api', 403],
    ],
    'the roles for people': [
        ['viewer', `GET ${a}/pods`, 200],
        ['viewer', `GET ${a}/secrets`, 403],
        ['viewer', `GET ${b}/pods`, 403],
        ['viewer', `POST ${a}/configmaps`, 403, 'configMap'],
        ['viewer', `GET ${a}/pods/on-n1/exec?command=ls&stdout=1`, 403],
        ['editor', `GET ${a}/secrets`, 200],
        ['editor', `GET ${b}/secrets`, 403],
        ['editor', `POST ${rbac}/namespaces/a/roles`, 403, 'podRole'],
        ['administrator', `POST ${rbac}/namespaces/a/roles?dryRun=All`, 201, 'podRole'],
        ['administrator', `POST ${rbac}/namespaces/a/roles`, 403, 'nodeRole'],
        ['administrator', `POST ${rbac}/namespaces/a/roles`, 403, 'starRole'],
        ['administrator', `POST ${rbac}/namespaces/a/rolebindings`, 403, 'clusterAdminBinding'],
        ['administrator', `POST ${rbac}/clusterroles`, 403, 'aggregatedRole'],
        ['administrator', `PATCH ${a}/resourcequotas/none`, 403, 'empty'],
        ['administrator', `DELETE ${b}/configmaps`, 403],
    ],
    'granting more than one has': [
        ['role author', `POST ${rbac}/clusterroles`, 403, 'starRole'],
        ['role author', `POST ${rbac}/clusterroles`, 403, 'nodeRole'],
        ['role author', `POST ${rbac}/clusterroles`, 403, 'pathRole'],
        ['role author', `POST ${rbac}/clusterroles`, 403, 'aggregatingRole'],
        ['role author', `POST ${rbac}/clusterroles`, 403, 'aggregatedRole'],
        ['role author', `PATCH ${rbac}/clusterroles/view`, 403, 'rules'],
        ['role author', `POST ${rbac}/clusterrolebindings`, 403, 'clusterAdminBinding'],
        ['role author', `POST ${rbac}/clusterroles?dryRun=All`, 201, 'emptyRole'],
        ['role author', `PATCH ${rbac}/clusterroles/cluster-admin`, 403, 'aggregateLabel'],
        ['role author', `PATCH ${rbac}/clusterroles/system:node`, 403, 'labels'],
        ['role author', `PATCH ${rbac}/clusterroles/view`, 403, 'withoutAggregation'],
        ['role author', `PATCH ${rbac}/clusterrolebindings/cluster-admin`, 403, 'labels'],
        ['role author', `APPLY ${rbac}/clusterroles/x?fieldManager=t`, 403, 'appliedStar'],
        ['role author', `APPLY ${rbac}/clusterroles/cluster-admin?fieldManager=t`, 403, 'appliedLabel'],
        ['role author', `APPLY ${rbac}/clusterroles/view?fieldManager=t&force=true`, 403, 'appliedSelectors'],
        ['role author', `APPLY ${rbac}/clusterrolebindings/x?fieldManager=t`, 403, 'appliedBinding'],
        ['role author', `PATCH ${rbac}/clusterroles/harmless?dryRun=All`, 200, 'labels'],
        ['named escalator', `POST ${rbac}/clusterroles`, 403, 'nodeRole'],
        ['named escalator', `APPLY ${rbac}/clusterroles/x?fieldManager=t&dryRun=All`, 201, 'appliedStar'],
        ['named escalator', `APPLY ${rbac}/clusterroles/y?fieldManager=t`, 403, 'appliedOther'],
        ['escalator', `PATCH ${rbac}/clusterroles/cluster-admin?dryRun=All`, 200, 'labels'],
        ['escalator', `POST ${rbac}/clusterroles?dryRun=All`, 201, 'nodeRole'],
        ['binder', `POST ${rbac}/clusterrolebindings?dryRun=All`, 201, 'viewBinding'],
        ['binder', `POST ${rbac}/clusterrolebindings`, 403, 'clusterAdminBinding'],
    ],
    'names, subresources and collections': [
        ['one secret', `GET ${a}/secrets/plain`, 200],
        ['one secret', `GET ${a}/secrets/of-n1`, 403],
        ['one secret', `GET ${a}/secrets`, 403],
        ['one secret', `GET ${a}/secrets?fieldSelector=metadata.name%3Dplain`, 200],
        ['one secret', `GET ${a}/secrets?fieldSelector=metadata.name%3Dof-n1`, 403],
        ['one secret', `GET ${a}/secrets?fieldSelector=type!%3Da%5C,metadata.name%3Dplain`, 403],
        [
            'one secret',
            `GET ${a}/secrets?fieldSelector=metadata.name!%3Dx&fieldSelector=metadata.name%3Dplain`,
            403,
        ],
        ['one secret', `DELETE ${a}/secrets?fieldSelector=metadata.name%3Dplain`, 403],
        ['one secret', `GET /api/v1/secrets?fieldSelector=metadata.name%3Dplain`, 200],
        ['one secret', `GET /api/v1/secrets?fieldSelector=metadata.name%3Dof-n1`, 403],
        ['log reader', `GET ${a}/pods/on-n1`, 403],
        ['log reader', `DELETE ${a}/pods/on-n1`, 403],
        ['reader', `GET ${a}/pods/on-n1/exec?command=ls&stdout=1`, 403],
        ['reader', `GET ${a}/pods/on-n1/attach?stdout=1`, 403],
        ['reader', `GET ${a}/pods/on-n1/portforward?ports=1`, 403],
        ['reader', `POST /api/v1/watch/namespaces/a/pods/on-n1/exec?command=ls&stdout=1`, 404],
        ['reader', `POST /api/v1/watch/namespaces/a/serviceaccounts/on-n1/token`, 404, 'tokenRequest'],
        ['reader', `DELETE /api/v1/watch/namespaces/a/secrets/plain`, 404],
        ['reader', `GET /api/v1/proxy/namespaces/a/pods/on-n1`, 403],
        ['reader', `GET ${a}/pods/on-n1/constructor`, 404],
        ['reader', `GET ${a}/pods/on-n1/toString`, 404],
        ['reader', `GET /apis//v1/namespaces/a/secrets`, 404],
        // Allowed; but the node has no address.
        ['a shell user', `GET ${a}/pods/on-n1/exec?command=ls&stdout=1`, 500],
        ['a shell user', `PUT ${a}/pods/on-n1/exec?command=ls&stdout=1`, 403],
    ],
    'a kubelet, of other nodes': [
        ['n1', `GET ${a}/secrets/of-n1`, 200],
        ['n1', `GET ${a}/secrets/of-n2`, 403],
        ['n1', `GET ${a}/secrets/plain`, 403],
        ['n1', `GET ${a}/secrets`, 403],
        ['n1', `GET ${a}/secrets?fieldSelector=metadata.name%3Dof-n2`, 403],
        ['n1', `GET /api/v1/watch/namespaces/a/secrets/of-n2`, 403],
        ['n1', `GET /api/v1/watch/namespaces/a/secrets`, 403],
        ['n1', `GET ${a}/configmaps/of-n1`, 200],
        ['n1', `GET ${a}/configmaps/of-n2`, 403],
        ['n1', `PUT ${a}/configmaps/of-n1`, 403, 'empty'],
        ['n1', `GET ${a}/persistentvolumeclaims/of-n1`, 200],
        ['n1', `GET ${a}/persistentvolumeclaims/of-n2`, 403],
        ['n1', `PATCH ${a}/persistentvolumeclaims/of-n1/status`, 403, 'finalizer'],
        ['n1', `PATCH ${a}/persistentvolumeclaims/of-n1/status`, 403, 'phase'],
        ['n1', `PATCH ${a}/persistentvolumeclaims/of-n1/status`, 200, 'capacity'],
        ['n1', `GET ${a}/pods/on-n1`, 200],
        ['n1', `GET ${a}/pods/on-n2`, 403],
        ['n1', `GET /api/v1/pods`, 403],
        ['n1', `GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1`, 200],
        ['n1', `GET /api/v1/pods?fieldSelector=spec.nodeName!%3Dn1`, 403],
        ['n1', `PATCH ${a}/pods/on-n2/status`, 403, 'message'],
        ['n1', `PATCH ${a}/pods/on-n1/status`, 403, 'labels'],
        ['n1', `PATCH ${a}/pods/on-n1/status`, 403, 'claimStatuses'],
        ['n1', `PATCH ${a}/pods/on-n1/status`, 200, 'message'],
        ['n1', `PATCH ${a}/pods/on-n1`, 403, 'labels'],
        ['n1', `DELETE ${a}/pods/on-n2`, 403],
        ['n1', `POST ${a}/pods/on-n2/eviction`, 403, 'eviction'],
        ['n1', `POST ${a}/pods`, 403, 'ordinaryPod'],
        ['n1', `POST ${a}/pods`, 403, 'mirrorPodWithSecret'],
        ['n1', `POST ${a}/pods`, 403, 'mirrorPodOfOther'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 403, 'tokenRequest'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 201, 'tokenForOwn'],
        ['n1', `POST ${a}/serviceaccounts/on-n2/token`, 403, 'tokenForOther'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 201, 'tokenForStore'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 403, 'tokenForVault'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 403, 'tokenForBoth'],
        ['n1', `POST ${a}/serviceaccounts/on-n1/token`, 201, 'tokenForRegistry'],
        ['n1', 'PATCH /api/v1/nodes/n2/status', 403, 'empty'],
        ['n1', 'PATCH /api/v1/nodes/n2', 403, 'labels'],
        ['n1', 'PATCH /api/v1/nodes/n1', 403, 'roleLabel'],
        ['n1', 'PATCH /api/v1/nodes/n1/status', 403, 'roleLabel'],
        ['n1', 'PATCH /api/v1/nodes/n1', 403, 'isolationLabel'],
        ['n1', 'PATCH /api/v1/nodes/n1', 403, 'taint'],
        ['n1', 'PATCH /api/v1/nodes/n1', 403, 'owner'],
        ['n1', 'PATCH /api/v1/nodes/n1', 200, 'labels'],
        ['n1', 'DELETE /api/v1/nodes/n1', 403],
        ['n1', 'POST /api/v1/nodes', 403, 'otherNode'],
        ['n1', `POST ${leases}`, 403, 'otherLease'],
        ['n1', `POST ${leases}?dryRun=All`, 201, 'ownLease'],
        ['n1', `GET ${leases}/n2`, 403],
        ['n1', `POST ${slices}`, 403, 'otherSlice'],
        ['n1', `POST ${csrs}`, 403, 'otherNodeRequest'],
        ['n1', `POST ${csrs}?dryRun=All`, 201, 'ownRequest'],
        ['n1', `PUT ${csrs}/none/approval`, 403, 'empty'],
        ['n1', `GET ${b}/secrets/plain`, 403],
        ['a kubelet without group', `GET ${a}/secrets/of-n1`, 403],
        ['a kubelet without name', `GET ${a}/secrets/of-n1`, 403],
    ],
    'the control plane': [
        ['kube-proxy', 'GET /api/v1/services', 200],
        ['kube-proxy', 'GET /api/v1/secrets', 403],
        ['kube-proxy', `POST ${a}/pods`, 403, 'ordinaryPod'],
        ['scheduler', 'GET /api/v1/pods', 200],
        ['scheduler', 'GET /api/v1/secrets', 403],
        ['scheduler', `POST ${rbac}/clusterrolebindings`, 403, 'clusterAdminBinding'],
        ['controller manager', 'GET /api/v1/secrets', 200],
        ['controller manager', `POST ${rbac}/clusterrolebindings`, 403, 'clusterAdminBinding'],
        ['bootstrap token', `POST ${csrs}?dryRun=All`, 201, 'ownRequest'],
        ['bootstrap token', 'GET /api/v1/secrets', 403],
        ['bootstrap token', 'GET /api/v1/nodes/n1', 403],
        ['front proxy', 'GET /api/v1/secrets', 403],
        ['cluster admin', 'GET /api/v1/secrets', 200],
        ['master', 'GET /metrics', 200],
    ],
    'tokens of accounts': [
        ['token of a Secret', 'GET /api', 200],
        ['token of a Secret', `GET ${a}/secrets`, 403],
        ['token of a Secret', `GET ${a}/secrets/legacy`, 403],
        ['token of a Secret', `POST ${a}/configmaps`, 403, 'configMap'],
        ['token of a Secret', `POST ${a}/serviceaccounts/default/token`, 403, 'tokenRequest'],
        ['token of a Secret', 'POST /apis/authentication.k8s.io/v1/tokenreviews', 403, 'tokenReview'],
        ['a controller', 'GET /apis/apps/v1/replicasets', 200],
        ['a controller', `POST ${a}/pods?dryRun=All`, 201, 'ordinaryPod'],
        ['a controller', `GET ${a}/secrets`, 403],
        ['a controller', `POST ${a}/serviceaccounts/default/token`, 403, 'tokenRequest'],
        ['a controller', `GET ${a}/pods/on-n1/exec?command=ls&stdout=1`, 403],
        ['a controller', `POST ${rbac}/clusterroles`, 403, 'emptyRole'],
        ['a controller', `POST ${rbac}/clusterrolebindings`, 403, 'clusterAdminBinding'],
        ['a controller', `PATCH ${rbac}/clusterroles/view`, 403, 'rules'],
        ['a controller', 'DELETE /api/v1/nodes/n1', 403],
    ],
    'acting as somebody else': [
        ['as root', `GET ${a}/secrets`, 403],
        ['as ann', `GET ${a}/pods`, 403],
        ['as ann', 'GET /api', 200],
        ['as ann in masters', 'GET /api', 403],
        ['as ann with uid', 'GET /api', 403],
        ['as ann with extra', 'GET /api', 403],
        ['as an account', 'GET /api', 403],
        ['as a node', `GET ${a}/secrets/of-n1`, 403],
        ['in a group alone', 'GET /api', 400],
    ],
    'who says to be somebody by headers of a proxy': [
        ['plain user with proxy headers', `GET ${a}/secrets`, 403],
        ['nobody with proxy headers', `GET ${a}/secrets`, 401],
        ['another of the front-proxy authority', `GET ${a}/secrets`, 401],
    ],
    'paths written otherwise': [
        ['viewer', 'GET /api/v1/namespaces/a/../b/pods', 403],
        ['viewer', 'GET /api/v1/namespaces/a/%2e%2e/b/pods', 403],
        ['viewer', 'GET /api/v1/namespaces/b%2Fpods/pods', 403],
        ['viewer', 'GET /api/v1/namespaces/a%2Fsecrets', 403],
        ['viewer', 'GET /api/v1/namespaces/a/pods%2Fon-n1%2Fexec', 403],
        ['viewer', 'GET /api/v1/namespaces/a/pods%252Fon-n1', 403],
        ['viewer', 'GET //api/v1/namespaces/b/pods', 403],
        ['viewer', 'GET /api//v1/namespaces/b/pods', 403],
        ['viewer', 'GET /api/v1/namespaces//b/pods', 403],
        ['viewer', 'GET /API/v1/namespaces/a/pods', 403],
        ['viewer', 'GET /api/v1/namespaces/a/Pods', 403],
        ['viewer', 'GET /api/v1/namespaces/A/pods', 403],
        ['viewer', 'GET /api/v1/namespaces/a/pods;x=/b/secrets', 403],
        ['viewer', 'GET /api/v1/namespaces/a/pods/%00', 404],
        ['viewer', 'GET /api/v1/namespaces/a/secrets/', 403],
        ['viewer', 'GET /api/v1/namespaces/a/pods/', 200],
        ['viewer', 'GET /api/v1/namespaces/a/pods/%zz', 400],
        ['viewer', 'GET /%6detrics', 403],
        ['viewer', 'GET /metrics/', 403],
        ['viewer', 'GET /healthz/../metrics', 403],
        ['nobody', 'GET /healthz/../metrics', 401],
        ['nobody', 'GET /healthz%2f..%2fmetrics', 401],
        ['nobody', 'GET /version/../api/v1/secrets', 401],
        ['nobody', 'GET /version?x=/api', 200],
    ],
};

describe('who may do what, over HTTPS', () => {
    let server: AuthServer;
    const people = new Map<string, Credentials>();
    const bodies = new Map<string, object>([
        ['empty', {}],
        ['configMap', { metadata: { name: 'x' } }],
        ['review', { spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods' } } }],
        ['tokenReview', { spec: { token: 'x' } }],
        ['podRole', { metadata: { name: 'x' }, rules: [rule(['get'], ['pods'])] }],
        ['nodeRole', { metadata: { name: 'x' }, rules: [rule(['get'], ['nodes'])] }],
        ['starRole', { metadata: { name: 'x' }, rules: [rule(['*'], ['*'], { apiGroups: ['*'] })] }],
        ['emptyRole', { metadata: { name: 'x' }, rules: [] }],
        ['rules', { rules: [rule(['get'], ['secrets'])] }],
        ['withoutAggregation', { aggregationRule: null }],
        ['aggregateLabel', { metadata: { labels: aggregateToView } }],
        [
            'appliedLabel',
            { ...applied('cluster-admin'), metadata: { name: 'cluster-admin', labels: aggregateToView } },
        ],
        ['appliedSelectors', { ...applied('view'), ...aggregation }],
        ['appliedStar', { ...applied('x'), rules: [rule(['*'], ['*'], { apiGroups: ['*'] })] }],
        ['appliedOther', { ...applied('y'), rules: [rule(['get'], ['nodes'])] }],
        [
            'appliedBinding',
            {
                ...applied('x', 'ClusterRoleBinding'),
                roleRef: ref('ClusterRole', 'cluster-admin'),
                subjects: [user('me')],
            },
        ],
        ['pathRole', { metadata: { name: 'x' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] }],
        [
            'aggregatedRole',
            {
                metadata: { name: 'x', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
                rules: [rule(['get'], ['nodes'])],
            },
        ],
        ['aggregatingRole', { metadata: { name: 'x' }, ...aggregation }],
        [
            'clusterAdminBinding',
            { metadata: { name: 'x' }, roleRef: ref('ClusterRole', 'cluster-admin'), subjects: [user('me')] },
        ],
        [
            'viewBinding',
            { metadata: { name: 'x' }, roleRef: ref('ClusterRole', 'view'), subjects: [user('me')] },
        ],
        ['tokenRequest', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }],
        ['message', { status: { message: 'x' } }],
        ['labels', { metadata: { labels: { tier: 'x' } } }],
        ['claimStatuses', { status: { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'x' }] } }],
        ['finalizer', { metadata: { finalizers: ['example.com/x'] } }],
        ['phase', { status: { phase: 'Lost' } }],
        ['capacity', { status: { capacity: { storage: '1Gi' } } }],
        ['eviction', { metadata: { name: 'on-n2' } }],
        ['ordinaryPod', pod('x', 'n1')],
        ['roleLabel', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }],
        ['isolationLabel', { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } }],
        ['taint', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }],
        [
            'owner',
            { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' }] } },
        ],
        ['otherNode', { metadata: { name: 'n3' } }],
        ['otherLease', { metadata: { name: 'n2' }, spec: {} }],
        ['ownLease', { metadata: { name: 'n1' }, spec: {} }],
        [
            'otherSlice',
            {
                metadata: { name: 'x' },
                spec: {
                    nodeName: 'n2',
                    driver: 'd.example.com',
                    pool: { name: 'p', resourceSliceCount: 1, generation: 1 },
                },
            },
        ],
    ]);

    const bind = async (name: string, rules: object[]): Promise<void> => {
        await server.make(`POST ${rbac}/clusterroles`, { metadata: { name }, rules });
        await server.make(`POST ${rbac}/clusterrolebindings`, {
            metadata: { name },
            roleRef: ref('ClusterRole', name),
            subjects: [user(name)],
        });
    };

    const makeObjects = async (): Promise<void> => {
        for (const name of ['a', 'b']) {
            await server.make('POST /api/v1/namespaces', { metadata: { name } });
            await server.make(`POST /api/v1/namespaces/${name}/serviceaccounts`, {
                metadata: { name: 'default' },
            });
            await server.make(`POST /api/v1/namespaces/${name}/secrets`, {
                metadata: { name: 'plain' },
                data: { value: secretValue },
            });
        }
        for (const node of ['n1', 'n2']) {
            const metadata = { name: `of-${node}` };
            await server.make('POST /api/v1/nodes', { metadata: { name: node } });
            await server.make(`POST ${a}/secrets`, { metadata });
            await server.make(`POST ${a}/configmaps`, { metadata });
            const storage = '1Gi';
            const accessModes = ['ReadWriteOnce'];
            await server.make('POST /api/v1/persistentvolumes', {
                metadata,
                spec: { accessModes, capacity: { storage }, hostPath: { path: '/srv' } },
            });
            await server.make(`POST ${a}/persistentvolumeclaims`, {
                metadata,
                spec: { accessModes, resources: { requests: { storage } }, volumeName: metadata.name },
            });
            await server.make(`POST ${a}/serviceaccounts`, { metadata: { name: `on-${node}` } });
            const own = pod(`on-${node}`, node, { serviceAccountName: `on-${node}` });
            own.spec.volumes.push(storeToken);
            const { uid } = (await server.make(`POST ${a}/pods`, own)).metadata ?? {};
            const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: `on-${node}`, uid };
            const token = (name: string, spec: object = {}): void => {
                const type = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
                bodies.set(name, { ...type, spec: { boundObjectRef, ...spec } });
            };
            token(node === 'n1' ? 'tokenForOwn' : 'tokenForOther');
            if (node !== 'n1') continue;
            token('tokenForStore', { audiences: ['store'] });
            token('tokenForVault', { audiences: ['vault'] });
            token('tokenForBoth', { audiences: ['store', 'registry'] });
            token('tokenForRegistry', { audiences: ['registry'] });
        }
        const { uid } = (await server.make('GET /api/v1/nodes/n1')).metadata ?? {};
        const mirror = (nodeName: string, volumes: object[]) => ({
            metadata: {
                name: 'mirror',
                annotations: { 'kubernetes.io/config.mirror': 'x' },
                ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true }],
            },
            spec: { nodeName, volumes, containers: [{ name: 'c', image: 'x' }] },
        });
        bodies.set('mirrorPodWithSecret', mirror('n1', [{ name: 's', secret: { secretName: 'of-n2' } }]));
        bodies.set('mirrorPodOfOther', mirror('n2', []));
        const request = async (node: string) => ({
            metadata: { name: 'x' },
            spec: {
                request: await certificateRequest(`system:node:${node}`, 'system:nodes'),
                signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
                usages: ['client auth'],
            },
        });
        bodies.set('ownRequest', await request('n1'));
        bodies.set('otherNodeRequest', await request('n2'));
    };

    /** An account by a token that a Secret holds, and a controller's by one that it was given. */
    const makeAccounts = async (): Promise<void> => {
        const { uid: accountUid = '' } =
            (await server.make(`GET ${a}/serviceaccounts/default`)).metadata ?? {};
        const claims = { namespace: 'a', accountName: 'default', accountUid, secretName: 'legacy' };
        const key = loadSigningKey(server.running.pki.serviceAccount.privateKey);
        const token = signLegacyToken(key, claims);
        await server.make(`POST ${a}/secrets`, {
            metadata: { name: 'legacy', annotations: { 'kubernetes.io/service-account.name': 'default' } },
            type: 'kubernetes.io/service-account-token',
            stringData: { token },
        });
        people.set('token of a Secret', { token });
        const accounts = '/api/v1/namespaces/kube-system/serviceaccounts';
        await server.make(`POST ${accounts}`, { metadata: { name: 'replicaset-controller' } });
        const given = await server.make(
            `POST ${accounts}/replicaset-controller/token`,
            bodies.get('tokenRequest'),
        );
        people.set('a controller', { token: given.status?.token ?? '' });
    };

    const makePeople = async (): Promise<void> => {
        const add = async (name: string, commonName = name, ...groups: string[]): Promise<Credentials> => {
            const made = await server.user(commonName, ...groups);
            people.set(name, made);
            return made;
        };
        for (const [name, role] of [
            ['viewer', 'view'],
            ['editor', 'edit'],
            ['administrator', 'admin'],
        ] as const) {
            await add(name);
            await server.make(`POST ${rbac}/namespaces/a/rolebindings`, {
                metadata: { name },
                roleRef: ref('ClusterRole', role),
                subjects: [user(name)],
            });
        }
        const all = ['create', 'update', 'patch', 'get', 'list'];
        const roles = { apiGroups: ['rbac.authorization.k8s.io'] };
        await bind('role author', [rule(all, ['clusterroles', 'clusterrolebindings'], roles)]);
        await bind('named escalator', [
            rule(all, ['clusterroles'], roles),
            rule(['escalate'], ['clusterroles'], { ...roles, resourceNames: ['x'] }),
        ]);
        await server.make(`POST ${rbac}/clusterroles`, { metadata: { name: 'harmless' }, rules: [] });
        await bind('escalator', [rule([...all, 'escalate'], ['clusterroles'], roles)]);
        await bind('binder', [
            rule(all, ['clusterrolebindings'], roles),
            rule(['bind'], ['clusterroles'], { ...roles, resourceNames: ['view'] }),
        ]);
        // What a node may ask tokens for besides what its pods do: the audience is the resource.
        const asks = rule(['request-serviceaccounts-token-audience'], ['registry'], {
            resourceNames: ['on-n1'],
        });
        await bind('system:node:n1', [asks]);
        await bind('one secret', [
            rule(['get', 'list', 'watch', 'delete'], ['secrets'], { resourceNames: ['plain'] }),
        ]);
        await bind('log reader', [rule(['get', 'list'], ['pods/log'])]);
        await bind('reader', [rule(['get', 'list', 'watch'], ['*'], { apiGroups: ['*'] })]);
        await bind('a shell user', [rule(['get', 'create'], ['pods/exec'])]);
        await bind('actor', [rule(['impersonate'], ['users'], { resourceNames: ['ann'] })]);
        await server.make(`POST ${rbac}/clusterrolebindings`, {
            metadata: { name: 'the admin' },
            roleRef: ref('ClusterRole', 'cluster-admin'),
            subjects: [user('cluster admin')],
        });
        for (const name of [
            ...['plain user', 'role author', 'escalator', 'binder', 'one secret', 'log reader', 'reader'],
            ...['a shell user', 'cluster admin', 'named escalator'],
        ])
            await add(name);
        people.set('nobody', {});
        await add('a user in the group of those who are none', 'x', 'system:unauthenticated');
        await add('n1', 'system:node:n1', 'system:nodes');
        await add('a kubelet without group', 'system:node:n1');
        await add('a kubelet without name', 'system:node:', 'system:nodes');
        await add('kube-proxy', 'system:kube-proxy');
        await add('scheduler', 'system:kube-scheduler');
        await add('controller manager', 'system:kube-controller-manager');
        await add('master', 'm', 'system:masters');
        const tokens = await server.make(
            `POST ${a}/serviceaccounts/default/token`,
            bodies.get('tokenRequest'),
        );
        people.set('default account', { token: tokens.status?.token ?? '' });
        await makeAccounts();
        const base64 = (text: string): string => Buffer.from(text).toString('base64');
        await server.make('POST /api/v1/namespaces/kube-system/secrets', {
            metadata: { name: 'bootstrap-token-abcdef' },
            type: 'bootstrap.kubernetes.io/token',
            data: {
                'token-id': base64('abcdef'),
                'token-secret': base64('0123456789abcdef'),
                'usage-bootstrap-authentication': base64('true'),
                'auth-extra-groups': base64('system:bootstrappers:kubeadm:default-node-token'),
            },
        });
        await server.make(`POST ${rbac}/clusterrolebindings`, {
            metadata: { name: 'bootstrappers' },
            roleRef: ref('ClusterRole', 'system:node-bootstrapper'),
            subjects: [{ ...ref('Group', 'system:bootstrappers') }],
        });
        people.set('bootstrap token', { token: 'abcdef.0123456789abcdef' });
        const actor = await server.user('actor');
        const act = (name: string, headers: Record<string, string>): void => {
            people.set(name, { ...actor, headers });
        };
        act('as root', { 'impersonate-user': 'root' });
        act('as ann', { 'impersonate-user': 'ann' });
        act('as ann in masters', { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' });
        act('as ann with uid', { 'impersonate-user': 'ann', 'impersonate-uid': '1' });
        act('as ann with extra', { 'impersonate-user': 'ann', 'impersonate-extra-scopes': 'all' });
        act('as an account', { 'impersonate-user': 'system:serviceaccount:a:default' });
        act('as a node', { 'impersonate-user': 'system:node:n1', 'impersonate-group': 'system:nodes' });
        act('in a group alone', { 'impersonate-group': 'system:masters' });
        const proxied = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' };
        people.set('nobody with proxy headers', { headers: proxied });
        people.set('plain user with proxy headers', { ...(await server.user('p')), headers: proxied });
        const { frontProxyClient } = server.running.pki;
        people.set('front proxy', {
            certificate: frontProxyClient,
            headers: { 'x-remote-user': 'somebody' },
        });
        people.set('another of the front-proxy authority', {
            ...(await server.userOf(server.running.pki.frontProxyCa, 'other')),
            headers: proxied,
        });
    };

    beforeAll(async () => {
        server = await AuthServer.start(() => ({ 'enable-bootstrap-token-auth': true }));
        await makeObjects();
        await makePeople();
    }, 60_000);
    afterAll(async () => {
        await server.stop();
    });

    it.each(Object.entries(cases))('%s', async (_title, list) => {
        const answers: string[] = [];
        for (const [who, request, , body] of list) {
            const as = people.get(who);
            if (as === undefined) throw new Error(`who is "${who}"?`);
            const patchType = patchTypes[request.slice(0, 5)];
            const patch = patchType === undefined ? {} : { 'content-type': patchType };
            const { status, body: answer } = await server.call(
                { ...as, headers: { ...as.headers, ...patch } },
                request.replace(/^APPLY/, 'PATCH'),
                body === undefined ? undefined : bodies.get(body),
            );
            answers.push(`${who}: ${request} ${body ?? ''} ${status}`);
            // A refusal tells nothing of what it keeps.
            if (status > 299) expect(JSON.stringify(answer)).not.toContain(secretValue);
        }
        expect(answers).toEqual(
            list.map(([who, request, code, body]) => `${who}: ${request} ${body ?? ''} ${code}`),
        );
    });

    it('a watch whose path names one object shows that object alone', async () => {
        const as = people.get('one secret') ?? {};
        const path = '/api/v1/watch/namespaces/a/secrets/plain?timeoutSeconds=1';
        const { status, body } = await server.call(as, `GET ${path}`);
        const lines = (body.message ?? JSON.stringify(body)).trim().split('\n');
        expect(status).toBe(200);
        expect(lines).toHaveLength(1);
        expect(lines[0]).toContain('"name":"plain"');
        const other = 'GET /api/v1/watch/namespaces/a/secrets/plain?fieldSelector=metadata.name%3Dof-n1';
        expect(await server.call(as, other)).toMatchObject({ status: 400 });
    });

    it('a certificate request says who made it, whatever they say', async () => {
        const as = people.get('bootstrap token') ?? {};
        const body = bodies.get('ownRequest') as { spec: object };
        const forged = { ...body, spec: { ...body.spec, username: 'root', groups: ['system:masters'] } };
        const made = await server.call(as, `POST ${csrs}?dryRun=All`, forged);
        expect(made).toMatchObject({
            status: 201,
            body: {
                spec: {
                    username: 'system:bootstrap:abcdef',
                    groups: expect.not.arrayContaining(['system:masters']),
                },
            },
        });
    });

    it('approval adds no certificate, and signing no approval', async () => {
        await server.make(`POST ${csrs}`, bodies.get('ownRequest'));
        const condition = { type: 'Approved', status: 'True', reason: 'x', message: 'x' };
        const change = async (path: string, status: object) =>
            await server.call(
                { ...server.admin, headers: { 'content-type': 'application/merge-patch+json' } },
                `PATCH ${csrs}/x/${path}`,
                { status },
            );
        expect(await change('status', { conditions: [condition] })).toMatchObject({ status: 422 });
        const approved = await change('approval', { conditions: [condition], certificate: 'eA==' });
        expect(approved).toMatchObject({
            status: 200,
            body: { status: { conditions: [{ type: 'Approved' }] } },
        });
        expect(approved.body.status).not.toHaveProperty('certificate');
        expect(await change('approval', { conditions: [] })).toMatchObject({ status: 422 });
    });

    it.each([
        ['127.0.0.1', 400],
        ['169.254.169.254', 400],
        ['::1', 400],
        ['::ffff:127.0.0.1', 400],
        ['0.0.0.0', 400],
    ])('nothing is proxied to a pod at %s', async (podIP, code) => {
        await server.call(
            { ...server.admin, headers: { 'content-type': 'application/merge-patch+json' } },
            `PATCH ${a}/pods/on-n2/status`,
            { status: { podIP, podIPs: [{ ip: podIP }] } },
        );
        const answer = await server.call(server.admin, `GET ${a}/pods/on-n2/proxy/`);
        expect([answer.status, answer.body.message]).toEqual([code, 'address not allowed']);
    });
});
