/** Where a group version stands in discovery: the higher, the earlier. */
export interface Priority {
    /** `groupPriorityMinimum` of its APIService. */
    group: number;
    /** `versionPriority`, within its group. */
    version: number;
}

/** Upstream's numbers, by group, then by version. */
const builtIn: Readonly<Record<string, { group: number; versions: Readonly<Record<string, number>> }>> = {
    '': { group: 18_000, versions: { v1: 1 } },
    apps: { group: 17_800, versions: { v1: 15, v1beta2: 9, v1beta1: 1 } },
    'events.k8s.io': { group: 17_750, versions: { v1: 15, v1beta1: 5 } },
    'authentication.k8s.io': { group: 17_700, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
    'authorization.k8s.io': { group: 17_600, versions: { v1: 15, v1beta1: 9 } },
    autoscaling: { group: 17_500, versions: { v2: 30, v1: 15, v2beta1: 9, v2beta2: 1 } },
    batch: { group: 17_400, versions: { v1: 15, v1beta1: 9 } },
    'certificates.k8s.io': { group: 17_300, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
    'networking.k8s.io': { group: 17_200, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
    extensions: { group: 17_150, versions: { v1beta1: 1 } },
    policy: { group: 17_100, versions: { v1: 15, v1beta1: 9 } },
    'rbac.authorization.k8s.io': { group: 17_000, versions: { v1: 15, v1beta1: 12, v1alpha1: 9 } },
    'storage.k8s.io': { group: 16_800, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
    'apiextensions.k8s.io': { group: 16_700, versions: { v1: 15, v1beta1: 9 } },
    'admissionregistration.k8s.io': { group: 16_700, versions: { v1: 15, v1beta1: 12, v1alpha1: 9 } },
    'scheduling.k8s.io': { group: 16_600, versions: { v1: 15, v1beta1: 12, v1alpha1: 9 } },
    'coordination.k8s.io': { group: 16_500, versions: { v1: 15, v1beta1: 13, v1alpha2: 12 } },
    'node.k8s.io': { group: 16_300, versions: { v1: 15, v1beta1: 9, v1alpha1: 1 } },
    'discovery.k8s.io': { group: 16_200, versions: { v1: 15, v1beta1: 12 } },
    'resource.k8s.io': { group: 16_200, versions: { v1: 20, v1beta2: 15, v1beta1: 9, v1alpha3: 1 } },
    'flowcontrol.apiserver.k8s.io': { group: 16_100, versions: { v1: 21, v1beta3: 18, v1beta2: 15 } },
    'internal.apiserver.k8s.io': { group: 16_000, versions: { v1alpha1: 9 } },
    'storagemigration.k8s.io': { group: 15_800, versions: { v1beta1: 9 } },
};

/** The group of APIServices themselves: it has none, is always served here, and stands behind the core group. */
export const aggregationGroup = 'apiregistration.k8s.io';
const aggregationPriority: Priority = { group: 17_900, version: 15 };

export const customResourcePriority: Priority = { group: 1_000, version: 100 };

/** Undefined for group versions that are not built in, and for the group of APIServices. */
export function builtInPriority(group: string, version: string): Priority | undefined {
    if (!Object.hasOwn(builtIn, group)) return undefined;
    const known = builtIn[group];
    if (known === undefined || !Object.hasOwn(known.versions, version)) return undefined;
    return { group: known.group, version: known.versions[version] ?? 1 };
}

/** The place of a group version that has no APIService. */
export function defaultPriority(group: string, version: string): Priority {
    if (group === aggregationGroup) return aggregationPriority;
    return builtInPriority(group, version) ?? customResourcePriority;
}
