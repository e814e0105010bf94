/** Labels of Kubernetes' own domains that a kubelet may set on its node. */
const kubeletLabels = new Set([
    'kubernetes.io/hostname',
    'kubernetes.io/arch',
    'kubernetes.io/os',
    'beta.kubernetes.io/arch',
    'beta.kubernetes.io/os',
    'beta.kubernetes.io/instance-type',
    'node.kubernetes.io/instance-type',
    'topology.kubernetes.io/region',
    'topology.kubernetes.io/zone',
    'failure-domain.beta.kubernetes.io/region',
    'failure-domain.beta.kubernetes.io/zone',
]);
const kubeletDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const kubernetesDomains = ['kubernetes.io', 'k8s.io'];

/** Labels that a kubelet may not change so: with them it could draw pods to itself that are not its. */
export function forbiddenLabels(
    labels: Record<string, string> | undefined = {},
    old: Record<string, string> | undefined = {},
): string[] {
    const keys = new Set([...Object.keys(labels), ...Object.keys(old)]);
    return [...keys].filter((key) => labels[key] !== old[key] && isForbidden(key)).sort();
}

function isForbidden(label: string): boolean {
    const slash = label.indexOf('/');
    const domain = slash < 0 ? '' : label.slice(0, slash);
    if (within(domain, ['node-restriction.kubernetes.io'])) return true;
    return within(domain, kubernetesDomains) && !kubeletLabels.has(label) && !within(domain, kubeletDomains);
}

function within(domain: string, parents: readonly string[]): boolean {
    return parents.some((parent) => domain === parent || domain.endsWith(`.${parent}`));
}
