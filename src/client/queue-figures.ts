/** Upper bounds of the durations, in seconds: from 1 µs to 1000 s. */
const boundsSeconds: readonly number[] = Array.from({ length: 10 }, (_, index) => 10 ** (index - 6));

/** Durations by buckets; the last count is for what is above all bounds. */
export class QueueDurations {
    readonly bounds = boundsSeconds;
    readonly counts = new Float64Array(boundsSeconds.length + 1);
    sum = 0;

    observe(seconds: number): void {
        let bucket = 0;
        while (bucket < boundsSeconds.length && seconds > (boundsSeconds[bucket] ?? 0)) bucket++;
        this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
        this.sum += seconds;
    }
}

/** What a queue holds at this moment. */
export interface QueueLoad {
    /** Keys that need work. */
    depth: number;
    /** How long those keys have been worked on that are, added up. */
    unfinishedSeconds: number;
    longestSeconds: number;
}

/** What the queues of one name have done since the process started, and what they hold. */
export class QueueFigures {
    readonly name: string;
    adds = 0;
    retries = 0;
    /** From being added to being taken. */
    readonly waits = new QueueDurations();
    /** From being taken to being done. */
    readonly works = new QueueDurations();
    readonly #live = new Set<() => QueueLoad>();

    constructor(name: string) {
        this.name = name;
    }

    /** @returns what to call when the queue is shut down */
    follow(load: () => QueueLoad): () => void {
        this.#live.add(load);
        return () => {
            this.#live.delete(load);
        };
    }

    load(): QueueLoad {
        const sum: QueueLoad = { depth: 0, unfinishedSeconds: 0, longestSeconds: 0 };
        for (const load of this.#live) {
            const { depth, unfinishedSeconds, longestSeconds } = load();
            sum.depth += depth;
            sum.unfinishedSeconds += unfinishedSeconds;
            sum.longestSeconds = Math.max(sum.longestSeconds, longestSeconds);
        }
        return sum;
    }
}

/** Names stand in the program, so there are not many. */
const byName = new Map<string, QueueFigures>();

/** Of the queues of this process that have this name. */
export function queueFiguresOf(name: string): QueueFigures {
    let figures = byName.get(name);
    if (figures === undefined) byName.set(name, (figures = new QueueFigures(name)));
    return figures;
}

/** Of all named queues that this process has had. */
export const allQueueFigures = (): QueueFigures[] => [...byName.values()];
