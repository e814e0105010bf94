import type { Ready } from './types.ts';

interface PendingWrite {
    ready: Ready;
    term: number;
    /** Last index that this write makes durable; 0 for none. */
    lastIndex: number;
}

/**
 * The `Ready`s that are on their way to the disk, in order.
 *
 * Worked example of why the indices are kept here and not looked up in the log when a write ends:
 *
 *     write 1: entries 5…10 of term 2          on its way
 *     a leader of term 3 replaces 7… by 7 8:   write 2 on its way; write 1 is now good for 5 6 only
 *     a leader of term 4 brings back 7…10 of term 2: write 3 on its way
 *     write 1 ends: the log shows term 2 at 10 again, but on disk write 2 is about to replace it
 *
 * So a truncation shortens what the writes under way are good for, once and for all.
 */
export class PendingWrites {
    readonly #writes: PendingWrite[] = [];

    add(write: PendingWrite): void {
        this.#writes.push(write);
    }

    truncateFrom(index: number): void {
        for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index - 1);
    }

    /** `ready` and everything before it is durable. Undefined when that was known already. */
    finish(ready: Ready): { term: number; lastIndex: number } | undefined {
        const at = this.#writes.findIndex((write) => write.ready === ready);
        if (at < 0) return undefined;
        let term = 0;
        let lastIndex = 0;
        for (const write of this.#writes.splice(0, at + 1)) {
            term = write.term;
            lastIndex = Math.max(lastIndex, write.lastIndex);
        }
        return { term, lastIndex };
    }
}
