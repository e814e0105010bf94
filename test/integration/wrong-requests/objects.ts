import type { ApiObject } from '../../../src/api/meta/object.ts';

/** The namespace that the objects live in. */
export const namespace = 'shop';

export interface ExampleObject {
    /** Path of its collection. */
    collection: string;
    object: ApiObject & { metadata: { name: string } };
}

const named = (name: string) => ({ name, labels: { app: 'shop' } });
const core = (plural: string) => `/api/v1/namespaces/${namespace}/${plural}`;
const grouped = (group: string, plural: string) => `/apis/${group}/namespaces/${namespace}/${plural}`;
const podSpec = {
    containers: [{ name: 'web', image: 'nginx:1.27', ports: [{ containerPort: 80, name: 'http' }] }],
};
const template = { metadata: { labels: { app: 'shop' } }, spec: podSpec };
const selector = { matchLabels: { app: 'shop' } };
const jobTemplate = { spec: { ...podSpec, restartPolicy: 'Never' } };

const of = (collection: string, apiVersion: string, kind: string, rest: object): ExampleObject => ({
    collection,
    object: { apiVersion, kind, metadata: named('right'), ...rest },
});

/** The certificate request of a key that nobody has: only its form counts. */
export const certificateRequest =
    'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIT01IVUNBUUF3RXpFUk1BOEdBMVVFQXd3SWMyaHZjQzExYzJWeU1Ga3dFd1lIS29aSXpqMENBUVlJS29aSQp6ajBEQVFjRFFnQUVzOStOMjNYbkJDOUZ6MEZBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';

const widgetSchema = {
    type: 'object',
    required: ['spec'],
    properties: {
        spec: {
            type: 'object',
            required: ['size'],
            properties: {
                size: { type: 'integer', minimum: 1, maximum: 10 },
                color: { type: 'string', enum: ['red', 'green'] },
                name: { type: 'string', maxLength: 5, pattern: '^[a-z]*$' },
                tags: {
                    type: 'array',
                    maxItems: 2,
                    items: { type: 'string' },
                    'x-kubernetes-list-type': 'set',
                },
                replicas: { type: 'integer', format: 'int32' },
            },
        },
        status: { type: 'object', properties: { replicas: { type: 'integer' } } },
    },
};

