import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Disk } from '../../disk/disk.ts';
import { StoreError } from '../../store.ts';
import type { DiskWrite } from '../log.ts';
import { retryAfterFailureMs } from '../single-member-log.ts';

/** What is lazy rides along with the next write; alone it is written after this time, or this many bytes. */
export const lazyWriteDelayMs = 5_000;
export const lazyWriteBytesMax = 1024 * 1024;
/** Bytes of one batch; a larger job goes alone. */
export const batchBytesMax = 8 * 1024 * 1024;

export interface WriteJob {
    writes: readonly DiskWrite[];
    /**
     * 'synced' is written at once; 'behind' has nothing to write and waits for what was queued before; 'lazy'
     * may wait for company, because the log that is already durable can replay it.
     */
    mode: 'synced' | 'behind' | 'lazy';
    /** Called in the order of the jobs, when the batch has been written. */
    done: () => void;
}

export interface LogWriterOptions {
    disk: Disk;
    clock: Clock;
    logger: Logger;
    /** Each synced write, for timeouts that follow the disk, and whether it was more than entries of the log. */
    onSynced: (durationMs: number, holdsState: boolean) => void;
    /** The disk refuses writes, or takes them again (undefined). */
    onFailure: (error: StoreError | undefined) => void;
}

/**
 * The one writer of a replicated member's database. Jobs are written in order, as many as wait in one batch, so
 * that entries of the log and the state they lead to cost one write. A job never fails: the log cannot take
 * back what it has handed out, so a batch that was refused is written again until the disk takes it.
 *
 * Every batch is synced, also a lazy one. LevelDB starts a new log file now and then without syncing the end of
 * the one before: after a power cut, a batch that was not synced could be missing though a later one is there.
 */
export class LogWriter {
    readonly #options: LogWriterOptions;
    #jobs: WriteJob[] = [];
    #lazyBytes = 0;
    #due = false;
    #exclusive: { run: () => Promise<void>; fail: (error: StoreError) => void }[] = [];
    #loop: Promise<void> | undefined;
    #cancelTimer: (() => void) | undefined;
    #endRetryWait: (() => void) | undefined;
    #closed = false;
    #failing = false;

    constructor(options: LogWriterOptions) {
        this.#options = options;
    }

    enqueue(job: WriteJob): void {
        this.#jobs.push(job);
        if (job.mode === 'lazy') this.#countLazy(job);
        else this.#wake();
    }

    /** Runs `work` between two batches, after everything queued so far. */
    async runExclusive<T>(work: () => Promise<T>): Promise<T> {
        return await new Promise<T>((resolve, reject) => {
            const run = async (): Promise<void> => {
                try {
                    resolve(await work());
                } catch (error) {
                    reject(error instanceof Error ? error : new Error(String(error)));
                }
            };
            this.#exclusive.push({ run, fail: reject });
            this.#wake();
        });
    }

    /** Writes what is queued, if the disk takes it, and stops. */
    async close(): Promise<void> {
        this.#closed = true;
        this.#cancelTimer?.();
        this.#endRetryWait?.();
        this.#wake();
        await this.#loop;
        const error = new StoreError('closed', 'the store is closed');
        for (const { fail } of this.#exclusive.splice(0)) fail(error);
    }

    #countLazy({ writes }: WriteJob): void {
        for (const write of writes) this.#lazyBytes += sizeOf(write);
        if (this.#lazyBytes >= lazyWriteBytesMax) {
            this.#wake();
            return;
        }
        this.#cancelTimer ??= this.#options.clock.setTimer(lazyWriteDelayMs, () => {
            this.#cancelTimer = undefined;
            this.#wake();
        });
    }

    #wake(): void {
        this.#due = true;
        this.#loop ??= this.#run();
    }

    async #run(): Promise<void> {
        try {
            while (this.#due) {
                this.#due = false;
                while (this.#jobs.length > 0) {
                    const batch = this.#takeBatch();
                    if (!(await this.#writeUntilDone(batch))) return;
                    for (const { done } of batch) done();
                }
                const work = this.#exclusive.shift();
                if (work !== undefined) {
                    await work.run();
                    this.#due = true;
                }
            }
        } finally {
            this.#loop = undefined;
        }
    }

    #takeBatch(): WriteJob[] {
        let bytes = 0;
        let count = 0;
        for (const { writes } of this.#jobs) {
            for (const write of writes) bytes += sizeOf(write);
            if (count > 0 && bytes > batchBytesMax) break;
            count += 1;
        }
        const batch = this.#jobs.splice(0, count);
        if (this.#jobs.length === 0) {
            this.#lazyBytes = 0;
            this.#cancelTimer?.();
            this.#cancelTimer = undefined;
        }
        return batch;
    }

    /** False when the writer was closed before the disk took the batch. */
    async #writeUntilDone(batch: readonly WriteJob[]): Promise<boolean> {
        const writes = batch.flatMap((job) => job.writes);
        if (writes.length === 0) return true;
        for (;;) {
            try {
                if (this.#failing) await this.#options.disk.recover();
                const startedMs = this.#options.clock.monotonicMs();
                await this.#options.disk.write(writes, { sync: true });
                const durationMs = this.#options.clock.monotonicMs() - startedMs;
                this.#options.onSynced(durationMs, batch.some(isLazy));
                this.#recovered();
                return true;
            } catch (error) {
                this.#failed(error);
                if (this.#closed) return false;
                await this.#waitToRetry();
            }
        }
    }

    #failed(error: unknown): void {
        const named =
            error instanceof StoreError
                ? error
                : new StoreError('io', 'cannot write to the store', { cause: error });
        if (!this.#failing) this.#options.logger.error({ err: named }, 'store cannot write');
        this.#failing = true;
        this.#options.onFailure(named);
    }

    #recovered(): void {
        if (!this.#failing) return;
        this.#failing = false;
        this.#options.logger.info('store accepts writes again');
        this.#options.onFailure(undefined);
    }

    async #waitToRetry(): Promise<void> {
        await new Promise<void>((resolve) => {
            const cancel = this.#options.clock.setTimer(retryAfterFailureMs, resolve);
            this.#endRetryWait = () => {
                cancel();
                resolve();
            };
        });
        this.#endRetryWait = undefined;
    }
}

function isLazy({ mode }: WriteJob): boolean {
    return mode === 'lazy';
}

function sizeOf(write: DiskWrite): number {
    return write.type === 'put' ? write.key.length + write.value.length : write.key.length;
}
