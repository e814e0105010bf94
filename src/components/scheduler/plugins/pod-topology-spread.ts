import type { V1LabelSelector, V1Pod, V1TopologySpreadConstraint } from '../../../api/meta/object.ts';
import { allowsNode } from '../../../api/meta/node-selector.ts';
import { controllerOf } from '../../../api/meta/owner-references.ts';
import { labelSelectorMatcher, type LabelMatcher } from '../../../api/meta/selectors.ts';
import { isTolerated } from '../../../api/meta/tolerations.ts';
import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

interface Constraint {
    topologyKey: string;
    maxSkew: number;
    minDomains: number;
    hard: boolean;
    matcher: LabelMatcher;
    /** Matching pods per value of the topology label, over the nodes that count. */
    counts: Map<string, number>;
    /** True when the pod would itself be counted. */
    countsItself: boolean;
}

const defaultConstraints: readonly { topologyKey: string; maxSkew: number }[] = [
    { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
    { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
];

/**
 * Spreads pods over hosts and zones: DoNotSchedule constraints filter, ScheduleAnyway ones score. Pods of
 * one owner without constraints of their own are spread over hosts and zones by score (upstream's
 * system defaulting).
 */
export const podTopologySpread: Plugin<Constraint[]> = {
    name: 'PodTopologySpread',
    weight: 2,
    normalise: 'reverse',
    retryOn: ['nodeAdded', 'nodeLabels', 'podAdded', 'podDeleted', 'podUpdated'],
    prepare(info, nodes) {
        const constraints = constraintsOf(info);
        if (constraints.length === 0) return 'skip';
        for (const node of nodes) for (const constraint of constraints) count(constraint, info, node);
        return constraints;
    },
    filter(_, node, constraints) {
        for (const constraint of constraints) {
            if (!constraint.hard) continue;
            const domain = node.labels[constraint.topologyKey];
            if (domain === undefined)
                return {
                    reasons: [
                        "node(s) didn't match pod topology spread constraints (missing required label)",
                    ],
                    unresolvable: true,
                };
            const fewest = constraint.counts.size < constraint.minDomains ? 0 : minimum(constraint.counts);
            const skew = (constraint.counts.get(domain) ?? 0) + (constraint.countsItself ? 1 : 0) - fewest;
            if (skew > constraint.maxSkew)
                return {
                    reasons: ["node(s) didn't match pod topology spread constraints"],
                    unresolvable: false,
                };
        }
        return undefined;
    },
    score: (_, node, constraints) =>
        constraints
            .filter(({ hard }) => !hard)
            .reduce((sum, { topologyKey, counts, maxSkew }) => {
                const domain = node.labels[topologyKey];
                return domain === undefined ? sum : sum + (counts.get(domain) ?? 0) + maxSkew - 1;
            }, 0),
};

function constraintsOf({ pod }: PodInfo): Constraint[] {
    const own = pod.spec?.topologySpreadConstraints ?? [];
    if (own.length > 0) return own.map((constraint) => constraintOf(constraint, pod));
    const labels = pod.metadata?.labels ?? {};
    if (controllerOf(pod) === undefined || Object.keys(labels).length === 0) return [];
    return defaultConstraints.map((constraint) =>
        constraintOf(
            { ...constraint, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: labels } },
            pod,
        ),
    );
}

function constraintOf(constraint: V1TopologySpreadConstraint, pod: V1Pod): Constraint {
    const labels = pod.metadata?.labels ?? {};
    const keys = (constraint.matchLabelKeys ?? []).flatMap((key) => {
        const value = labels[key];
        return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
    });
    const selector: V1LabelSelector | undefined =
        constraint.labelSelector === undefined
            ? undefined
            : {
                  ...constraint.labelSelector,
                  matchExpressions: [...(constraint.labelSelector.matchExpressions ?? []), ...keys],
              };
    const matcher = labelSelectorMatcher(selector);
    return {
        topologyKey: constraint.topologyKey,
        maxSkew: constraint.maxSkew,
        minDomains: constraint.minDomains ?? 1,
        hard: constraint.whenUnsatisfiable === 'DoNotSchedule',
        matcher,
        counts: new Map(),
        countsItself: matcher.matches(labels),
    };
}

/** Adds one node's matching pods; nodes that the pod could never run on do not count. */
function count({ topologyKey, matcher, counts }: Constraint, info: PodInfo, node: NodeInfo): void {
    const domain = node.labels[topologyKey];
    if (domain === undefined || !eligible(info, node)) return;
    let found = counts.get(domain) ?? 0;
    for (const other of node.pods.values()) {
        const { namespace, labels, deletionTimestamp } = other.pod.metadata ?? {};
        if (
            namespace === info.pod.metadata?.namespace &&
            deletionTimestamp === undefined &&
            matcher.matches(labels)
        )
            found++;
    }
    counts.set(domain, found);
}

function eligible({ pod, tolerations }: PodInfo, node: NodeInfo): boolean {
    return (
        (pod.spec === undefined || allowsNode(pod.spec, node)) &&
        node.taints.every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, tolerations))
    );
}

function minimum(counts: ReadonlyMap<string, number>): number {
    return counts.size === 0 ? 0 : Math.min(...counts.values());
}
