import { assert } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import type { Log } from '../log/log.ts';
import type { LocalStateMachine } from '../log/single-member-log.ts';
import { SwitchableLog } from '../log/switchable-log.ts';
import {
    StoreError,
    type Leases,
    type RangeRequest,
    type RangeResult,
    type Store,
    type StoreOp,
    type StoreWatch,
    type TxnRequest,
    type TxnResult,
    type WatchBatch,
    type WatchRequest,
} from '../store.ts';
import { AutoCompaction, type AutoCompactionPolicy } from './auto-compaction.ts';
import type { Command, Outcome } from './command.ts';
import { Compactor } from './compactor.ts';
import type { History } from './history.ts';
import { MvccMachine } from './mvcc-machine.ts';
import { Reader } from './reader.ts';
import type { Recovered } from './recover.ts';
import { WatchHub } from './watch-hub.ts';

/** Keys and values of one transaction, etcd's limit. */
export const txnBytesMax = 1.5 * 1024 * 1024;
/** Operations and compares of one transaction. */
export const txnOpsMax = 4_096;
const opBytes = 64;

export interface MvccStoreOptions {
    disk: Disk;
    recovered: Recovered;
    logger: Logger;
    clock: Clock;
    autoCompaction: AutoCompactionPolicy;
    /** Makes the log that drives the state machine. */
    createLog: CreateLog;
}

export type CreateLog = (machine: LocalStateMachine<Command, Outcome>) => Log<Command, Outcome>;

/** The embedded store: a revisioned key space, driven by a log. */
export class MvccStore implements Store {
    readonly #disk: Disk;
    readonly #history: History;
    readonly #reader: Reader;
    readonly #hub: WatchHub;
    readonly #machine: MvccMachine;
    readonly #log: SwitchableLog<Command, Outcome>;
    readonly #compactor: Compactor;
    readonly #autoCompaction: AutoCompaction;
    #state: 'open' | 'closed' = 'open';
    #closing: Promise<void> | undefined;

    constructor(options: MvccStoreOptions) {
        const { disk, logger, clock, recovered } = options;
        const { history, cleanRevision } = recovered;
        this.#disk = disk;
        this.#history = history;
        this.#reader = new Reader(disk, history);
        this.#hub = new WatchHub({ disk, history, reader: this.#reader, logger });
        this.#machine = new MvccMachine({
            disk,
            history,
            reader: this.#reader,
            cleanRevision,
            onApply: (txn, events) => {
                this.#hub.dispatch(txn, events);
                this.#autoCompaction.noteWrite(txn.revision, history.writtenBytes);
            },
        });
        this.#log = new SwitchableLog(options.createLog(this.#machine));
        this.#compactor = new Compactor({ disk, history, log: this.#log, hub: this.#hub });
        const onError = (error: unknown): void => {
            if (!(error instanceof StoreError && isHarmless(error))) {
                logger.warn({ err: error }, 'store compaction failed, it will be tried again');
            }
        };
        this.#autoCompaction = new AutoCompaction({
            policy: options.autoCompaction,
            clock,
            compact: async (revision) => {
                await this.compact(revision);
            },
            onError,
        });
        // What was written before this start ages from now on.
        if (history.applied > history.compacted + 1) this.#autoCompaction.noteWrite(history.applied, 0);
        // A crash may have interrupted a compaction.
        this.#compactor.sweep().catch(onError);
    }

    get revision(): number {
        return this.#history.applied;
    }

    get compactedRevision(): number {
        return this.#history.compacted;
    }

    async txn(request: TxnRequest): Promise<TxnResult> {
        const bytes = checkSize(request);
        const durability = request.durability ?? 'fsync';
        return (await this.#log.propose({ type: 'txn', request }, { durability, bytes })) as TxnResult;
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        this.#checkOpen();
        return await this.#reader.range(request);
    }

    async readIndex(): Promise<number> {
        await this.#log.readBarrier();
        return this.#history.applied;
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError?: (error: StoreError) => void,
    ): StoreWatch {
        this.#checkOpen();
        return this.#hub.watch(request, onBatch, onError);
    }

    async compact(revision: number): Promise<void> {
        this.#checkOpen();
        await this.#compactor.compact(revision);
    }

    get leases(): Leases {
        throw new StoreError('io', 'leases are not possible yet');
    }

    async defragment(): Promise<void> {
        this.#checkOpen();
        return await Promise.reject(new StoreError('io', 'not possible yet'));
    }

    async hashKv(): Promise<{ hash: number; revision: number; compactRevision: number }> {
        this.#checkOpen();
        return await Promise.reject(new StoreError('io', 'not possible yet'));
    }

    /** Drains the log in use, closes it and goes on with another: see SwitchableLog.replace. */
    async replaceLog(
        create: (machine: LocalStateMachine<Command, Outcome>) => Promise<Log<Command, Outcome>>,
    ): Promise<void> {
        await this.#log.replace(async () => await create(this.#machine));
    }

    async sizeBytes(): Promise<number> {
        this.#checkOpen();
        return await this.#disk.sizeBytes();
    }

    async close(): Promise<void> {
        this.#closing ??= this.#close();
        await this.#closing;
    }

    async #close(): Promise<void> {
        this.#state = 'closed';
        this.#autoCompaction.close();
        this.#compactor.close();
        await this.#log.close();
        await this.#hub.close();
        await this.#disk.close();
    }

    #checkOpen(): void {
        if (this.#state === 'closed') throw new StoreError('closed', 'the store is closed');
    }
}

/** Somebody else compacted further, or the store closed meanwhile. */
function isHarmless(error: StoreError): boolean {
    return error.reason === 'compacted' || error.reason === 'closed';
}

/** The request's size, for the queue. Throws 'tooLarge'. */
function checkSize(request: TxnRequest): number {
    const { compares, success, failure } = request;
    const ops = compares.length + success.length + failure.length;
    if (ops > txnOpsMax) {
        throw new StoreError(
            'tooLarge',
            `too many operations in a transaction: ${ops}, at most ${txnOpsMax}`,
        );
    }
    let bytes = ops * opBytes;
    for (const compare of compares) {
        bytes += compare.key.length + (compare.target === 'value' ? compare.value.length : 0);
    }
    for (const op of success) bytes += sizeOf(op);
    for (const op of failure) bytes += sizeOf(op);
    if (bytes > txnBytesMax) {
        throw new StoreError('tooLarge', `request is too large: ${bytes} bytes, at most ${txnBytesMax}`);
    }
    return bytes;
}

function sizeOf(op: StoreOp): number {
    if (op.type === 'txn') return 0;
    assert(op.key.length > 0, 'a store operation without key', { type: op.type });
    return op.key.length + (op.type === 'put' ? op.value.length : (op.end?.length ?? 0));
}
