import { assert } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { StoreError } from '../store.ts';
import {
    groupBytesMax,
    groupCommandsMax,
    pendingBytesMax,
    pendingCommandsMax,
    relaxedDelayMaxMs,
    relaxedPendingBytesMax,
    relaxedPendingMax,
    renewalDelayMaxMs,
    type DiskWrite,
    type Log,
    type PreparedGroup,
    type ProposeOptions,
    type Settled,
} from './log.ts';

/** The state machine as a log without other members needs it. */
export interface LocalStateMachine<Command, Outcome> {
    prepare(commands: readonly Command[], wanted?: readonly boolean[]): PreparedGroup<Outcome>;
    /** After a failed write: what removes the traces that it may have left on disk. */
    undoFailedWrite(): Promise<readonly DiskWrite[]>;
    /** The same in fewer bytes, for writes that were held back and now go to the disk as one. */
    condense(writes: readonly DiskWrite[]): readonly DiskWrite[];
    /** What `close` adds to the last write. */
    closingWrites(): readonly DiskWrite[];
}

export interface SingleMemberLogOptions<Command, Outcome> {
    disk: Disk;
    machine: LocalStateMachine<Command, Outcome>;
    clock: Clock;
    logger: Logger;
    /** Each synced write. */
    onSynced?: ((durationMs: number) => void) | undefined;
}

interface Pending<Command, Outcome> {
    command: Command;
    options: ProposeOptions;
    resolve: (outcome: Outcome) => void;
    reject: (error: unknown) => void;
}

/** After a failed write, the next attempt is made no sooner; commands in between fail at once. */
export const retryAfterFailureMs = 500;

/**
 * Group commit for a single member: while one group is on its way to the disk, the next one gathers.
 *
 *     propose ─► pending ─► prepare ─► write, sync ─► commit ─► promises resolve
 *                  ▲            one group at a time              │
 *                  └───────────── next group ◄───────────────────┘
 *
 * A group of relaxed commands only is committed without a write; its writes are `heldBack` and go in front
 * of the next group's, in the same batch, so that the disk sees the same order as memory.
 *
 * Invariants: at most one group is prepared at a time. What is held back is applied already, so it never
 * fails: it stays until a write succeeds, and is bounded because the relaxed command that would exceed
 * the bound is treated like a durable one. Nothing is held back before the first durable write of this
 * process, which is how the next start knows that revisions may have been handed out and lost.
 */
export class SingleMemberLog<Command, Outcome> implements Log<Command, Outcome> {
    readonly #disk: Disk;
    readonly #machine: LocalStateMachine<Command, Outcome>;
    readonly #clock: Clock;
    readonly #logger: Logger;
    readonly #onSynced: ((durationMs: number) => void) | undefined;
    #state: 'open' | 'closing' | 'closed' = 'open';
    #pending: Pending<Command, Outcome>[] = [];
    #pendingBytes = 0;
    #exclusive: (() => Promise<void>)[] = [];
    #loop: Promise<void> | undefined;
    #heldBack: PreparedGroup<Outcome>[] = [];
    #heldBackCommands = 0;
    #heldBackBytes = 0;
    #flushTimer: { dueMs: number; cancel: () => void } | undefined;
    #flushDue = false;
    #wroteDurably = false;
    #failure: { error: StoreError; retryAtMs: number } | undefined;
    #closing: Promise<void> | undefined;

    constructor(options: SingleMemberLogOptions<Command, Outcome>) {
        this.#disk = options.disk;
        this.#machine = options.machine;
        this.#clock = options.clock;
        this.#logger = options.logger;
        this.#onSynced = options.onSynced;
    }

