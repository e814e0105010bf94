import { semanticEqual } from '../../meta/deep.ts';
import type { Stored, V1ClusterRole, V1PolicyRule } from '../../meta/object.ts';
import { labelSelectorMatcher } from '../../meta/selectors.ts';

/**
 * The rules of a role that aggregates others: those of all roles that its selectors choose, in the order
 * of the selectors and of the roles' names, each rule once. Undefined when the role does not aggregate.
 */
export function aggregatedRules(
    role: V1ClusterRole,
    all: readonly Stored<V1ClusterRole>[],
): V1PolicyRule[] | undefined {
    if (role.aggregationRule === undefined) return undefined;
    const rules: V1PolicyRule[] = [];
    const sorted = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
        const matcher = labelSelectorMatcher(selector);
        for (const source of sorted) {
            if (source.metadata.name === role.metadata?.name) continue;
            if (!matcher.matches(source.metadata.labels)) continue;
            for (const rule of source.rules ?? []) {
                if (!rules.some((known) => semanticEqual(known, rule))) rules.push(rule);
            }
        }
    }
    return rules;
}
