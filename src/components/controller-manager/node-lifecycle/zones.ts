import { getCondition } from '../../../api/meta/conditions.ts';
import type { V1Node } from '../../../api/meta/object.ts';

/** `--unhealthy-zone-threshold` */
const unhealthyShare = 0.55;
/** `--large-cluster-size-threshold` */
const largeZoneNodes = 50;
/** `--node-eviction-rate` and `--secondary-node-eviction-rate`, as the time between two nodes. */
const evictionIntervalMs = 10_000;
const secondaryEvictionIntervalMs = 100_000;

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** "region:zone", by the node's labels. */
export function zoneOf({ metadata }: V1Node): string {
    const labels = metadata?.labels ?? {};
    return `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

export interface Zone {
    state: ZoneState;
    nodes: number;
}

/** The zones there are. Nodes labelled `node.kubernetes.io/exclude-disruption` do not count. */
export function zonesOf(nodes: readonly V1Node[]): Map<string, Zone> {
    const counts = new Map<string, { ready: number; notReady: number }>();
    for (const node of nodes) {
        if (node.metadata?.labels?.['node.kubernetes.io/exclude-disruption'] !== undefined) continue;
        const zone = zoneOf(node);
        const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
        if (getCondition(node.status?.conditions, 'Ready')?.status === 'True') count.ready++;
        else count.notReady++;
        counts.set(zone, count);
    }
    return new Map(
        [...counts].map(([zone, { ready, notReady }]) => [
            zone,
            { state: zoneState(ready, notReady), nodes: ready + notReady },
        ]),
    );
}

function zoneState(ready: number, notReady: number): ZoneState {
    if (ready === 0 && notReady > 0) return 'FullDisruption';
    if (notReady > 2 && notReady / (notReady + ready) >= unhealthyShare) return 'PartialDisruption';
    return 'Normal';
}

/** Time between the nodes of one zone that pods are evicted from; undefined stops it. */
export function evictionInterval({ state, nodes }: Zone): number | undefined {
    // A zone that is down as a whole, beside others that work, is evicted from at the normal rate.
    if (state !== 'PartialDisruption') return evictionIntervalMs;
    return nodes > largeZoneNodes ? secondaryEvictionIntervalMs : undefined;
}

/** True when no zone works: then it is more likely the network of the control plane. */
export function isAllDisrupted(zones: ReadonlyMap<string, Zone>): boolean {
    return zones.size > 0 && [...zones.values()].every(({ state }) => state === 'FullDisruption');
}
