import type { V1ValidatingAdmissionPolicy } from '../../../api/meta/object.ts';

export interface Kind {
    group: string;
    version: string;
    kind: string;
}

export interface Resource {
    group: string;
    version: string;
    resource: string;
}

/** Kinds that one policy is checked against; more would take long, and say little more. */
const kindsMax = 10;

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

/** Every name sorted; none where one of them stands for all. */
function named(names: readonly string[] = []): string[] {
    return names.some((name) => name.includes('*')) ? [] : [...names].sort(compare);
}

/**
 * The kinds that a policy names in its `matchConstraints`, in order, at most 10. Rules with wildcards in groups or
 * versions name none, nor do wildcards and subresources among the resources.
 */
export async function checkedKinds(
    { spec }: V1ValidatingAdmissionPolicy,
    kindOf: (resource: Resource) => Promise<Kind | undefined>,
): Promise<Kind[]> {
    const found = new Map<string, Kind>();
    for (const rule of spec?.matchConstraints?.resourceRules ?? []) {
        let count = 0;
        const resources = (rule.resources ?? []).filter((name) => !/[*/]/.test(name)).sort(compare);
        for (const group of named(rule.apiGroups))
            for (const version of named(rule.apiVersions))
                for (const resource of resources) {
                    const kind = await kindOf({ group, version, resource });
                    if (kind === undefined) continue;
                    found.set(kindText(kind), kind);
                    if (++count === kindsMax) return inOrder(found.values());
                }
    }
    return inOrder(found.values());
}

function inOrder(kinds: Iterable<Kind>): Kind[] {
    return [...kinds].sort(
        (a, b) => compare(a.group, b.group) || compare(a.version, b.version) || compare(a.kind, b.kind),
    );
}

/** "apps/v1, Kind=Deployment" */
export function kindText({ group, version, kind }: Kind): string {
    return `${group}/${version}, Kind=${kind}`;
}
