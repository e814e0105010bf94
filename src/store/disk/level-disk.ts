import type { AbstractLevel } from 'abstract-level';
import { assert } from '../../util/assert.ts';
import type { DiskWrite } from '../log/log.ts';
import { StoreError } from '../store.ts';
import type { Disk, DiskSnapshot } from './disk.ts';
import { diskError } from './disk-error.ts';
import { LevelSnapshot } from './level-snapshot.ts';

export type Engine = AbstractLevel<Buffer | Uint8Array | string, Buffer, Buffer> & {
    /** LevelDB's own; memory-level has neither. */
    approximateSize?(start: Buffer, end: Buffer): Promise<number>;
    compactRange?(start: Buffer, end: Buffer): Promise<void>;
};

export interface LevelDiskOptions {
    /** Opens the database; called again by `recover`. */
    open(): Promise<Engine>;
    /** Rejects while there is no room to reopen; called before the database is closed for that. */
    checkSpace(): Promise<void>;
    sizeBytes(): Promise<number>;
}

/** Keys of one native call; bounds how long a thread of the pool is busy and what is in memory at once. */
const getManyKeysMax = 512;
const scanEntriesMax = 512;
const scanReadAheadBytes = 256 * 1024;
const everything = { from: Buffer.alloc(0), to: Buffer.from([0xff, 0xff]) };

/**
 * A Disk over LevelDB, or over memory-level, which has the same interface.
 *
 * Invariants: after a failed write nothing is written to this LevelDB instance any more. LevelDB does not
 * say how much of the failed record is in its log; a record appended behind a torn one would be skipped
 * when the log is read again, although it was acknowledged. Closing and opening reads the log back and
 * starts a new one. While the disk is full the old instance keeps serving reads.
 */
export class LevelDisk implements Disk {
    readonly #options: LevelDiskOptions;
    #engine: Engine;
    #state: 'ok' | 'writeFailed' | 'reopening' | 'down' | 'closed' = 'ok';
    #reading = 0;
    #whenIdle: (() => void) | undefined;
    /** Never rejects. */
    #reopened: Promise<void> = Promise.resolve();
    #downCause: StoreError | undefined;

    private constructor(engine: Engine, options: LevelDiskOptions) {
        this.#engine = engine;
        this.#options = options;
    }

    static async open(options: LevelDiskOptions): Promise<LevelDisk> {
        return new LevelDisk(await options.open(), options);
    }

