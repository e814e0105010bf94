interface Scheduled {
    atMs: number;
    /** Breaks ties in the order of scheduling. */
    sequence: number;
    callback: () => void;
}

/** Simulated time: callbacks in the order of their time, one after the other. A binary heap. */
export class Timeline {
    nowMs = 0;
    #heap: Scheduled[] = [];
    #sequence = 0;

    after(delayMs: number, callback: () => void): void {
        const heap = this.#heap;
        const item = { atMs: this.nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback };
        let hole = heap.length;
        heap.push(item);
        while (hole > 0) {
            const parent = (hole - 1) >> 1;
            const other = heap[parent];
            if (other === undefined || isBefore(other, item)) break;
            heap[hole] = other;
            hole = parent;
        }
        heap[hole] = item;
    }

    /** Runs the next callback; false when there is none. */
    step(): boolean {
        const heap = this.#heap;
        const first = heap[0];
        const last = heap.pop();
        if (first === undefined || last === undefined) return false;
        if (heap.length > 0) this.#sink(last);
        this.nowMs = first.atMs;
        first.callback();
        return true;
    }

    #sink(item: Scheduled): void {
        const heap = this.#heap;
        let hole = 0;
        for (;;) {
            let child = 2 * hole + 1;
            let smaller = heap[child];
            const right = heap[child + 1];
            if (smaller !== undefined && right !== undefined && isBefore(right, smaller)) {
                child += 1;
                smaller = right;
            }
            if (smaller === undefined || isBefore(item, smaller)) break;
            heap[hole] = smaller;
            hole = child;
        }
        heap[hole] = item;
    }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
