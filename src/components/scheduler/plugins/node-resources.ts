import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const scoreMax = 100;

/** Requests must fit into what the node has left; emptier nodes are better (LeastAllocated). */
export const nodeResourcesFit: Plugin = {
    name: 'NodeResourcesFit',
    normalise: 'none',
    retryOn: ['nodeAdded', 'nodeAllocatable', 'podDeleted', 'podUpdated'],
    filter(info, node) {
        const reasons: string[] = [];
        let unresolvable = false;
        if (node.pods.size + 1 > (node.allocatable['pods'] ?? 0)) reasons.push('Too many pods');
        for (const [name, wanted] of Object.entries(info.requests)) {
            if (wanted === 0) continue;
            const capacity = node.allocatable[name] ?? 0;
            if (wanted <= capacity - (node.requested[name] ?? 0)) continue;
            reasons.push(`Insufficient ${name}`);
            if (wanted > capacity) unresolvable = true;
        }
        return reasons.length === 0 ? undefined : { reasons, unresolvable };
    },
    score(info, node) {
        const { cpu, memory } = fractions(info, node);
        return Math.floor(((1 - cpu) * scoreMax + (1 - memory) * scoreMax) / 2);
    },
};

/** Nodes whose cpu and memory are used to a like degree are better. */
export const nodeResourcesBalancedAllocation: Plugin = {
    name: 'NodeResourcesBalancedAllocation',
    normalise: 'none',
    retryOn: [],
    prepare: (info) => (info.requests['cpu'] || info.requests['memory'] ? undefined : 'skip'),
    score(info, node) {
        const { cpu, memory } = fractions(info, node);
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * scoreMax);
    },
};

/** Shares of the node's cpu and memory that are claimed once the pod is there, at most 1. */
function fractions(info: PodInfo, node: NodeInfo): { cpu: number; memory: number } {
    const claimed = node.nonZeroWith(info);
    const share = (amount: number, capacity: number | undefined): number =>
        capacity ? Math.min(1, amount / capacity) : 1;
    return {
        cpu: share(claimed.cpu, node.allocatable['cpu']),
        memory: share(claimed.memory, node.allocatable['memory']),
    };
}
