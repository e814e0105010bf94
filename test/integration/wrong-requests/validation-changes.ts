import { examples, namespace, withMember } from './objects.ts';
import { updates, type ValidationRow } from './validation.ts';
import { invalid, type WrongRequest } from './wrong-request.ts';

const immutable = 'field is immutable';
const selector = { matchLabels: { app: 'shop', more: 'x' } };

const rows: ValidationRow[] = [
    [
        'Deployment',
        'spec.selector',
        selector,
        /spec\.selector: Invalid value: \{"matchLabels":\{"app":"shop","more":"x"\}\}: field is immutable/,
    ],
    ['ReplicaSet', 'spec.selector', selector, /spec\.selector: Invalid value: .*: field is immutable/],
    ['DaemonSet', 'spec.selector', selector, /spec\.selector: Invalid value: .*: field is immutable/],
    [
        'StatefulSet',
        'spec.serviceName',
        'other',
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
    ['Job', 'spec.completions', 5, /spec\.completions: Invalid value: 5: field is immutable/],
    [
        'Job',
        'spec.template.spec.containers[0].image',
        'other',
        /spec\.template: Invalid value: .*: field is immutable/,
    ],
    [
        'Pod',
        'spec.containers[0].name',
        'other',
        /^Pod "right" is invalid: spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)/,
    ],
    [
        'Pod',
        'spec.containers[1]',
        { name: 'more', image: 'x' },
        /spec\.containers: Forbidden: pod updates may not add or remove containers/,
    ],
    ['Pod', 'spec.nodeName', 'right', /spec: Forbidden: pod updates may not change fields other than/],
    [
        'Pod',
        'spec.activeDeadlineSeconds',
        -1,
        /spec\.activeDeadlineSeconds: Invalid value: -1: must be between 1 and 2147483647, inclusive/,
    ],
    [
        'Service',
        'spec.clusterIP',
        '10.96.0.77',
        /spec\.clusterIPs\[0\]: Invalid value: \["10\.96\.0\.77"\]: may not change once set/,
    ],
    [
        'PersistentVolumeClaim',
        'spec.accessModes',
        ['ReadOnlyMany'],
        /spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims/,
    ],
    ['PersistentVolumeClaim', 'spec.volumeName', 'disk', /^$/],
    [
        'PersistentVolume',
        'spec.hostPath.path',
        '/other',
        /spec\.persistentvolumesource: Forbidden: spec\.persistentvolumesource is immutable after creation/,
    ],
    [
        'StorageClass',
        'provisioner',
        'other.example.com/disk',
        'provisioner: Forbidden: updates to provisioner are forbidden.',
    ],
    ['StorageClass', 'parameters', { a: 'b' }, 'parameters: Forbidden: updates to parameters are forbidden.'],
    [
        'PriorityClass',
        'value',
        5,
        /value: (?:Forbidden: may not be changed in an update|Invalid value: 5: field is immutable)\.?/,
    ],
    ['RuntimeClass', 'handler', 'other', `handler: Invalid value: "other": ${immutable}`],
    [
        'RoleBinding',
        'roleRef.name',
        'other',
        'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"other"}: cannot change roleRef',
    ],
    [
        'ClusterRoleBinding',
        'roleRef.name',
        'other',
        'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"other"}: cannot change roleRef',
    ],
    ['EndpointSlice', 'addressType', 'IPv6', /addressType: Invalid value: "IPv6": field is immutable/],
    [
        'IngressClass',
        'spec.controller',
        'example.com/other',
        `spec.controller: Invalid value: "example.com/other": ${immutable}`,
    ],
    ['ControllerRevision', 'data', { a: 2 }, /data: Invalid value: .*: field is immutable/],
    [
        'Secret',
        'type',
        'other.example.com/type',
        `type: Invalid value: "other.example.com/type": ${immutable}`,
    ],
    ['VolumeAttachment', 'spec.nodeName', 'other', /spec: Invalid value: .*: field is immutable/],
    [
        'CSIDriver',
        'spec.attachRequired',
        true,
        /spec\.attachedRequired: Invalid value: true: field is immutable/,
    ],
];

export function changes(): WrongRequest[] {
    const maps = `/api/v1/namespaces/${namespace}/configmaps`;
    const { object } = examples.ConfigMap;
    return [
        ...updates(rows.filter(([, member]) => member !== 'spec.volumeName')),
        {
            name: 'the data of an immutable ConfigMap',
            method: 'PUT',
            path: `${maps}/fixed`,
            body: withMember({ ...object, immutable: true, data: { a: '2' } }, 'metadata.name', 'fixed'),
            expect: invalid(
                'ConfigMap',
                'fixed',
                'data: Forbidden: field is immutable when `immutable` is set',
            ),
        },
        {
            name: 'a ConfigMap that is immutable no longer',
            method: 'PUT',
            path: `${maps}/fixed`,
            body: withMember({ ...object, data: { a: '1' } }, 'metadata.name', 'fixed'),
            expect: invalid(
                'ConfigMap',
                'fixed',
                'immutable: Forbidden: field is immutable when `immutable` is set',
            ),
        },
        {
            name: 'the scope of a definition',
            method: 'PATCH',
            path: `${examples.CustomResourceDefinition.collection}/widgets.shop.example.com`,
            headers: { 'content-type': 'application/merge-patch+json' },
            body: { spec: { scope: 'Cluster' } },
            expect: {
                code: 422,
                reason: 'Invalid',
                message: /spec\.scope: Invalid value: "Cluster": field is immutable/,
            },
        },
        {
            name: 'a definition without resourceVersion',
            method: 'PUT',
            path: `${examples.CustomResourceDefinition.collection}/widgets.shop.example.com`,
            body: examples.CustomResourceDefinition.object,
            expect: invalid(
                'CustomResourceDefinition.apiextensions.k8s.io',
                'widgets.shop.example.com',
                'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
            ),
        },
        {
            name: 'a field of a Lease of the wrong kind',
            method: 'PATCH',
            path: `${examples.Lease.collection}/right`,
            headers: { 'content-type': 'application/merge-patch+json' },
            body: { spec: { leaseDurationSeconds: -1 } },
            expect: invalid(
                'Lease.coordination.k8s.io',
                'right',
                'spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0',
            ),
        },
    ];
}
