import type { EventBatch, WatchEvent } from './machine.ts';

/** What one watcher was told over one connection. */
export interface WatchStream {
    /** First revision asked for. */
    startRevision: number;
    /** The watcher wanted these keys only. */
    keys: ReadonlySet<string>;
    records: readonly WatchRecord[];
}
export type WatchRecord =
    | ({ type: 'batch' } & EventBatch)
    /** "All events up to this revision have been delivered." */
    | { type: 'bookmark'; revision: number };

/** A watcher's connections, one after the other; each goes on after what the one before has delivered. */
export type WatchSession = readonly WatchStream[];

/** One of etcd's published guarantees: what breaks it, undefined when nothing does. */
interface Guarantee {
    name:
        'ordered' | 'unique' | 'atomic' | 'reliable' | 'resumable' | 'bookmarkable' | 'genuine' | 'filtered';
    text: string;
    broken: (session: WatchSession, truth: Truth) => string | undefined;
}

/** etcd documentation, "KV API guarantees", section "Watch APIs"; the last two are what goes without saying. */
export const watchGuarantees: readonly Guarantee[] = [
    {
        name: 'ordered',
        text: 'events are ordered by revision; an event never appears after one that it precedes in time',
        broken: everyStream(({ records }) => firstPair(records, (a, b) => b.revision < a.revision)),
    },
    {
        name: 'unique',
        text: 'an event never appears twice on a watch',
        broken: (session) => firstRepeated(session),
    },
    {
        name: 'atomic',
        text: 'events of one revision come together, never split over several batches',
        broken: everyStream((stream, truth) =>
            firstBatch(stream, (batch) => {
                const all = truth.wanted(stream, batch.revision, batch.revision)[0]?.events.length ?? 0;
                return batch.events.length < all;
            }),
        ),
    },
    {
        name: 'reliable',
        text: 'no event in the middle of a watch is dropped',
        broken: everyStream((stream, truth) => firstMissing(stream, truth)),
    },
    {
        name: 'resumable',
        text: 'a watch that starts after the last revision received misses nothing in between',
        broken: (session, truth) => firstGapBetweenStreams(session, truth),
    },
    {
        name: 'bookmarkable',
        text: 'when a bookmark comes, every event up to its revision has been delivered, and none comes later',
        broken: everyStream((stream, truth) => firstFalseBookmark(stream, truth)),
    },
    {
        name: 'genuine',
        text: 'every event is one that happened, with its value, at its revision',
        broken: everyStream((stream, truth) =>
            firstBatch(stream, (batch) =>
                batch.events.some((event) => !truth.happened(batch.revision, event)),
            ),
        ),
    },
    {
        name: 'filtered',
        text: 'only keys that were asked for, from the revision that was asked for',
        broken: everyStream((stream) =>
            firstBatch(
                stream,
                ({ revision, events }) =>
                    revision < stream.startRevision || events.some(({ key }) => !stream.keys.has(key)),
            ),
        ),
    },
];

/** All guarantees that the session breaks, each with its text and where. */
export function brokenWatchGuarantees(session: WatchSession, history: readonly EventBatch[]): string[] {
    const truth = new Truth(history);
    return watchGuarantees.flatMap(({ name, text, broken }) => {
        const where = broken(session, truth);
        return where === undefined ? [] : [`${name}: ${text}; but ${where}`];
    });
}

/** What really happened. */
class Truth {
    readonly #batches: readonly EventBatch[];
    readonly #byRevision: ReadonlyMap<number, EventBatch>;

    constructor(batches: readonly EventBatch[]) {
        this.#batches = batches;
        this.#byRevision = new Map(batches.map((batch) => [batch.revision, batch]));
    }

    happened(revision: number, event: WatchEvent): boolean {
        const batch = this.#byRevision.get(revision);
        return batch?.events.some(({ key, value }) => key === event.key && value === event.value) === true;
    }

    /** What the stream should have delivered of [from, to], by its filter and start. */
    wanted({ startRevision, keys }: WatchStream, from: number, to: number): EventBatch[] {
        const result: EventBatch[] = [];
        for (const { revision, events } of this.#batches) {
            if (revision < Math.max(from, startRevision) || revision > to) continue;
            const matching = events.filter(({ key }) => keys.has(key));
            if (matching.length > 0) result.push({ revision, events: matching });
        }
        return result;
    }
}

function everyStream(broken: (stream: WatchStream, truth: Truth) => string | undefined): Guarantee['broken'] {
    return (session, truth) => {
        for (const stream of session) {
            const where = broken(stream, truth);
            if (where !== undefined) return where;
        }
        return undefined;
    };
}

function batchesOf({ records }: WatchStream): EventBatch[] {
    return records.filter((record) => record.type === 'batch');
}

function firstBatch(stream: WatchStream, isWrong: (batch: EventBatch) => boolean): string | undefined {
    const batch = batchesOf(stream).find(isWrong);
    return batch === undefined ? undefined : `see revision ${batch.revision}`;
}

function firstPair(
    records: readonly WatchRecord[],
    isWrong: (a: WatchRecord, b: WatchRecord) => boolean,
): string | undefined {
    const batches = records.filter(({ type }) => type === 'batch');
    for (const [i, b] of batches.entries()) {
        const a = batches[i - 1];
        if (a !== undefined && isWrong(a, b)) return `revision ${b.revision} came after ${a.revision}`;
    }
    return undefined;
}

function firstRepeated(session: WatchSession): string | undefined {
    const seen = new Set<string>();
    for (const { revision, events } of session.flatMap(batchesOf)) {
        for (const { key } of events) {
            const event = `${key} at revision ${revision}`;
            if (seen.has(event)) return `${event} came twice`;
            seen.add(event);
        }
    }
    return undefined;
}

function firstMissing(stream: WatchStream, truth: Truth): string | undefined {
    const delivered = new Set(batchesOf(stream).map(({ revision }) => revision));
    const newest = Math.max(0, ...delivered);
    const missing = truth.wanted(stream, 0, newest).find(({ revision }) => !delivered.has(revision));
    return missing === undefined ? undefined : `revision ${missing.revision} was dropped before ${newest}`;
}

function firstGapBetweenStreams(session: WatchSession, truth: Truth): string | undefined {
    let received = 0;
    for (const [i, stream] of session.entries()) {
        if (i > 0 && stream.startRevision > received + 1) {
            const [missing] = truth.wanted(
                { ...stream, startRevision: 0 },
                received + 1,
                stream.startRevision - 1,
            );
            if (missing !== undefined) return `revision ${missing.revision} fell between two connections`;
        }
        const first = batchesOf(stream)[0];
        const expected = first && truth.wanted(stream, 0, first.revision)[0];
        if (i > 0 && first !== undefined && expected !== undefined && expected.revision < first.revision) {
            return `revision ${expected.revision} was skipped when it resumed at ${stream.startRevision}`;
        }
        received = Math.max(
            received,
            stream.startRevision - 1,
            ...stream.records.map(({ revision }) => revision),
        );
    }
    return undefined;
}

function firstFalseBookmark(stream: WatchStream, truth: Truth): string | undefined {
    const delivered = new Set<number>();
    let promised = 0;
    for (const record of stream.records) {
        if (record.type === 'batch') {
            if (record.revision <= promised)
                return `revision ${record.revision} came after bookmark ${promised}`;
            delivered.add(record.revision);
            continue;
        }
        promised = Math.max(promised, record.revision);
        const missing = truth.wanted(stream, 0, promised).find(({ revision }) => !delivered.has(revision));
        if (missing !== undefined) return `bookmark ${promised} came before revision ${missing.revision}`;
    }
    return undefined;
}
