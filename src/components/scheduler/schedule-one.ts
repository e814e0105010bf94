import {
    type ClusterEventKind,
    normaliseScores,
    type Plugin,
    type PreparedPlugin,
    preparePlugins,
} from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export type ScheduleResult =
    | { type: 'fits'; node: string; evaluated: number }
    | { type: 'unschedulable'; message: string; retryOn: ReadonlySet<ClusterEventKind> };

export interface ScheduleOptions {
    plugins: readonly Plugin[];
    /** Where the round over the nodes starts: the end of the last one. */
    startIndex: number;
    /** Picks among equals: 0 ≤ x < 1. */
    random: () => number;
}

/** Below this number all nodes are looked at (upstream: minFeasibleNodesToFind). */
const feasibleNodesMin = 100;
const feasiblePercentMin = 5;
const feasiblePercentBase = 50;
const nodesPerPercent = 125;

/**
 * Finds the best node for one pod: filters nodes until enough fit, scores those, takes the highest.
 * A pure function of its parameters.
 */
export function scheduleOne(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    options: ScheduleOptions,
): ScheduleResult {
    if (nodes.length === 0)
        return {
            type: 'unschedulable',
            message: 'no nodes available to schedule pods',
            retryOn: new Set(['nodeAdded']),
        };
    const plugins = preparePlugins(options.plugins, pod, nodes);
    const { feasible, evaluated, rejections } = filterNodes(plugins, nodes, options.startIndex);
    const [first] = feasible;
    if (first === undefined) return unschedulable(nodes.length, rejections);
    const node = feasible.length === 1 ? first : best(plugins, feasible, options.random);
    return { type: 'fits', node: node.name, evaluated };
}

interface Rejections {
    /** Reason to number of nodes. */
    reasons: Map<string, number>;
    plugins: Set<Plugin>;
}

function filterNodes(
    plugins: readonly PreparedPlugin[],
    nodes: readonly NodeInfo[],
    startIndex: number,
): { feasible: NodeInfo[]; evaluated: number; rejections: Rejections } {
    const wanted = feasibleNodesWanted(nodes.length);
    const filters = plugins.filter(({ plugin }) => plugin.filter !== undefined);
    const feasible: NodeInfo[] = [];
    const rejections: Rejections = { reasons: new Map(), plugins: new Set() };
    let evaluated = 0;
    for (; evaluated < nodes.length && feasible.length < wanted; evaluated++) {
        const node = nodes[(startIndex + evaluated) % nodes.length];
        if (node !== undefined && passes(node, filters, rejections)) feasible.push(node);
    }
    return { feasible, evaluated, rejections };
}

function passes(node: NodeInfo, filters: readonly PreparedPlugin[], rejections: Rejections): boolean {
    for (const { plugin, filter } of filters) {
        const rejection = filter(node);
        if (rejection === undefined) continue;
        rejections.plugins.add(plugin);
        for (const reason of rejection.reasons)
            rejections.reasons.set(reason, (rejections.reasons.get(reason) ?? 0) + 1);
        return false;
    }
    return true;
}

/** Upstream's adaptive sampling: a large cluster need not be searched whole. */
export function feasibleNodesWanted(nodes: number): number {
    if (nodes < feasibleNodesMin) return nodes;
    const percent = Math.max(feasiblePercentMin, feasiblePercentBase - Math.floor(nodes / nodesPerPercent));
    return Math.max(feasibleNodesMin, Math.floor((nodes * percent) / 100));
}

/** "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable." */
function unschedulable(nodes: number, { reasons, plugins }: Rejections): ScheduleResult {
    const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
    return {
        type: 'unschedulable',
        message: `0/${nodes} nodes are available: ${counted.join(', ')}.`,
        retryOn: new Set([...plugins].flatMap(({ retryOn }) => retryOn)),
    };
}

function best(
    plugins: readonly PreparedPlugin[],
    nodes: readonly NodeInfo[],
    random: () => number,
): NodeInfo {
    const totals = nodes.map(() => 0);
    for (const { plugin, score } of plugins) {
        if (plugin.score === undefined) continue;
        const scores = normaliseScores(nodes.map(score), plugin.normalise);
        scores.forEach((value, index) => {
            totals[index] = (totals[index] ?? 0) + value * (plugin.weight ?? 1);
        });
    }
    const highest = Math.max(...totals);
    const winners = nodes.filter((_, index) => totals[index] === highest);
    const winner = winners[Math.floor(random() * winners.length)] ?? nodes[0];
    if (winner === undefined) throw new RangeError('no node to choose from');
    return winner;
}