    async propose(command: Command, options: ProposeOptions): Promise<Outcome> {
        if (this.#state !== 'open') throw new StoreError('closed', 'the store is closed');
        if (
            this.#pending.length >= pendingCommandsMax ||
            this.#pendingBytes + options.bytes > pendingBytesMax
        ) {
            throw new StoreError('timeout', 'too many requests are waiting for the store');
        }
        return await new Promise<Outcome>((resolve, reject) => {
            this.#pending.push({ command, options, resolve, reject });
            this.#pendingBytes += options.bytes;
            this.#wake();
        });
    }

    /** What is acknowledged is applied: nothing to wait for. */
    async readBarrier(): Promise<void> {
        if (this.#state !== 'open') throw new StoreError('closed', 'the store is closed');
        await Promise.resolve();
    }

    async runExclusive<T>(work: () => Promise<T>): Promise<T> {
        if (this.#state !== 'open') throw new StoreError('closed', 'the store is closed');
        return await new Promise<T>((resolve, reject) => {
            this.#exclusive.push(async () => {
                try {
                    await (this.#heldBack.length > 0 ? this.#write([]) : this.#recover());
                    resolve(await work());
                } catch (error) {
                    reject(error instanceof Error ? error : new Error(String(error)));
                }
            });
            this.#wake();
        });
    }

    async close(): Promise<void> {
        this.#closing ??= this.#close();
        await this.#closing;
    }

    async #close(): Promise<void> {
        this.#state = 'closing';
        this.#flushTimer?.cancel();
        await this.#loop;
        try {
            await this.#recover();
            const writes = [...this.#heldBackWrites(), ...this.#machine.closingWrites()];
            if (writes.length > 0) await this.#disk.write(writes, { sync: true });
        } catch (error) {
            this.#logger.warn({ err: error }, 'relaxed writes are lost: the store could not be flushed');
        }
        this.#heldBack = [];
        this.#state = 'closed';
    }

    #wake(): void {
        this.#loop ??= this.#run();
    }

    async #run(): Promise<void> {
        try {
            for (;;) {
                // Lets everybody who was woken by the last group, or by this turn's network input, join.
                await new Promise((resolve) => setImmediate(resolve));
                const work = this.#exclusive.shift();
                if (work !== undefined) await work();
                if (this.#pending.length > 0) await this.#runGroup(this.#takeGroup());
                else if (this.#flushDue) await this.#flush();
                else if (this.#exclusive.length === 0) return;
            }
        } finally {
            this.#loop = undefined;
        }
    }

    #takeGroup(): Pending<Command, Outcome>[] {
        let bytes = 0;
        let count = 0;
        for (const { options } of this.#pending) {
            if (count === groupCommandsMax || (count > 0 && bytes + options.bytes > groupBytesMax)) break;
            bytes += options.bytes;
            count += 1;
        }
        this.#pendingBytes -= bytes;
        return this.#pending.splice(0, count);
    }

    async #runGroup(group: Pending<Command, Outcome>[]): Promise<void> {
        let prepared: PreparedGroup<Outcome>;
        try {
            prepared = this.#machine.prepare(group.map(({ command }) => command));
        } catch (error) {
            for (const { reject } of group) reject(error);
            return;
        }
        const holdBack = this.#mayHoldBack(group);
        try {
            if (prepared.writes.length === 0 || holdBack) await prepared.load();
            else await this.#writeAndLoad(prepared);
        } catch (error) {
            prepared.rollback();
            for (const { reject } of group) reject(error);
            return;
        }
        if (holdBack && prepared.writes.length > 0) this.#holdBack(group, prepared);
        settle(group, prepared.commit(!holdBack));
    }

    async #writeAndLoad(prepared: PreparedGroup<Outcome>): Promise<void> {
        const [write, load] = await Promise.allSettled([this.#write(prepared.writes), prepared.load()]);
        if (write.status === 'rejected') throw write.reason;
        assert(load.status === 'fulfilled', 'load failed as a whole', { group: prepared.writes.length });
    }

    /** Writes what is held back and then `writes`, durably. */
    async #write(writes: readonly DiskWrite[]): Promise<void> {
        await this.#recover();
        const heldBack = this.#heldBackWrites();
        const startedMs = this.#clock.monotonicMs();
        try {
            await this.#disk.write(heldBack.length === 0 ? writes : [...heldBack, ...writes], { sync: true });
        } catch (error) {
            this.#failed(error);
            throw error;
        }
        this.#onSynced?.(this.#clock.monotonicMs() - startedMs);
        this.#wroteDurably = true;
        this.#releaseHeldBack();
    }

    /** After a failed write: makes the disk writable and removes what that write may have left there. */
    async #recover(): Promise<void> {
        const failure = this.#failure;
        if (failure === undefined) return;
        if (this.#clock.monotonicMs() < failure.retryAtMs) throw failure.error;
        try {
            await this.#disk.recover();
            const undo = await this.#machine.undoFailedWrite();
            if (undo.length > 0) await this.#disk.write(undo, { sync: true });
        } catch (error) {
            this.#failed(error);
            throw error;
        }
        this.#failure = undefined;
        this.#logger.info('store accepts writes again');
    }

    #failed(error: unknown): void {
        const named =
            error instanceof StoreError
                ? error
                : new StoreError('io', 'cannot write to the store', { cause: error });
        if (this.#failure === undefined) this.#logger.error({ err: named }, 'store cannot write');
        this.#failure = { error: named, retryAtMs: this.#clock.monotonicMs() + retryAfterFailureMs };
    }

    #mayHoldBack(group: readonly Pending<Command, Outcome>[]): boolean {
        if (!this.#wroteDurably || this.#state !== 'open') return false;
        let bytes = this.#heldBackBytes;
        for (const { options } of group) {
            if (options.durability === 'fsync') return false;
            bytes += options.bytes;
        }
        return this.#heldBackCommands + group.length <= relaxedPendingMax && bytes <= relaxedPendingBytesMax;
    }

    #holdBack(group: readonly Pending<Command, Outcome>[], prepared: PreparedGroup<Outcome>): void {
        this.#heldBack.push(prepared);
        this.#heldBackCommands += group.length;
        for (const { options } of group) this.#heldBackBytes += options.bytes;
        const isRenewal = group.every(({ options }) => options.durability === 'renewal');
        this.#flushWithin(isRenewal ? renewalDelayMaxMs : relaxedDelayMaxMs);
    }

