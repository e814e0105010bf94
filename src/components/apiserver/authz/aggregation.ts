import type { Stored, V1ClusterRole, V1PolicyRule } from '../../../api/meta/object.ts';
import { aggregatedRules } from '../../../api/groups/rbac/aggregated-rules.ts';
import type { Client } from '../../../client/client.ts';
import { clusterRoles } from '../../../client/resource-type.ts';
import { againstRivals } from '../bootstrap/rivals.ts';

/**
 * Brings the rules of all aggregated roles up to date. Roles that feed others (view feeds edit feeds
 * admin) are computed first to last in memory, so that one pass is enough.
 */
export async function aggregateClusterRoles(client: Client): Promise<void> {
    const resource = client.resource(clusterRoles);
    // What another member has written meanwhile is up to date at the next look.
    await againstRivals(async () => {
        const { items } = await resource.list();
        for (const role of outdatedRoles(items)) await resource.update(role);
    });
}

/** Aggregated roles whose rules are not what they should be, with the right rules. */
export function outdatedRoles(items: readonly Stored<V1ClusterRole>[]): Stored<V1ClusterRole>[] {
    const current = new Map(items.map((item) => [item.metadata.name, item]));
    const outdated = new Map<string, Stored<V1ClusterRole>>();
    // Each pass settles at least one level of roles that aggregate aggregated roles.
    for (let pass = 0; pass < items.length; pass += 1) {
        let changed = false;
        for (const role of current.values()) {
            const rules = aggregatedRules(role, [...current.values()]);
            if (rules === undefined || sameRules(role.rules ?? [], rules)) continue;
            const updated = { ...role, rules };
            current.set(role.metadata.name, updated);
            outdated.set(role.metadata.name, updated);
            changed = true;
        }
        if (!changed) break;
    }
    return [...outdated.values()];
}

function sameRules(a: readonly V1PolicyRule[], b: readonly V1PolicyRule[]): boolean {
    return a.length === b.length && a.every((rule, index) => ruleKey(rule) === ruleKey(b[index]));
}

/** Equal for rules that say the same, whatever the order of their fields and absent or empty lists. */
function ruleKey(rule: V1PolicyRule | undefined): string {
    return JSON.stringify([
        rule?.apiGroups ?? [],
        rule?.resources ?? [],
        rule?.resourceNames ?? [],
        rule?.nonResourceURLs ?? [],
        rule?.verbs ?? [],
    ]);
}
