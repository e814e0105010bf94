/** Upper bounds, in seconds, of the durations that are counted. */
export const durationBoundsSeconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** Durations by bucket, not cumulated; the last bucket is for what is above all bounds. */
export class Durations {
    readonly counts = new Float64Array(durationBoundsSeconds.length + 1);
    sumSeconds = 0;

    observe(seconds: number): void {
        let bucket = 0;
        while (bucket < durationBoundsSeconds.length && seconds > (durationBoundsSeconds[bucket] ?? 0)) {
            bucket++;
        }
        this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
        this.sumSeconds += seconds;
    }
}

export type RejectReason = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** Figures of the requests of one flow schema at one priority level. */
export class FlowStats {
    readonly level: string;
    readonly schema: string;
    dispatched = 0;
    readonly rejected: Record<RejectReason, number> = {
        'queue-full': 0,
        'concurrency-limit': 0,
        'time-out': 0,
        cancelled: 0,
    };
    waitingRequests = 0;
    waitingSeats = 0;
    executingRequests = 0;
    executingSeats = 0;
    readonly waitedExecuted = new Durations();
    readonly waitedRejected = new Durations();
    readonly executed = new Durations();

    constructor(level: string, schema: string) {
        this.level = level;
        this.schema = schema;
    }
}