    async write(writes: readonly DiskWrite[], options: { sync: boolean }): Promise<void> {
        if (this.#state === 'closed') throw closedError();
        assert(this.#state === 'ok', 'write to a disk that was not recovered', { state: this.#state });
        try {
            // The chained form copies less than the one that takes an array.
            const batch = this.#engine.batch();
            for (const write of writes) {
                if (write.type === 'put') batch.put(write.key, write.value);
                else batch.del(write.key);
            }
            // `sync` is LevelDB's own option: wait for fdatasync of its log.
            const batchOptions: object = options;
            await batch.write(batchOptions);
        } catch (error) {
            this.#state = 'writeFailed';
            throw diskError(error, 'cannot write to the store');
        }
    }

    async recover(): Promise<void> {
        if (this.#state === 'ok') return;
        if (this.#state === 'closed') throw closedError();
        assert(this.#state !== 'reopening', 'recover called twice');
        await this.#options.checkSpace();
        await this.#startReopening(undefined);
    }

    async exchange(work: () => Promise<void>): Promise<void> {
        if (this.#state === 'closed') throw closedError();
        assert(this.#state !== 'reopening', 'exchange while the disk is reopened');
        await this.#startReopening(work);
    }

    async #startReopening(work: (() => Promise<void>) | undefined): Promise<void> {
        const reopening = this.#reopen(work);
        this.#reopened = reopening.catch(() => undefined);
        await reopening;
    }

    async #reopen(work: (() => Promise<void>) | undefined): Promise<void> {
        const wasDown = this.#state === 'down';
        this.#state = 'reopening';
        let failure: unknown;
        try {
            await this.#idle();
            if (!wasDown) await this.#engine.close();
            try {
                await work?.();
            } catch (error) {
                failure = error;
            }
            this.#engine = await this.#options.open();
            this.#state = 'ok';
        } catch (error) {
            this.#downCause = diskError(error, 'cannot reopen the store');
            this.#state = 'down';
            throw this.#downCause;
        }
        if (failure !== undefined) throw diskError(failure, "cannot exchange the store's files");
    }

    async getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
        if (keys.length === 0) return [];
        return await this.#read(async (engine) => {
            if (keys.length <= getManyKeysMax) return await engine.getMany(keys as Buffer[]);
            const values: (Buffer | undefined)[] = [];
            const snapshot = engine.snapshot();
            try {
                for (let i = 0; i < keys.length; i += getManyKeysMax) {
                    const chunk = keys.slice(i, i + getManyKeysMax);
                    for (const value of await engine.getMany(chunk, { snapshot })) values.push(value);
                }
            } finally {
                await snapshot.close();
            }
            return values;
        });
    }

    getSync(key: Buffer): Buffer | undefined {
        if (this.#state === 'closed') throw closedError();
        if (this.#state === 'down' && this.#downCause !== undefined) throw this.#downCause;
        try {
            return this.#engine.getSync(key);
        } catch (error) {
            throw diskError(error, 'cannot read from the store');
        }
    }

    async *scan(range: { from: Buffer; to: Buffer }): AsyncGenerator<[Buffer, Buffer][]> {
        await this.#beginRead();
        // Read-ahead is LevelDB's own option.
        const iteratorOptions: object = { highWaterMarkBytes: scanReadAheadBytes };
        const iterator = this.#engine.iterator({ ...iteratorOptions, gte: range.from, lt: range.to });
        try {
            for (;;) {
                const entries = await iterator.nextv(scanEntriesMax);
                if (entries.length === 0) return;
                yield entries;
            }
        } catch (error) {
            throw diskError(error, 'cannot read from the store');
        } finally {
            await iterator.close();
            this.#endRead();
        }
    }

    async snapshot(): Promise<DiskSnapshot> {
        return await this.#read((engine) => Promise.resolve(new LevelSnapshot(engine)));
    }

    async sizeBytes(): Promise<number> {
        return await this.#options.sizeBytes();
    }

    async approximateBytes({ from, to }: { from: Buffer; to: Buffer }): Promise<number> {
        return await this.#read(async (engine) => (await engine.approximateSize?.(from, to)) ?? 0);
    }

    async compact({ from, to } = everything): Promise<void> {
        await this.#read(async (engine) => {
            await engine.compactRange?.(from, to);
        });
    }

    async close(): Promise<void> {
        if (this.#state === 'closed') return;
        await this.#reopened;
        const down = this.#state === 'down';
        this.#state = 'closed';
        await this.#idle();
        if (!down) await this.#engine.close();
    }

    async #read<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
        // Without this branch a call would start a tick late, and its snapshot would not be the caller's.
        if (this.#state === 'reopening') await this.#reopened;
        this.#countRead();
        try {
            return await work(this.#engine);
        } catch (error) {
            throw diskError(error, 'cannot read from the store');
        } finally {
            this.#endRead();
        }
    }

    async #beginRead(): Promise<void> {
        if (this.#state === 'reopening') await this.#reopened;
        this.#countRead();
    }

    #countRead(): void {
        if (this.#state === 'closed') throw closedError();
        if (this.#state === 'down' && this.#downCause !== undefined) throw this.#downCause;
        this.#reading += 1;
    }

    #endRead(): void {
        this.#reading -= 1;
        if (this.#reading === 0) this.#whenIdle?.();
    }

    async #idle(): Promise<void> {
        if (this.#reading === 0) return;
        await new Promise<void>((resolve) => {
            this.#whenIdle = resolve;
        });
        this.#whenIdle = undefined;
    }
}

function closedError(): StoreError {
    return new StoreError('closed', 'the store is closed');
}
