import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/**
 * A scheduler plugin (upstream's scheduling framework, the extension points used here). A plugin is a
 * pure function of the pod and the snapshot; what it works out once per pod goes into the state that
 * `prepare` returns.
 */
export interface Plugin<State = unknown> {
    readonly name: string;
    /** Once per pod, before nodes are filtered. Returning 'skip' leaves the plugin out for this pod. */
    prepare?(pod: PodInfo, nodes: readonly NodeInfo[]): State | 'skip';
    /** The reason why the pod does not fit, or undefined when it fits. */
    filter?(pod: PodInfo, node: NodeInfo, state: State): Rejection | undefined;
    /** Higher is better; any scale, normalised to 0…100 over the nodes by `normalise`. */
    score?(pod: PodInfo, node: NodeInfo, state: State): number;
    /** 'none' keeps scores that are 0…100 already; 'reverse' makes the largest score the worst. */
    normalise?: 'none' | 'default' | 'reverse';
    /** Weight among the plugins that score; default 1. */
    weight?: number;
    /** Cluster events after which a pod that this plugin has rejected may fit. */
    readonly retryOn: readonly ClusterEventKind[];
}

export interface Rejection {
    /** Sentence of the FailedScheduling event, counted over the nodes: "Insufficient cpu". */
    reasons: readonly string[];
    /** True when removing pods of lower priority could not help: node affinity, taints, …. */
    unresolvable: boolean;
}

export type ClusterEventKind =
    | 'nodeAdded'
    | 'nodeAllocatable'
    | 'nodeLabels'
    | 'nodeTaints'
    | 'nodeUnschedulable'
    | 'podAdded'
    | 'podDeleted'
    | 'podUpdated';

/** A plugin with its per-pod state, type hidden: how the scheduling cycle sees it. */
export interface PreparedPlugin {
    plugin: Plugin;
    readonly filter: (node: NodeInfo) => Rejection | undefined;
    readonly score: (node: NodeInfo) => number;
}

export function preparePlugins(
    plugins: readonly Plugin[],
    pod: PodInfo,
    nodes: readonly NodeInfo[],
): PreparedPlugin[] {
    return plugins.flatMap((plugin) => {
        const state = plugin.prepare?.(pod, nodes);
        if (state === 'skip') return [];
        return [
            {
                plugin,
                filter: (node: NodeInfo) => plugin.filter?.(pod, node, state),
                score: (node: NodeInfo) => plugin.score?.(pod, node, state) ?? 0,
            },
        ];
    });
}

const scoreMax = 100;

/** Brings scores of one plugin to 0…100 (upstream's DefaultNormalizeScore). */
export function normaliseScores(scores: readonly number[], mode: Plugin['normalise'] = 'default'): number[] {
    if (mode === 'none') return [...scores];
    // Preferred anti-affinity gives negative scores: the scale then starts at the lowest.
    const lowest = Math.min(0, ...scores);
    const highest = Math.max(0, ...scores) - lowest;
    if (highest === 0) return scores.map(() => (mode === 'reverse' ? scoreMax : 0));
    return scores.map((score) => {
        const share = Math.floor(((score - lowest) * scoreMax) / highest);
        return mode === 'reverse' ? scoreMax - share : share;
    });
}