/** One valid object of each kind that matters, all named "right". */
export const examples = {
    ConfigMap: of(core('configmaps'), 'v1', 'ConfigMap', { data: { color: 'red' } }),
    Secret: of(core('secrets'), 'v1', 'Secret', { type: 'Opaque', data: { key: 'YQ==' } }),
    ServiceAccount: of(core('serviceaccounts'), 'v1', 'ServiceAccount', {}),
    Pod: of(core('pods'), 'v1', 'Pod', { spec: podSpec }),
    Service: of(core('services'), 'v1', 'Service', {
        spec: { selector: { app: 'shop' }, ports: [{ port: 80, name: 'http' }] },
    }),
    PersistentVolumeClaim: of(core('persistentvolumeclaims'), 'v1', 'PersistentVolumeClaim', {
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    PersistentVolume: of('/api/v1/persistentvolumes', 'v1', 'PersistentVolume', {
        spec: {
            capacity: { storage: '1Gi' },
            accessModes: ['ReadWriteOnce'],
            hostPath: { path: '/data' },
        },
    }),
    Node: of('/api/v1/nodes', 'v1', 'Node', { spec: { podCIDR: '10.244.0.0/24' } }),
    Namespace: of('/api/v1/namespaces', 'v1', 'Namespace', {}),
    LimitRange: of(core('limitranges'), 'v1', 'LimitRange', {
        spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '100Gi' } }] },
    }),
    ResourceQuota: of(core('resourcequotas'), 'v1', 'ResourceQuota', {
        spec: { hard: { 'services.loadbalancers': '5' } },
    }),
    Endpoints: of(core('endpoints'), 'v1', 'Endpoints', {
        metadata: named('by-hand'),
        subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }],
    }),
    ReplicationController: of(core('replicationcontrollers'), 'v1', 'ReplicationController', {
        spec: { replicas: 1, selector: { app: 'shop' }, template },
    }),
    PodTemplate: of(core('podtemplates'), 'v1', 'PodTemplate', { template }),
    Event: of(core('events'), 'v1', 'Event', {
        involvedObject: { kind: 'Pod', namespace, name: 'right' },
        reason: 'Tested',
        type: 'Normal',
    }),
    Deployment: of(grouped('apps/v1', 'deployments'), 'apps/v1', 'Deployment', {
        spec: { replicas: 2, selector, template },
    }),
    ReplicaSet: of(grouped('apps/v1', 'replicasets'), 'apps/v1', 'ReplicaSet', {
        spec: { replicas: 1, selector, template },
    }),
    StatefulSet: of(grouped('apps/v1', 'statefulsets'), 'apps/v1', 'StatefulSet', {
        spec: { serviceName: 'right', selector, template },
    }),
    DaemonSet: of(grouped('apps/v1', 'daemonsets'), 'apps/v1', 'DaemonSet', { spec: { selector, template } }),
    ControllerRevision: of(grouped('apps/v1', 'controllerrevisions'), 'apps/v1', 'ControllerRevision', {
        data: { a: 1 },
        revision: 1,
    }),
    Job: of(grouped('batch/v1', 'jobs'), 'batch/v1', 'Job', { spec: { template: jobTemplate } }),
    CronJob: of(grouped('batch/v1', 'cronjobs'), 'batch/v1', 'CronJob', {
        spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: jobTemplate } } },
    }),
    Ingress: of(grouped('networking.k8s.io/v1', 'ingresses'), 'networking.k8s.io/v1', 'Ingress', {
        spec: {
            rules: [
                {
                    host: 'shop.example.com',
                    http: {
                        paths: [
                            {
                                path: '/',
                                pathType: 'Prefix',
                                backend: { service: { name: 'right', port: { number: 80 } } },
                            },
                        ],
                    },
                },
            ],
        },
    }),
    IngressClass: of('/apis/networking.k8s.io/v1/ingressclasses', 'networking.k8s.io/v1', 'IngressClass', {
        spec: { controller: 'example.com/ingress' },
    }),
    NetworkPolicy: of(
        grouped('networking.k8s.io/v1', 'networkpolicies'),
        'networking.k8s.io/v1',
        'NetworkPolicy',
        {
            spec: {
                podSelector: selector,
                ingress: [
                    { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 80, protocol: 'TCP' }] },
                ],
            },
        },
    ),
    HorizontalPodAutoscaler: of(
        grouped('autoscaling/v2', 'horizontalpodautoscalers'),
        'autoscaling/v2',
        'HorizontalPodAutoscaler',
        {
            spec: {
                scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'right' },
                minReplicas: 1,
                maxReplicas: 3,
                metrics: [
                    {
                        type: 'Resource',
                        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
                    },
                ],
            },
        },
    ),
    PodDisruptionBudget: of(
        grouped('policy/v1', 'poddisruptionbudgets'),
        'policy/v1',
        'PodDisruptionBudget',
        {
            spec: { minAvailable: 1, selector: { matchLabels: { app: 'none' } } },
        },
    ),
    Role: of(grouped('rbac.authorization.k8s.io/v1', 'roles'), 'rbac.authorization.k8s.io/v1', 'Role', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    RoleBinding: of(
        grouped('rbac.authorization.k8s.io/v1', 'rolebindings'),
        'rbac.authorization.k8s.io/v1',
        'RoleBinding',
        {
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'right' },
            subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
        },
    ),
    ClusterRole: of(
        '/apis/rbac.authorization.k8s.io/v1/clusterroles',
        'rbac.authorization.k8s.io/v1',
        'ClusterRole',
        {
            rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }],
        },
    ),
    ClusterRoleBinding: of(
        '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
        'rbac.authorization.k8s.io/v1',
        'ClusterRoleBinding',
        {
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'right' },
            subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
        },
    ),
    StorageClass: of('/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1', 'StorageClass', {
        provisioner: 'example.com/disk',
    }),
    PriorityClass: of('/apis/scheduling.k8s.io/v1/priorityclasses', 'scheduling.k8s.io/v1', 'PriorityClass', {
        value: 1000,
    }),
    RuntimeClass: of('/apis/node.k8s.io/v1/runtimeclasses', 'node.k8s.io/v1', 'RuntimeClass', {
        handler: 'runc',
    }),
    Lease: of(grouped('coordination.k8s.io/v1', 'leases'), 'coordination.k8s.io/v1', 'Lease', {
        spec: { holderIdentity: 'me', leaseDurationSeconds: 15 },
    }),
    EndpointSlice: of(
        grouped('discovery.k8s.io/v1', 'endpointslices'),
        'discovery.k8s.io/v1',
        'EndpointSlice',
        {
            addressType: 'IPv4',
            endpoints: [{ addresses: ['10.1.2.3'] }],
            ports: [{ port: 80, name: 'http', protocol: 'TCP' }],
        },
    ),
    CustomResourceDefinition: of(
        '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        'apiextensions.k8s.io/v1',
        'CustomResourceDefinition',
        {
            metadata: named('widgets.shop.example.com'),
            spec: {
                group: 'shop.example.com',
                scope: 'Namespaced',
                names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
                versions: [
                    {
                        name: 'v1',
                        served: true,
                        storage: true,
                        schema: { openAPIV3Schema: widgetSchema },
                        subresources: {
                            status: {},
                            scale: {
                                specReplicasPath: '.spec.replicas',
                                statusReplicasPath: '.status.replicas',
                            },
                        },
                    },
                ],
            },
        },
    ),
    ValidatingWebhookConfiguration: of(
        '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
        'admissionregistration.k8s.io/v1',
        'ValidatingWebhookConfiguration',
        {
            webhooks: [
                {
                    name: 'hook.example.com',
                    clientConfig: { url: 'https://hook.invalid/check' },
                    rules: [
                        {
                            operations: ['CREATE'],
                            apiGroups: ['nothing.example.com'],
                            apiVersions: ['v1'],
                            resources: ['things'],
                        },
                    ],
                    sideEffects: 'None',
                    admissionReviewVersions: ['v1'],
                },
            ],
        },
    ),
    ValidatingAdmissionPolicy: of(
        '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
        'admissionregistration.k8s.io/v1',
        'ValidatingAdmissionPolicy',
        {
            spec: {
                matchConstraints: {
                    resourceRules: [
                        {
                            operations: ['CREATE'],
                            apiGroups: ['nothing.example.com'],
                            apiVersions: ['v1'],
                            resources: ['things'],
                        },
                    ],
                },
                validations: [{ expression: 'true' }],
            },
        },
    ),
    FlowSchema: of(
        '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
        'flowcontrol.apiserver.k8s.io/v1',
        'FlowSchema',
        {
            spec: {
                priorityLevelConfiguration: { name: 'global-default' },
                matchingPrecedence: 9000,
                rules: [
                    {
                        subjects: [{ kind: 'User', user: { name: 'nobody-there' } }],
                        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
                    },
                ],
            },
        },
    ),
    PriorityLevelConfiguration: of(
        '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
        'flowcontrol.apiserver.k8s.io/v1',
        'PriorityLevelConfiguration',
        {
            spec: {
                type: 'Limited',
                limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } },
            },
        },
    ),
    CSIDriver: of('/apis/storage.k8s.io/v1/csidrivers', 'storage.k8s.io/v1', 'CSIDriver', {
        spec: { attachRequired: false },
    }),
    VolumeAttachment: of(
        '/apis/storage.k8s.io/v1/volumeattachments',
        'storage.k8s.io/v1',
        'VolumeAttachment',
        {
            spec: { attacher: 'example.com', nodeName: 'right', source: { persistentVolumeName: 'right' } },
        },
    ),
} as const satisfies Record<string, ExampleObject>;

export type ExampleKind = keyof typeof examples;

/** Of the definition among the examples. */
export const widget: ExampleObject = {
    collection: `/apis/shop.example.com/v1/namespaces/${namespace}/widgets`,
    object: {
        apiVersion: 'shop.example.com/v1',
        kind: 'Widget',
        metadata: named('right'),
        spec: { size: 3 },
    } as ExampleObject['object'],
};

/** A copy with one member set, or without it where the value is undefined; "spec.containers[0].name", "metadata.labels.a/b". */
export function withMember<T extends object>(object: T, path: string, value: unknown): T {
    const copy = structuredClone(object);
    const steps = path.split(/\.(?![^[]*\/)|\[(?=\d+\])/).map((step) => step.replace(/\]$/, ''));
    let parent = copy as Record<string, unknown>;
    for (const [index, step] of steps.slice(0, -1).entries()) {
        parent[step] ??= /^\d+$/.test(steps[index + 1]!) ? [] : {};
        parent = parent[step] as Record<string, unknown>;
    }
    const last = steps.at(-1)!;
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else parent[last] = value;
    return copy;
}
