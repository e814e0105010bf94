/** What discovery says of resources beyond the schema, by plural: short names and categories. */
export const shortNames: Readonly<Record<string, readonly string[]>> = {
    certificatesigningrequests: ['csr'],
    componentstatuses: ['cs'],
    configmaps: ['cm'],
    cronjobs: ['cj'],
    customresourcedefinitions: ['crd', 'crds'],
    daemonsets: ['ds'],
    deployments: ['deploy'],
    endpoints: ['ep'],
    events: ['ev'],
    horizontalpodautoscalers: ['hpa'],
    ingresses: ['ing'],
    ipaddresses: ['ip'],
    limitranges: ['limits'],
    namespaces: ['ns'],
    networkpolicies: ['netpol'],
    nodes: ['no'],
    persistentvolumeclaims: ['pvc'],
    persistentvolumes: ['pv'],
    poddisruptionbudgets: ['pdb'],
    pods: ['po'],
    priorityclasses: ['pc'],
    replicasets: ['rs'],
    replicationcontrollers: ['rc'],
    resourcequotas: ['quota'],
    serviceaccounts: ['sa'],
    services: ['svc'],
    statefulsets: ['sts'],
    storageclasses: ['sc'],
    volumeattributesclasses: ['vac'],
};

/** `kubectl get all` is everything in this category. */
const inAll = new Set([
    'cronjobs',
    'daemonsets',
    'deployments',
    'horizontalpodautoscalers',
    'jobs',
    'pods',
    'replicasets',
    'replicationcontrollers',
    'services',
    'statefulsets',
]);
const inApiExtensions = new Set([
    'apiservices',
    'customresourcedefinitions',
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
]);

export function categoriesOf(plural: string): readonly string[] {
    if (inAll.has(plural)) return ['all'];
    return inApiExtensions.has(plural) ? ['api-extensions'] : [];
}

const irregularSingulars: Readonly<Record<string, string>> = {
    endpoints: 'endpoints',
};

/** Singular of discovery: the kind in lower case. */
export function singularOf(plural: string, kind: string): string {
    return irregularSingulars[plural] ?? kind.toLowerCase();
}

/** Prefixes that are not the plural: names that were given before the API had its own, as etcd keeps them. */
const prefixes: Readonly<Record<string, string>> = {
    apiservices: 'apiregistration.k8s.io/apiservices',
    customresourcedefinitions: 'apiextensions.k8s.io/customresourcedefinitions',
    endpoints: 'services/endpoints',
    ingresses: 'ingress',
    nodes: 'minions',
    replicationcontrollers: 'controllers',
    services: 'services/specs',
};

/** Where the store keeps a resource, below "/registry/". */
export function storagePrefixOf(plural: string): string {
    return prefixes[plural] ?? plural;
}
