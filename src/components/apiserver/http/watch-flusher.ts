/** A watch that has something to write. */
export interface Flushable {
    flush(): void;
}

/** Requests wait no longer than this for watches: about what a few hundred writes take. */
const sliceMs = 5;

/**
 * Writes what watches have to say after the turn in which it happened, some milliseconds of it at a time, so that
 * requests are answered in between. A change that a thousand clients watch is a thousand writes. When changes come
 * faster than those are done, each watch has several events waiting by its turn, and they leave as one write.
 */
export class WatchFlusher {
    readonly #due = new Set<Flushable>();
    readonly #nowMs: () => number;
    #isScheduled = false;

    constructor(nowMs: () => number = () => performance.now()) {
        this.#nowMs = nowMs;
    }

    /** Has `watch` flushed soon; in the order in which they were added first. */
    add(watch: Flushable): void {
        this.#due.add(watch);
        this.#schedule();
    }

    #schedule(): void {
        if (this.#isScheduled) return;
        this.#isScheduled = true;
        setImmediate(() => {
            this.#run();
        });
    }

    #run(): void {
        this.#isScheduled = false;
        const until = this.#nowMs() + sliceMs;
        try {
            for (const watch of this.#due) {
                this.#due.delete(watch);
                watch.flush();
                if (this.#nowMs() >= until) break;
            }
        } finally {
            if (this.#due.size > 0) this.#schedule();
        }
    }
}
