import type { Clock } from '../../../util/clock.ts';
import type { PeerTransport } from '../../transport/peer-transport.ts';
import type {
    ChunkToRead,
    ChunkToStore,
    Entry,
    HardState,
    MemberId,
    Raft,
    RaftMessage,
    RaftStatus,
    Ready,
} from '../../raft/types.ts';
import type { DiskWrite } from '../log.ts';
import { compactLogWrites, entryWrites, hardStateWrite, snapshotWrite } from '../raft-records.ts';
import type { MembershipHistory } from '../../raft/membership-history.ts';
import { HeldNotices } from './held-notices.ts';
import type { LogWriter } from './log-writer.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { retainedForSnapshotFactor, type RetainedLog } from './retained-log.ts';
import type { SnapshotTransfers } from './snapshot-transfers.ts';
import { Ticker } from './ticker.ts';

/** Longest time between two hand-overs of heartbeats that cover stalls, in heartbeats. */
const coverEveryHeartbeats = 0.5;

export interface RaftDriverOptions {
    raft: Raft;
    self: MemberId;
    hardState: HardState;
    retained: RetainedLog;
    memberships: MembershipHistory;
    writer: LogWriter;
    transport: PeerTransport;
    transfers: SnapshotTransfers;
    clock: Clock;
    pace?: PaceOptions | undefined;
    hooks: DriverHooks;
}

export interface DriverHooks {
    onCommitted(entries: readonly Entry[]): void;
    onRead(answer: Ready['reads'][number]): void;
    /** After each tick and each round of work; the status is of that moment. */
    onTick(): void;
    onStatus(status: RaftStatus): void;
}

/**
 * Carries out what the consensus core asks for:
 *
 *     inputs ─► core ─► Ready ─┬─► messages: at once
 *                              ├─► commit notices ─► held, until another message says the same
 *                              ├─► hard state, entries ─► one synced batch for all that waits ─► persisted,
 *                              │                                                   messagesAfterPersist
 *                              ├─► committed ─► applier
 *                              └─► chunks of snapshots ─► transfers
 *
 * Inputs of one turn of the event loop are worked on together, so that they share messages and the write.
 */
export class RaftDriver {
    readonly pace: Pace;
    readonly #options: RaftDriverOptions;
    readonly #raft: Raft;
    readonly #ticker: Ticker;
    readonly #notices: HeldNotices;
    #hardState: HardState;
    /** Synced writes that are not done; what must not be said before them waits behind them. */
    #persisting = 0;
    #pumpScheduled = false;
    #coveredAtMs = -Infinity;
    #covering = false;
    #stopped = false;