    #heldBackWrites(): readonly DiskWrite[] {
        if (this.#heldBack.length === 0) return [];
        return this.#machine.condense(this.#heldBack.flatMap(({ writes }) => writes));
    }

    #releaseHeldBack(): void {
        for (const prepared of this.#heldBack) prepared.written();
        this.#heldBack = [];
        this.#heldBackCommands = 0;
        this.#heldBackBytes = 0;
        this.#flushDue = false;
        this.#flushTimer?.cancel();
        this.#flushTimer = undefined;
    }

    /** A timer that is due earlier stays. */
    #flushWithin(delayMs: number): void {
        const dueMs = this.#clock.monotonicMs() + delayMs;
        if (this.#flushTimer !== undefined && this.#flushTimer.dueMs <= dueMs) return;
        this.#flushTimer?.cancel();
        const cancel = this.#clock.setTimer(delayMs, () => {
            this.#flushTimer = undefined;
            this.#flushDue = true;
            this.#wake();
        });
        this.#flushTimer = { dueMs, cancel };
    }

    async #flush(): Promise<void> {
        this.#flushDue = false;
        if (this.#heldBack.length === 0) return;
        try {
            await this.#write([]);
        } catch {
            // Logged where it failed; the writes are still held back.
            this.#flushWithin(relaxedDelayMaxMs);
        }
    }
}

function settle<Command, Outcome>(
    group: readonly Pending<Command, Outcome>[],
    settled: readonly Settled<Outcome>[],
): void {
    assert(settled.length === group.length, 'one outcome per command');
    for (const [i, pending] of group.entries()) {
        const result = settled[i];
        if (result?.type === 'resolved') pending.resolve(result.outcome);
        else pending.reject(result?.error);
    }
}
