import type { V1PolicyRule } from '../../../../api/meta/object.ts';
import { nodeRules } from './node-rules.ts';
import { eventsRule, pathRule, read, readUpdate, rule } from './rule-builder.ts';

const certificates = 'certificates.k8s.io';
const delegation: readonly V1PolicyRule[] = [
    rule('create', 'authentication.k8s.io', 'tokenreviews'),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];
/** The leader's lease of a component. */
const leaderRules = (name: string): V1PolicyRule[] => [
    rule('create', 'coordination.k8s.io', 'leases'),
    rule('get update', 'coordination.k8s.io', 'leases', name),
];
const approver = (signer: string): V1PolicyRule[] => [rule('approve', certificates, 'signers', signer)];

/** Cluster roles of users, components and nodes, by name. */
export const systemRoles: Readonly<Record<string, readonly V1PolicyRule[]>> = {
    'cluster-admin': [rule('*', '*', '*'), pathRule('*', '*')],
    'system:discovery': [
        pathRule(
            'get',
            '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/',
        ),
    ],
    'system:monitoring': [
        pathRule('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
        pathRule('get', '/statusz'),
        pathRule('get', '/flagz'),
    ],
    'system:basic-user': [
        rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
        rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
    'system:public-info-viewer': [pathRule('get', '/healthz /livez /readyz /version /version/')],
    // The join token's group (cli/join): a master that is not part of the cluster yet.
    'system:hyperkube:master-join': [pathRule('post', '/hyperkube/v1/join')],
    'system:heapster': [
        rule(read, 'core', 'events namespaces nodes pods'),
        rule(read, 'extensions', 'deployments'),
    ],
    'system:node': nodeRules,
    'system:node-problem-detector': [
        rule('get', 'core', 'nodes'),
        rule('patch', 'core', 'nodes/status'),
        eventsRule,
    ],
    'system:node-proxier': [
        rule('list watch', 'core', 'endpoints services'),
        rule(read, 'core', 'nodes'),
        eventsRule,
        rule('list watch', 'discovery.k8s.io', 'endpointslices'),
        rule('list watch', 'networking.k8s.io', 'servicecidrs'),
    ],
    'system:kubelet-api-admin': [
        rule(read, 'core', 'nodes'),
        rule('proxy', 'core', 'nodes'),
        rule(
            '*',
            'core',
            'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats',
        ),
    ],
    'system:node-bootstrapper': [rule(`create ${read}`, certificates, 'certificatesigningrequests')],
    'system:auth-delegator': delegation,
    'system:kube-aggregator': [rule(read, 'core', 'endpoints services')],
    'system:kube-controller-manager': [
        eventsRule,
        ...leaderRules('kube-controller-manager'),
        rule('create', 'core', 'secrets serviceaccounts'),
        rule('delete', 'core', 'secrets'),
        rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
        rule('update', 'core', 'secrets serviceaccounts'),
        ...delegation,
        rule('list watch', '*', '*'),
        rule('create', 'core', 'serviceaccounts/token'),
    ],
    'system:kube-scheduler': [
        eventsRule,
        ...leaderRules('kube-scheduler'),
        rule(read, 'core', 'nodes'),
        rule(`delete ${read}`, 'core', 'pods'),
        rule('create', 'core', 'bindings pods/binding'),
        rule('patch update', 'core', 'pods/status'),
        rule(read, 'core', 'replicationcontrollers services'),
        rule(read, 'apps extensions', 'replicasets'),
        rule(read, 'apps', 'statefulsets'),
        rule(read, 'policy', 'poddisruptionbudgets'),
        rule(read, 'core', 'persistentvolumeclaims persistentvolumes'),
        ...delegation,
        rule(read, 'storage.k8s.io', 'csinodes'),
        rule(read, 'core', 'namespaces'),
        rule(read, 'storage.k8s.io', 'csidrivers'),
        rule(read, 'storage.k8s.io', 'csistoragecapacities'),
        rule(read, 'storage.k8s.io', 'volumeattachments'),
        rule(read, 'resource.k8s.io', 'deviceclasses resourceslices'),
        rule(readUpdate, 'resource.k8s.io', 'resourceclaims'),
        rule(readUpdate, 'resource.k8s.io', 'resourceclaims/status'),
        rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
    ],
    'system:volume-scheduler': [
        rule(readUpdate, 'core', 'persistentvolumes'),
        rule(read, 'storage.k8s.io', 'storageclasses'),
        rule(readUpdate, 'core', 'persistentvolumeclaims'),
    ],
    'system:kube-dns': [rule('list watch', 'core', 'endpoints services')],
    'system:persistent-volume-provisioner': [
        rule(`create delete ${read}`, 'core', 'persistentvolumes'),
        rule(`update ${read}`, 'core', 'persistentvolumeclaims'),
        rule(read, 'storage.k8s.io', 'storageclasses'),
        rule('watch', 'core', 'events'),
        eventsRule,
    ],
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient': [
        rule('create', certificates, 'certificatesigningrequests/nodeclient'),
    ],
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [
        rule('create', certificates, 'certificatesigningrequests/selfnodeclient'),
    ],
    'system:certificates.k8s.io:legacy-unknown-approver': approver('kubernetes.io/legacy-unknown'),
    'system:certificates.k8s.io:kubelet-serving-approver': approver('kubernetes.io/kubelet-serving'),
    'system:certificates.k8s.io:kube-apiserver-client-approver': approver(
        'kubernetes.io/kube-apiserver-client',
    ),
    'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': approver(
        'kubernetes.io/kube-apiserver-client-kubelet',
    ),
    'system:service-account-issuer-discovery': [
        pathRule(
            'get',
            '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
        ),
    ],
};
