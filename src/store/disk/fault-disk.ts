import type { DiskWrite } from '../log/log.ts';
import { StoreError } from '../store.ts';
import type { Disk, DiskSnapshot } from './disk.ts';

/**
 * A disk for tests that can be told to fail, and that outlives the store on it: `close` does nothing, like a
 * machine that goes away; opening a store on it again is a restart.
 */
export class FaultDisk implements Disk {
    /** While set, writes and `recover` fail with it. */
    fault: StoreError | undefined;
    /** Whether a failing write has reached the disk all the same: only its acknowledgement was lost. */
    leavesWhole = false;
    /** Batches written, for tests that count; `synced` are those that were waited for. */
    writes: DiskWrite[][] = [];
    synced = 0;
    readonly #disk: Disk;
    #recovered = true;

    constructor(disk: Disk) {
        this.#disk = disk;
    }

    async write(writes: readonly DiskWrite[], options: { sync: boolean }): Promise<void> {
        if (!this.#recovered) throw new Error('write to a disk that was not recovered');
        if (this.fault !== undefined) {
            if (this.leavesWhole) await this.#disk.write(writes, options);
            this.#recovered = false;
            throw this.fault;
        }
        await this.#disk.write(writes, options);
        this.writes.push([...writes]);
        if (options.sync) this.synced += 1;
    }

    async recover(): Promise<void> {
        if (this.fault !== undefined) throw this.fault;
        this.#recovered = true;
        await this.#disk.recover();
    }

    async getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
        return await this.#disk.getMany(keys);
    }

    getSync(key: Buffer): Buffer | undefined {
        return this.#disk.getSync(key);
    }

    scan(range: { from: Buffer; to: Buffer }): AsyncIterable<[Buffer, Buffer][]> {
        return this.#disk.scan(range);
    }

    async snapshot(): Promise<DiskSnapshot> {
        return await this.#disk.snapshot();
    }

    async sizeBytes(): Promise<number> {
        return await this.#disk.sizeBytes();
    }

    async approximateBytes(range: { from: Buffer; to: Buffer }): Promise<number> {
        return await this.#disk.approximateBytes(range);
    }

    async compact(range?: { from: Buffer; to: Buffer }): Promise<void> {
        await this.#disk.compact(range);
    }

    async exchange(work: () => Promise<void>): Promise<void> {
        await this.#disk.exchange(work);
    }

    async close(): Promise<void> {
        await Promise.resolve();
    }
}
