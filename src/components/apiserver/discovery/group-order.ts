import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { ForeignDiscovery, ForeignVersion } from '../aggregation/extension-discovery.ts';
import { defaultPriority, type Priority } from '../aggregation/priorities.ts';

export interface DiscoveredGroup {
    group: string;
    /** The preferred version first. */
    versions: DiscoveredVersion[];
}
export interface DiscoveredVersion {
    version: string;
    /** What is served here. */
    resources: ResourceDefinition[];
    /** Set where another server answers. */
    foreign?: ForeignVersion;
}

/**
 * What is served, by group and version, in the order in which clients are told: by priority, then by name.
 * @param foreign group versions that other servers answer for, also in groups and in place of what is served here
 */
export function groupsOf(
    definitions: readonly ResourceDefinition[],
    foreign?: ForeignDiscovery,
): DiscoveredGroup[] {
    const groups = new Map<string, Map<string, DiscoveredVersion>>();
    const versionsOf = (group: string): Map<string, DiscoveredVersion> => {
        const versions = groups.get(group) ?? new Map<string, DiscoveredVersion>();
        groups.set(group, versions);
        return versions;
    };
    for (const definition of definitions) {
        const { group, version } = definition;
        const known = groups.get(group)?.get(version);
        if (known !== undefined) known.resources.push(definition);
        else if (foreign?.isWithdrawn(group, version) !== true)
            versionsOf(group).set(version, { version, resources: [definition] });
    }
    for (const one of foreign?.versions() ?? [])
        versionsOf(one.group).set(one.version, { version: one.version, resources: [], foreign: one });
    return inOrder(groups, (group, version) =>
        foreign === undefined ? defaultPriority(group, version) : foreign.priorityOf(group, version),
    );
}

function inOrder(
    groups: ReadonlyMap<string, ReadonlyMap<string, DiscoveredVersion>>,
    priorityOf: (group: string, version: string) => Priority,
): DiscoveredGroup[] {
    return [...groups]
        .map(([group, versions]) => {
            const ranked = [...versions.values()].map((each) => ({
                ...each,
                resources: each.resources.sort((a, b) => (a.plural < b.plural ? -1 : 1)),
                priority: priorityOf(group, each.version),
            }));
            ranked.sort(
                (a, b) => b.priority.version - a.priority.version || compareVersions(a.version, b.version),
            );
            const priority = Math.max(...ranked.map((each) => each.priority.group));
            return { group, priority, versions: ranked };
        })
        .sort((a, b) => b.priority - a.priority || (a.group < b.group ? -1 : 1));
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
