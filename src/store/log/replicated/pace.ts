/** The resolution of the consensus core's time. */
export const tickMs = 50;
/** etcd's defaults, and how far elections go when the disk or the network is slow. */
export const heartbeatMinMs = 100;
export const electionMinMs = 1_000;
export const electionMaxMs = 5_000;
/** An election takes a few writes and round trips; this many of the slowest must fit into the timeout. */
const syncsPerElection = 10;
const roundTripsPerElection = 20;
/** Share of the old value that remains with each faster measurement: slow ones are remembered for a while. */
const decay = 0.95;

/** etcd's rule: with fewer, a late heartbeat or two would cost an election. */
export const heartbeatsPerElectionMin = 5;

export interface PaceOptions {
    /** Without a slow disk or network. Less than a tick, or than so many heartbeats an election, is made more. */
    heartbeatMs?: number | undefined;
    electionMs?: number | undefined;
}

/**
 * Election and heartbeat timeouts that follow what this member measures: a disk that takes half a second to
 * sync must not cost an election with each write.
 */
export class Pace {
    readonly #heartbeatMinMs: number;
    readonly #electionMinMs: number;
    #syncMs = 0;
    #roundTripMs = 0;

    constructor({ heartbeatMs = heartbeatMinMs, electionMs = electionMinMs }: PaceOptions = {}) {
        this.#heartbeatMinMs = Math.max(heartbeatMs, tickMs);
        this.#electionMinMs = Math.max(electionMs, heartbeatsPerElectionMin * this.#heartbeatMinMs);
    }

    noteSync(durationMs: number): void {
        this.#syncMs = Math.max(durationMs, this.#syncMs * decay + durationMs * (1 - decay));
    }

    noteRoundTrip(durationMs: number): void {
        this.#roundTripMs = Math.max(durationMs, this.#roundTripMs * decay + durationMs * (1 - decay));
    }

    get electionMs(): number {
        const wanted = Math.max(this.#syncMs * syncsPerElection, this.#roundTripMs * roundTripsPerElection);
        return Math.max(Math.min(wanted, electionMaxMs), this.#electionMinMs);
    }

    get heartbeatMs(): number {
        return (this.electionMs * this.#heartbeatMinMs) / this.#electionMinMs;
    }

    get ticks(): { electionTicks: number; heartbeatTicks: number } {
        return {
            electionTicks: Math.ceil(this.electionMs / tickMs),
            heartbeatTicks: Math.max(1, Math.floor(this.heartbeatMs / tickMs)),
        };
    }
}
