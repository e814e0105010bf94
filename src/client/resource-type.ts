import type * as api from '../api/meta/object.ts';
import type { ApiObject, GroupVersionResource } from '../api/meta/object.ts';

/** Names a resource and binds it to the TypeScript type of its objects. */
export interface ResourceType<T extends ApiObject> extends GroupVersionResource {
    kind: string;
    namespaced: boolean;
    /** Type only; never set. */
    readonly _object?: T;
}

function type<T extends ApiObject>(
    group: string,
    version: string,
    resource: string,
    kind: string,
    namespaced = true,
): ResourceType<T> {
    return { group, version, resource, kind, namespaced };
}

export const configMaps = type<api.V1ConfigMap>('', 'v1', 'configmaps', 'ConfigMap');
export const endpoints = type<api.V1Endpoints>('', 'v1', 'endpoints', 'Endpoints');
export const events = type<api.CoreV1Event>('', 'v1', 'events', 'Event');
export const limitRanges = type<api.V1LimitRange>('', 'v1', 'limitranges', 'LimitRange');
export const namespaces = type<api.V1Namespace>('', 'v1', 'namespaces', 'Namespace', false);
export const nodes = type<api.V1Node>('', 'v1', 'nodes', 'Node', false);
export const persistentVolumeClaims = type<api.V1PersistentVolumeClaim>(
    '',
    'v1',
    'persistentvolumeclaims',
    'PersistentVolumeClaim',
);
export const persistentVolumes = type<api.V1PersistentVolume>(
    '',
    'v1',
    'persistentvolumes',
    'PersistentVolume',
    false,
);
export const pods = type<api.V1Pod>('', 'v1', 'pods', 'Pod');
export const csiDrivers = type<api.V1CSIDriver>('storage.k8s.io', 'v1', 'csidrivers', 'CSIDriver', false);
export const replicationControllers = type<api.V1ReplicationController>(
    '',
    'v1',
    'replicationcontrollers',
    'ReplicationController',
);
export const resourceQuotas = type<api.V1ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota');
export const secrets = type<api.V1Secret>('', 'v1', 'secrets', 'Secret');
export const serviceAccounts = type<api.V1ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const ipAddresses = type<api.V1IPAddress>(
    'networking.k8s.io',
    'v1',
    'ipaddresses',
    'IPAddress',
    false,
);
export const serviceCidrs = type<api.V1ServiceCIDR>(
    'networking.k8s.io',
    'v1',
    'servicecidrs',
    'ServiceCIDR',
    false,
);
export const services = type<api.V1Service>('', 'v1', 'services', 'Service');
export const controllerRevisions = type<api.V1ControllerRevision>(
    'apps',
    'v1',
    'controllerrevisions',
    'ControllerRevision',
);
export const daemonSets = type<api.V1DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet');
export const deployments = type<api.V1Deployment>('apps', 'v1', 'deployments', 'Deployment');
export const replicaSets = type<api.V1ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet');
export const statefulSets = type<api.V1StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet');
export const jobs = type<api.V1Job>('batch', 'v1', 'jobs', 'Job');
export const cronJobs = type<api.V1CronJob>('batch', 'v1', 'cronjobs', 'CronJob');
export const leases = type<api.V1Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const endpointSlices = type<api.V1EndpointSlice>(
    'discovery.k8s.io',
    'v1',
    'endpointslices',
    'EndpointSlice',
);
export const priorityClasses = type<api.V1PriorityClass>(
    'scheduling.k8s.io',
    'v1',
    'priorityclasses',
    'PriorityClass',
    false,
);
export const podDisruptionBudgets = type<api.V1PodDisruptionBudget>(
    'policy',
    'v1',
    'poddisruptionbudgets',
    'PodDisruptionBudget',
);
export const validatingAdmissionPolicies = type<api.V1ValidatingAdmissionPolicy>(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
    false,
);
export const clusterRoles = type<api.V1ClusterRole>(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterroles',
    'ClusterRole',
    false,
);
export const clusterRoleBindings = type<api.V1ClusterRoleBinding>(
    'rbac.authorization.k8s.io',
    'v1',
    'clusterrolebindings',
    'ClusterRoleBinding',
    false,
);
export const roles = type<api.V1Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role');
export const roleBindings = type<api.V1RoleBinding>(
    'rbac.authorization.k8s.io',
    'v1',
    'rolebindings',
    'RoleBinding',
);

/** For resources that are only known at run time (garbage collector, namespace controller). */
export function dynamicResource(
    gvr: GroupVersionResource & { kind: string; namespaced: boolean },
): ResourceType<ApiObject> {
    return { ...gvr };
}

/** The resource's collection path: "/api/v1/namespaces/default/pods". */
export function collectionPath(
    { group, version, resource }: GroupVersionResource,
    namespace: string | undefined,
): string {
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return namespace
        ? `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`
        : `${root}/${resource}`;
}
export const volumeAttributesClasses = type<api.V1VolumeAttributesClass>(
    'storage.k8s.io',
    'v1',
    'volumeattributesclasses',
    'VolumeAttributesClass',
    false,
);