    constructor(options: RaftDriverOptions) {
        this.#options = options;
        this.pace = new Pace(options.pace);
        this.#raft = options.raft;
        this.#hardState = options.hardState;
        this.#notices = new HeldNotices(options.clock, (notices) => {
            options.transport.send(notices);
        });
        this.#ticker = new Ticker(options.clock, {
            tick: () => {
                this.#tick();
            },
            deliver: () => options.transport.deliverPending?.(),
        });
        this.schedule();
    }

    get hardState(): HardState {
        return this.#hardState;
    }

    status(): RaftStatus {
        return this.#raft.status();
    }

    /** Gives the core an input; what follows from it is done later in this turn of the event loop. */
    input<T>(work: (raft: Raft) => T): T | undefined {
        if (this.#stopped) return undefined;
        const result = work(this.#raft);
        this.schedule();
        return result;
    }

    receive(messages: readonly RaftMessage[]): void {
        if (this.#stopped) return;
        for (const message of messages) this.#raft.step(message);
        this.schedule();
    }

    /** The state machine has come so far. */
    appliedTo(index: number): void {
        if (this.#stopped) return;
        this.#raft.appliedTo(index);
        this.#compactLog(index);
        this.schedule();
    }

    schedule(): void {
        if (this.#pumpScheduled || this.#stopped) return;
        this.#pumpScheduled = true;
        setImmediate(() => {
            this.#pumpScheduled = false;
            this.#pump();
        });
    }

    stop(): void {
        this.#stopped = true;
        this.#ticker.stop();
        this.#notices.stop();
        if (this.#covering) this.#options.transport.coverStall([], 0);
    }

    #tick(): void {
        const { transport, hooks, transfers } = this.#options;
        // After a stall, timers are ready before what has arrived meanwhile: that comes first.
        transport.deliverPending?.();
        const status = this.#raft.status();
        for (const { id } of status.progress) {
            const roundTripMs = id === this.#options.self ? undefined : transport.roundTripMs(id);
            if (roundTripMs !== undefined) this.pace.noteRoundTrip(roundTripMs);
        }
        this.#raft.setTimeouts(this.pace.ticks);
        this.#raft.tick();
        if (transfers.isSending) this.#endTransfers(status);
        hooks.onTick();
        this.#pump();
    }

    #pump(): void {
        if (this.#stopped) return;
        const raft = this.#raft;
        while (raft.hasReady()) this.#carryOut(raft.ready());
        const status = raft.status();
        if (this.#covering && status.role !== 'leader') {
            this.#covering = false;
            this.#options.transport.coverStall([], 0);
        }
        this.#options.hooks.onStatus(status);
    }

    #carryOut(ready: Ready): void {
        const { transport, hooks } = this.#options;
        this.#notices.hold(ready.commitNotices);
        if (ready.messages.length > 0) {
            this.#notices.outdatedBy(ready.messages);
            transport.send(ready.messages);
            this.#coverStall(ready.messages);
        }
        this.#persist(ready);
        if (ready.committed.length > 0) hooks.onCommitted(ready.committed);
        for (const read of ready.reads) hooks.onRead(read);
        for (const request of ready.chunksToRead) void this.#readChunk(request);
        for (const request of ready.chunksToStore) void this.#storeChunk(request);
    }

    #persist(ready: Ready): void {
        const { writer, retained } = this.#options;
        const { entries, hardState, messagesAfterPersist } = ready;
        const writes: DiskWrite[] = [...entryWrites(entries, retained.lastIndex)];
        retained.append(entries);
        if (hardState !== undefined) {
            this.#hardState = hardState;
            writes.push(hardStateWrite(hardState));
        }
        if (!ready.mustSync) {
            if (writes.length > 0) writer.enqueue({ writes, mode: 'lazy', done: () => undefined });
            this.#sendBehindWrites(messagesAfterPersist);
            return;
        }
        this.#persisting += 1;
        writer.enqueue({
            writes,
            mode: 'synced',
            done: () => {
                this.#persisting -= 1;
                if (this.#stopped) return;
                this.#raft.persisted(ready);
                if (messagesAfterPersist.length > 0) this.#options.transport.send(messagesAfterPersist);
                this.schedule();
            },
        });
    }

    #sendBehindWrites(messages: readonly RaftMessage[]): void {
        const { writer, transport } = this.#options;
        if (messages.length === 0) return;
        const send = (): void => {
            if (!this.#stopped) transport.send(messages);
        };
        if (this.#persisting === 0) send();
        else writer.enqueue({ writes: [], mode: 'behind', done: send });
    }

    /** A repeated heartbeat is safe for as long as this member has not learned that it leads no more. */
    #coverStall(messages: readonly RaftMessage[]): void {
        const { clock, transport } = this.#options;
        if (messages[0]?.type !== 'heartbeat' && !messages.some(({ type }) => type === 'heartbeat')) return;
        const nowMs = clock.monotonicMs();
        const { heartbeatMs } = this.pace;
        if (nowMs - this.#coveredAtMs < heartbeatMs * coverEveryHeartbeats) return;
        this.#coveredAtMs = nowMs;
        this.#covering = true;
        const newest = new Map<MemberId, RaftMessage>();
        for (const message of messages) if (message.type === 'heartbeat') newest.set(message.to, message);
        transport.coverStall([...newest.values()], heartbeatMs);
    }

    async #readChunk(request: ChunkToRead): Promise<void> {
        const result = await this.#options.transfers.read(request);
        this.input((raft) => {
            raft.snapshotChunkRead(request, result);
        });
    }

    async #storeChunk(request: ChunkToStore): Promise<void> {
        const result = await this.#options.transfers.store(request);
        this.input((raft) => {
            raft.snapshotChunkStored(request, result);
        });
    }

    #endTransfers({ role, progress }: RaftStatus): void {
        const receivers = role === 'leader' ? progress.filter(({ state }) => state === 'snapshot') : [];
        this.#options.transfers.keepOnly(new Set(receivers.map(({ id }) => id)));
    }

    #compactLog(appliedIndex: number): void {
        const { retained, memberships, writer, transfers } = this.#options;
        const needed = transfers.neededFrom;
        const position =
            retained.excess(appliedIndex, retainedForSnapshotFactor) ??
            retained.excess(Math.min(appliedIndex, needed ?? appliedIndex), 1);
        if (position === undefined) return;
        const membership = memberships.at(position.index);
        const from = retained.base.index + 1;
        writer.enqueue({
            writes: [snapshotWrite({ ...position, membership }), ...compactLogWrites(from, position.index)],
            mode: 'lazy',
            done: () => undefined,
        });
        retained.compact(position);
        memberships.compact(position.index, membership);
        this.#raft.compactLog(position.index, membership);
    }
}
