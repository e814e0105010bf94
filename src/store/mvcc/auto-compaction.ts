import type { Clock } from '../../util/clock.ts';

export interface AutoCompactionPolicy {
    /** History younger than this is kept; as the API server does with etcd, 5 minutes. Infinity: all of it. */
    ageMs: number;
    /** History is also cut when this much was written since the last compaction. Absent: no limit. */
    writtenBytesMax?: number;
}

export const defaultAutoCompaction: AutoCompactionPolicy = { ageMs: 5 * 60_000 };

export interface AutoCompactionOptions {
    policy: AutoCompactionPolicy;
    clock: Clock;
    compact(revision: number): Promise<void>;
    onError(error: unknown): void;
    /** Whether it is for this member to compact; the others only keep count. */
    leads(): boolean;
}

interface Mark {
    revision: number;
    writtenBytes: number;
}

/** Marks between two compactions by size; the newer half of the history survives. */
const sizeMarksMax = 8;

/**
 * Decides when history is compacted. By age, like kube-apiserver's compactor: at every tick of `ageMs`, to the
 * revision that was the newest at the tick before, so history of at least one and at most two intervals
 * is kept. Without writes there are no ticks: the first write after a rest starts the timer, and it stops
 * when a tick finds everything compacted.
 */
export class AutoCompaction {
    readonly #options: AutoCompactionOptions;
    #cancelTimer: (() => void) | undefined;
    #revision = 0;
    #revisionAtTick = 0;
    #compacted = 0;
    #sizeMarks: Mark[] = [];
    #closed = false;

    constructor(options: AutoCompactionOptions) {
        this.#options = options;
    }

    /** To be called after every applied transaction. */
    noteWrite(revision: number, writtenBytes: number): void {
        this.#revision = revision;
        if (this.#cancelTimer === undefined && !this.#closed) this.#startTimer();
        this.#noteSize(revision, writtenBytes);
    }

    close(): void {
        this.#closed = true;
        this.#cancelTimer?.();
    }

    #startTimer(): void {
        if (this.#options.policy.ageMs === Infinity) return;
        this.#cancelTimer = this.#options.clock.setTimer(this.#options.policy.ageMs, () => {
            this.#cancelTimer = undefined;
            this.#tick();
        });
    }

    #tick(): void {
        const target = this.#revisionAtTick;
        this.#revisionAtTick = this.#revision;
        this.#compactTo(target);
        if (this.#compacted < this.#revision && !this.#closed) this.#startTimer();
    }

    #noteSize(revision: number, writtenBytes: number): void {
        const { writtenBytesMax } = this.#options.policy;
        if (writtenBytesMax === undefined) return;
        const newest = this.#sizeMarks.at(-1);
        if (newest === undefined || writtenBytes - newest.writtenBytes >= writtenBytesMax / sizeMarksMax) {
            this.#sizeMarks.push({ revision, writtenBytes });
        }
        const oldest = this.#sizeMarks[0];
        if (oldest === undefined || writtenBytes - oldest.writtenBytes < writtenBytesMax) return;
        this.#sizeMarks = this.#sizeMarks.slice(this.#sizeMarks.length / 2);
        this.#compactTo((this.#sizeMarks[0]?.revision ?? 1) - 1);
    }

    #compactTo(revision: number): void {
        if (revision <= this.#compacted || this.#closed) return;
        this.#compacted = revision;
        if (!this.#options.leads()) return;
        this.#options.compact(revision).catch((error: unknown) => {
            this.#options.onError(error);
        });
    }
}
