import type { CacheEvent } from './cache-event.ts';

/**
 * The most recent events of one resource, oldest first.
 *
 * Worked example with room for 2: the cache is filled at revision 10, so `oldest` is 10: a watch may
 * start after 10 or later. Events 11 and 14 fit. Event 15 pushes 11 out, and `oldest` becomes 11:
 * whoever has seen 11 can go on, whoever has only seen 10 is too old.
 */
export class EventRing {
    readonly #capacity: number;
    #events: CacheEvent[] = [];
    #head = 0;
    #oldest: number;

    constructor(capacity: number, revision: number) {
        this.#capacity = capacity;
        this.#oldest = revision;
    }

    /** The smallest revision after which a watch can go on without a gap. */
    get oldest(): number {
        return this.#oldest;
    }

    push(event: CacheEvent): void {
        if (this.#events.length < this.#capacity) {
            this.#events.push(event);
            return;
        }
        this.#oldest = this.#events[this.#head]?.revision ?? this.#oldest;
        this.#events[this.#head] = event;
        this.#head = (this.#head + 1) % this.#capacity;
    }

    /** Events with a revision greater than `revision`. */
    after(revision: number): CacheEvent[] {
        const ordered = [...this.#events.slice(this.#head), ...this.#events.slice(0, this.#head)];
        let first = ordered.length;
        while (first > 0 && (ordered[first - 1]?.revision ?? 0) > revision) first--;
        return ordered.slice(first);
    }

    reset(revision: number): void {
        this.#events = [];
        this.#head = 0;
        this.#oldest = revision;
    }
}
