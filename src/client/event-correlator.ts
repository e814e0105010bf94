import type { CoreV1Event, V1ObjectMeta } from '../api/meta/object.ts';
import type { Clock } from '../util/clock.ts';

/** An event to write: a new one, or the new counters of one that is stored under `patchOf`. */
export interface CorrelatedEvent {
    event: CoreV1Event;
    patchOf: string | undefined;
    /** Under which the correlator remembers it. */
    key: string;
}

/** Remembered objects, aggregates and events each; the least recently used is forgotten. */
const cacheEntriesMax = 4096;
/** More events of one kind with different messages than this within the interval become one. */
const aggregateSimilarMax = 10;
const aggregateIntervalMs = 600_000;
/** Per object: a burst, then one event every five minutes. */
const spamBurst = 25;
const spamRefillMs = 300_000;

interface Seen {
    name: string;
    count: number;
    firstTimestamp: string | undefined;
}
interface Bucket {
    tokens: number;
    refilledMs: number;
}
interface Aggregate {
    messages: Set<string>;
    lastMs: number;
}

/**
 * Decides what becomes of an event, by client-go's rules (EventCorrelator): many similar ones are
 * combined, an equal one increments the count of the first, and objects that cause too many are
 * silenced. Bounded in memory.
 */
export class EventCorrelator {
    readonly #clock: Clock;
    readonly #buckets = new Map<string, Bucket>();
    readonly #aggregates = new Map<string, Aggregate>();
    readonly #seen = new Map<string, Seen>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** Undefined when the event is not to be written. */
    correlate(event: CoreV1Event): CorrelatedEvent | undefined {
        const aggregated = this.#aggregate(event);
        const key = [similarKey(aggregated.event), aggregated.combined ? '' : event.message].join('|');
        const correlated = this.#count(aggregated.event, key);
        return this.#takeToken(spamKey(event)) ? correlated : undefined;
    }

    /** The event was written: later equal ones are counted on it. */
    stored(correlated: CorrelatedEvent, metadata: V1ObjectMeta): void {
        const seen = this.#seen.get(correlated.key);
        if (seen !== undefined && metadata.name !== undefined) seen.name = metadata.name;
    }

    #aggregate(event: CoreV1Event): { event: CoreV1Event; combined: boolean } {
        const key = similarKey(event);
        const now = this.#clock.monotonicMs();
        let aggregate = this.#aggregates.get(key);
        if (aggregate === undefined || now - aggregate.lastMs > aggregateIntervalMs) {
            aggregate = { messages: new Set(), lastMs: now };
        }
        aggregate.lastMs = now;
        if (aggregate.messages.size < aggregateSimilarMax) aggregate.messages.add(event.message ?? '');
        remember(this.#aggregates, key, aggregate);
        if (aggregate.messages.size < aggregateSimilarMax) return { event, combined: false };
        const message = `(combined from similar events): ${event.message ?? ''}`;
        return { event: { ...event, message }, combined: true };
    }

    #count(event: CoreV1Event, key: string): CorrelatedEvent {
        const seen = this.#seen.get(key);
        if (seen === undefined) {
            const name = event.metadata.name ?? '';
            remember(this.#seen, key, { name, count: 1, firstTimestamp: event.firstTimestamp });
            return { event, patchOf: undefined, key };
        }
        seen.count++;
        remember(this.#seen, key, seen);
        const counted: CoreV1Event = { ...event, count: seen.count, firstTimestamp: seen.firstTimestamp };
        return { event: counted, patchOf: seen.name, key };
    }

    #takeToken(key: string): boolean {
        const now = this.#clock.monotonicMs();
        const bucket = this.#buckets.get(key) ?? { tokens: spamBurst, refilledMs: now };
        const refilled = (now - bucket.refilledMs) / spamRefillMs;
        bucket.tokens = Math.min(spamBurst, bucket.tokens + refilled);
        bucket.refilledMs = now;
        remember(this.#buckets, key, bucket);
        if (bucket.tokens < 1) return false;
        bucket.tokens--;
        return true;
    }
}

function remember<V>(cache: Map<string, V>, key: string, value: V): void {
    cache.delete(key);
    cache.set(key, value);
    if (cache.size <= cacheEntriesMax) return;
    for (const oldest of cache.keys()) {
        cache.delete(oldest);
        return;
    }
}

function spamKey(event: CoreV1Event): string {
    const { kind, namespace, name, uid, apiVersion } = event.involvedObject;
    return [event.source?.component, event.source?.host, kind, namespace, name, uid, apiVersion].join('|');
}

function similarKey(event: CoreV1Event): string {
    return [spamKey(event), event.involvedObject.fieldPath, event.type, event.reason].join('|');
}
