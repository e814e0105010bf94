import type { ResourceDefinition } from '../../../api/groups/resource.ts';

/** Upstream's order of groups in discovery; unknown groups (custom resources) follow, by name. */
const groupOrder = [
    '',
    'apiregistration.k8s.io',
    'apps',
    'events.k8s.io',
    'authentication.k8s.io',
    'authorization.k8s.io',
    'autoscaling',
    'batch',
    'certificates.k8s.io',
    'networking.k8s.io',
    'policy',
    'rbac.authorization.k8s.io',
    'storage.k8s.io',
    'admissionregistration.k8s.io',
    'apiextensions.k8s.io',
    'scheduling.k8s.io',
    'coordination.k8s.io',
    'node.k8s.io',
    'discovery.k8s.io',
    'flowcontrol.apiserver.k8s.io',
    'resource.k8s.io',
    // Old versions of what other groups serve.
    'extensions',
];

export interface DiscoveredGroup {
    group: string;
    /** The preferred version first. */
    versions: DiscoveredVersion[];
}
export interface DiscoveredVersion {
    version: string;
    resources: ResourceDefinition[];
}

/** What is served, by group and version, in the order in which clients are told. */
export function groupsOf(definitions: readonly ResourceDefinition[]): DiscoveredGroup[] {
    const groups = new Map<string, Map<string, ResourceDefinition[]>>();
    for (const definition of definitions) {
        const versions = groups.get(definition.group) ?? new Map<string, ResourceDefinition[]>();
        groups.set(definition.group, versions);
        const resources = versions.get(definition.version);
        if (resources === undefined) versions.set(definition.version, [definition]);
        else resources.push(definition);
    }
    return [...groups]
        .map(([group, versions]) => ({
            group,
            versions: [...versions]
                .map(([version, resources]) => ({
                    version,
                    resources: resources.sort((a, b) => (a.plural < b.plural ? -1 : 1)),
                }))
                .sort((a, b) => compareVersions(a.version, b.version)),
        }))
        .sort((a, b) => rank(a.group) - rank(b.group) || (a.group < b.group ? -1 : 1));
}

function rank(group: string): number {
    const index = groupOrder.indexOf(group);
    return index < 0 ? groupOrder.length : index;
}

/** Kube-aware order: GA before beta before alpha, newer before older ("v2", "v1", "v1beta1"). */
export function compareVersions(a: string, b: string): number {
    const [left, right] = [parse(a), parse(b)];
    return (
        right.stability - left.stability ||
        right.major - left.major ||
        right.minor - left.minor ||
        (a < b ? -1 : 1)
    );
}

function parse(version: string): { stability: number; major: number; minor: number } {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return { stability: 0, major: 0, minor: 0 };
    const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
    return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
