import type { CacheEvent } from './cache-event.ts';

export interface EventRingLimits {
    events: number;
    /** Stored bytes of the remembered states; the newest event stays whatever its size. */
    bytes: number;
}

/**
 * The most recent events of one resource, oldest first.
 *
 * Worked example with room for 2: the cache is filled at revision 10, so `oldest` is 10: a watch may
 * start after 10 or later. Events 11 and 14 fit. Event 15 pushes 11 out, and `oldest` becomes 11:
 * whoever has seen 11 can go on, whoever has only seen 10 is too old.
 */
export class EventRing {
    readonly #limits: EventRingLimits;
    /** What stands before `#head` is forgotten, and cut off when it has become half of the list. */
    #events: (CacheEvent | undefined)[] = [];
    #head = 0;
    #bytes = 0;
    #oldest: number;

    constructor(limits: EventRingLimits, revision: number) {
        this.#limits = limits;
        this.#oldest = revision;
    }

    /** The smallest revision after which a watch can go on without a gap. */
    get oldest(): number {
        return this.#oldest;
    }

    get size(): number {
        return this.#events.length - this.#head;
    }

    push(event: CacheEvent): void {
        this.#events.push(event);
        this.#bytes += event.object.bytes.length;
        while (this.size > this.#limits.events || (this.#bytes > this.#limits.bytes && this.size > 1)) {
            this.#forgetOldest();
        }
    }

    /** Whether nothing has happened since `revision`, as far as is remembered. */
    isUnchangedSince(revision: number): boolean {
        return revision >= this.#oldest && (this.#events.at(-1)?.revision ?? 0) <= revision;
    }

    /** Events with a revision greater than `revision`. */
    after(revision: number): CacheEvent[] {
        let first = this.#events.length;
        while (first > this.#head && (this.#events[first - 1]?.revision ?? 0) > revision) first--;
        return this.#events.slice(first).filter((event) => event !== undefined);
    }

    reset(revision: number): void {
        this.#events = [];
        this.#head = 0;
        this.#bytes = 0;
        this.#oldest = revision;
    }

    #forgetOldest(): void {
        const oldest = this.#events[this.#head];
        if (oldest === undefined) return;
        this.#oldest = oldest.revision;
        this.#bytes -= oldest.object.bytes.length;
        this.#events[this.#head++] = undefined;
        if (this.#head * 2 < this.#events.length) return;
        this.#events = this.#events.slice(this.#head);
        this.#head = 0;
    }
}
