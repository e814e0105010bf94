import type { RawSchema } from '../../schema/schema.ts';

const head = 'apiVersion string;kind string;metadata ref:V1ObjectMeta';
const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

interface LegacyKind {
    group: string;
    version: string;
    kind: string;
    plural: string;
    /** Types of the fields `spec` and `status`. */
    spec: string;
    status: string;
    isScalable: boolean;
}

const workload = (kind: string, spec: string): Omit<LegacyKind, 'group' | 'version'> => ({
    kind,
    plural: `${kind.toLowerCase()}s`,
    spec,
    status: `V1${kind}Status`,
    isScalable: kind !== 'DaemonSet',
});
const ingress = {
    kind: 'Ingress',
    plural: 'ingresses',
    spec: 'LegacyIngressSpec',
    status: 'V1IngressStatus',
    isScalable: false,
};

const kinds: readonly LegacyKind[] = [
    { group: 'extensions', version: 'v1beta1', ...workload('DaemonSet', 'LegacyDaemonSetSpec') },
    { group: 'extensions', version: 'v1beta1', ...workload('Deployment', 'LegacyDeploymentSpec') },
    { group: 'extensions', version: 'v1beta1', ...workload('ReplicaSet', 'LegacyReplicaSetSpec') },
    { group: 'extensions', version: 'v1beta1', ...ingress },
    { group: 'networking.k8s.io', version: 'v1beta1', ...ingress },
    { group: 'apps', version: 'v1beta1', ...workload('Deployment', 'LegacyDeploymentSpec') },
    { group: 'apps', version: 'v1beta1', ...workload('StatefulSet', 'LegacyStatefulSetSpec') },
    { group: 'apps', version: 'v1beta2', ...workload('DaemonSet', 'V1DaemonSetSpec') },
    { group: 'apps', version: 'v1beta2', ...workload('Deployment', 'V1DeploymentSpec') },
    { group: 'apps', version: 'v1beta2', ...workload('ReplicaSet', 'V1ReplicaSetSpec') },
    { group: 'apps', version: 'v1beta2', ...workload('StatefulSet', 'V1StatefulSetSpec') },
];

/** Types that differ from those of version 1: selectors may be missing, an Ingress names its Services otherwise. */
const parts: RawSchema['types'] = {
    LegacyDeploymentSpec: {
        name: 'io.k8s.api.apps.v1beta1.DeploymentSpec',
        fields: 'minReadySeconds integer:int32;paused boolean;progressDeadlineSeconds integer:int32;replicas integer:int32;revisionHistoryLimit integer:int32;rollbackTo ref:LegacyRollbackConfig;selector ref:V1LabelSelector;strategy ref:V1DeploymentStrategy;template! ref:V1PodTemplateSpec',
    },
    LegacyRollbackConfig: {
        name: 'io.k8s.api.apps.v1beta1.RollbackConfig',
        fields: 'revision integer:int64',
    },
    LegacyReplicaSetSpec: {
        name: 'io.k8s.api.extensions.v1beta1.ReplicaSetSpec',
        fields: 'minReadySeconds integer:int32;replicas integer:int32;selector ref:V1LabelSelector;template ref:V1PodTemplateSpec',
    },
    LegacyDaemonSetSpec: {
        name: 'io.k8s.api.extensions.v1beta1.DaemonSetSpec',
        fields: 'minReadySeconds integer:int32;revisionHistoryLimit integer:int32;selector ref:V1LabelSelector;template! ref:V1PodTemplateSpec;templateGeneration integer:int64;updateStrategy ref:V1DaemonSetUpdateStrategy',
    },
    LegacyStatefulSetSpec: {
        name: 'io.k8s.api.apps.v1beta1.StatefulSetSpec',
        fields: 'podManagementPolicy string;replicas integer:int32;revisionHistoryLimit integer:int32;selector ref:V1LabelSelector;serviceName string;template! ref:V1PodTemplateSpec;updateStrategy ref:V1StatefulSetUpdateStrategy;volumeClaimTemplates array:ref:V1PersistentVolumeClaim',
    },
    LegacyIngressSpec: {
        name: 'io.k8s.api.extensions.v1beta1.IngressSpec',
        fields: 'backend ref:LegacyIngressBackend;ingressClassName string;rules array:ref:LegacyIngressRule;tls array:ref:V1IngressTLS',
    },
    LegacyIngressBackend: {
        name: 'io.k8s.api.extensions.v1beta1.IngressBackend',
        fields: 'resource ref:V1TypedLocalObjectReference;serviceName string;servicePort int-or-string',
    },
    LegacyIngressRule: {
        name: 'io.k8s.api.extensions.v1beta1.IngressRule',
        fields: 'host string;http ref:LegacyHTTPIngressRuleValue',
    },
    LegacyHTTPIngressRuleValue: {
        name: 'io.k8s.api.extensions.v1beta1.HTTPIngressRuleValue',
        fields: 'paths! array:ref:LegacyHTTPIngressPath',
    },
    LegacyHTTPIngressPath: {
        name: 'io.k8s.api.extensions.v1beta1.HTTPIngressPath',
        fields: 'backend! ref:LegacyIngressBackend;path string;pathType string',
    },
};

/** What the schema gets in addition where old versions are served. */
export function legacySchema(): RawSchema {
    const types = { ...parts };
    const resources = kinds.map(({ group, version, kind, plural, spec, status, isScalable }) => {
        const prefix = group.split('.')[0] ?? '';
        const type = `${prefix[0]?.toUpperCase()}${prefix.slice(1)}V${version.slice(1)}${kind}`;
        const published = `io.k8s.api.${prefix}.${version}.${kind}`;
        types[type] = {
            name: published,
            gvks: [[group, version, kind]],
            fields: `${head};spec ref:${spec};status ref:${status}`,
        };
        types[`${type}List`] = {
            name: `${published}List`,
            gvks: [[group, version, `${kind}List`]],
            fields: `apiVersion string;items! array:ref:${type};kind string;metadata ref:V1ListMeta`,
        };
        return {
            ...{ group, version, plural, kind, type },
            singular: kind.toLowerCase(),
            namespaced: true,
            verbs: allVerbs,
            listType: `${type}List`,
            subresources: {
                ...(isScalable && { scale: { verbs: subresourceVerbs, type: 'V1Scale' } }),
                status: { verbs: subresourceVerbs, type },
            },
        };
    });
    return { types, resources };
}
