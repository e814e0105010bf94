import { DurationHistogram } from '../util/duration-histogram.ts';
import type { MemberId } from './raft/types.ts';
import { StoreError, type StoreErrorReason } from './store.ts';

/** A round trip is observed no more often for each peer: they are measured for heartbeats, much more often. */
export const roundTripEveryMs = 3_000;

/** Refusals that are answers of the state machine: the proposal itself went through the log. */
const answers: ReadonlySet<StoreErrorReason> = new Set<StoreErrorReason>([
    'compacted',
    'futureRevision',
    'leaseNotFound',
    'leaseExists',
    'keyNotFound',
    'duplicateKey',
    'tooLarge',
]);

interface RoundTrips {
    histogram: DurationHistogram;
    observedAtMs: number;
}

/** What one member measures of itself, for metrics. Noting something allocates nothing. */
export class Measurements {
    /** Synced writes to the database, which hold the log. */
    readonly syncs = new DurationHistogram();
    /** Those of them that hold state: with one member all, since its state is its log. */
    readonly commits = new DurationHistogram();
    readonly #roundTrips = new Map<MemberId, RoundTrips>();
    proposalsPending = 0;
    proposalsFailed = 0;

    noteSync(durationMs: number, holdsState: boolean): void {
        this.syncs.observe(durationMs / 1_000);
        if (holdsState) this.commits.observe(durationMs / 1_000);
    }

    noteRoundTrip(member: MemberId, durationMs: number, nowMs: number): void {
        let known = this.#roundTrips.get(member);
        if (known === undefined) {
            known = { histogram: new DurationHistogram(), observedAtMs: -Infinity };
            this.#roundTrips.set(member, known);
        }
        if (nowMs - known.observedAtMs < roundTripEveryMs) return;
        known.observedAtMs = nowMs;
        known.histogram.observe(durationMs / 1_000);
    }

    /** Forgets members that are gone. */
    keepRoundTrips(isMember: (member: MemberId) => boolean): void {
        for (const member of this.#roundTrips.keys()) if (!isMember(member)) this.#roundTrips.delete(member);
    }

    roundTrips(): [MemberId, DurationHistogram][] {
        return [...this.#roundTrips].map(([member, { histogram }]) => [member, histogram]);
    }

    /** A proposal ended with `error`. */
    noteRefusal(error: unknown): void {
        if (error instanceof StoreError && answers.has(error.reason)) return;
        this.proposalsFailed += 1;
    }
}
