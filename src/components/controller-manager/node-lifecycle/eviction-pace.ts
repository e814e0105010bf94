import { deepEqual } from '../../../api/meta/deep.ts';
import type { V1Node } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { evictionInterval, isAllDisrupted, zoneOf, zonesOf, type Zone } from './zones.ts';

/** A node's turn to get its NoExecute taint. */
export type Turn = { type: 'go' } | { type: 'wait'; waitMs: number } | { type: 'stopped' };

/** How fast nodes of each zone may be evicted from. */
export class EvictionPace {
    readonly #clock: Clock;
    #zones: Map<string, Zone> = new Map<string, Zone>();
    /** Nodes that have had their turn and not yet their taint. */
    readonly #granted = new Set<string>();
    /** Zone → when the next node may go, monotonic. */
    readonly #nextMs = new Map<string, number>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    get isAllDisrupted(): boolean {
        return isAllDisrupted(this.#zones);
    }

    /** `recovered`: until now no zone worked. */
    update(nodes: readonly V1Node[]): 'none' | 'changed' | 'recovered' {
        const wasAllDisrupted = isAllDisrupted(this.#zones);
        const before = [...this.#zones].map(([zone, { state }]) => [zone, state]);
        this.#zones = zonesOf(nodes);
        for (const zone of this.#nextMs.keys()) if (!this.#zones.has(zone)) this.#nextMs.delete(zone);
        const after = [...this.#zones].map(([zone, { state }]) => [zone, state]);
        if (deepEqual(before, after)) return 'none';
        return wasAllDisrupted && !isAllDisrupted(this.#zones) ? 'recovered' : 'changed';
    }

    /** Taking a turn makes the next node of the zone wait. It stays taken until `settled`. */
    take(node: V1Node): Turn {
        const name = node.metadata?.name ?? '';
        if (this.#granted.has(name)) return { type: 'go' };
        const zone = zoneOf(node);
        const intervalMs = evictionInterval(this.#zones.get(zone) ?? { state: 'Normal', nodes: 1 });
        if (intervalMs === undefined) return { type: 'stopped' };
        const nowMs = this.#clock.monotonicMs();
        const nextMs = this.#nextMs.get(zone) ?? nowMs;
        if (nextMs > nowMs) return { type: 'wait', waitMs: nextMs - nowMs };
        this.#nextMs.set(zone, nowMs + intervalMs);
        this.#granted.add(name);
        return { type: 'go' };
    }

    /** The node has its taint, or needs none any more. */
    settled(name: string): void {
        this.#granted.delete(name);
    }
}
