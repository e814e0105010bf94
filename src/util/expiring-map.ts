import { BoundedMap } from './bounded-map.ts';
import type { Clock } from './clock.ts';

/** A map of at most `entriesMax` entries, each of which is forgotten once its time is over. */
export class ExpiringMap<K, V> {
    readonly #entries: BoundedMap<K, { value: V; untilMs: number }>;
    readonly #clock: Pick<Clock, 'monotonicMs'>;

    constructor(entriesMax: number, clock: Pick<Clock, 'monotonicMs'>) {
        this.#entries = new BoundedMap(entriesMax);
        this.#clock = clock;
    }

    get(key: K): V | undefined {
        const entry = this.#entries.get(key);
        return entry === undefined || entry.untilMs <= this.#clock.monotonicMs() ? undefined : entry.value;
    }

    set(key: K, value: V, lifetimeMs: number): void {
        if (lifetimeMs <= 0) return;
        this.#entries.set(key, { value, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    }
}
