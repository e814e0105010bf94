import { getCondition } from '../../../api/meta/conditions.ts';
import type { Stored, V1Lease, V1Node } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';

/** `--node-monitor-grace-period` */
const monitorGraceMs = 50_000;
/** `--node-startup-grace-period`: for nodes that have not yet posted any status. */
const startupGraceMs = 60_000;

interface Heartbeat {
    seenAtMs: number;
    statusTime: string | undefined;
    leaseTime: string | undefined;
    graceMs: number;
}

/**
 * When each node was last heard of, by this process's monotonic clock: what the node's clock says is only
 * compared for being different.
 */
export class Heartbeats {
    readonly #clock: Clock;
    readonly #byNode = new Map<string, Heartbeat>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** A node was added or changed; a new heartbeat in its status counts as being heard of. */
    node(node: Stored<V1Node>): void {
        const ready = getCondition(node.status?.conditions, 'Ready');
        const known = this.#byNode.get(node.metadata.name);
        const statusTime = ready?.lastHeartbeatTime;
        const graceMs = ready === undefined ? startupGraceMs : monitorGraceMs;
        if (known !== undefined && known.statusTime === statusTime) return;
        this.#byNode.set(node.metadata.name, {
            seenAtMs: this.#clock.monotonicMs(),
            statusTime,
            leaseTime: known?.leaseTime,
            graceMs,
        });
    }

    lease({ metadata, spec }: Stored<V1Lease>): void {
        const known = this.#byNode.get(metadata.name);
        if (known === undefined || known.leaseTime === spec?.renewTime) return;
        // The first sight of a lease says nothing about its age.
        if (known.leaseTime !== undefined) known.seenAtMs = this.#clock.monotonicMs();
        known.leaseTime = spec?.renewTime;
    }

    /** Milliseconds until the node counts as lost; 0 when it does. */
    remainingMs(name: string): number {
        const known = this.#byNode.get(name);
        if (known === undefined) return monitorGraceMs;
        return Math.max(0, known.seenAtMs + known.graceMs - this.#clock.monotonicMs());
    }

    /** Everyone starts over: nobody could be heard, so nobody is to blame. */
    resetAll(): void {
        for (const heartbeat of this.#byNode.values()) heartbeat.seenAtMs = this.#clock.monotonicMs();
    }

    forget(name: string): void {
        this.#byNode.delete(name);
    }
}
