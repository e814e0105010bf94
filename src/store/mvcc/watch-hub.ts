import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import {
    StoreError,
    type StoreEvent,
    type StoreWatch,
    type WatchBatch,
    type WatchRequest,
} from '../store.ts';
import type { History, StagedTxn } from './history.ts';
import { compactedError, unreadValue, type Reader } from './reader.ts';
import { readHistory } from './read-history.ts';
import { WatcherIndex } from './watcher-index.ts';

export interface WatchHubOptions {
    disk: Disk;
    history: History;
    reader: Reader;
    logger: Logger;
}

interface Watcher {
    readonly key: string;
    readonly end: string | undefined;
    readonly previous: boolean;
    readonly noPut: boolean;
    readonly noDelete: boolean;
    readonly onBatch: (batch: WatchBatch) => void;
    readonly onError: ((error: StoreError) => void) | undefined;
    /** The first revision that has not been delivered; of a live watcher, where it became one. */
    next: number;
    /** 'rejoining': replays what a snapshot jumped over, although it was live before. */
    state: 'replaying' | 'rejoining' | 'live' | 'cancelled';
    readonly progressListeners: Set<() => void>;
}

/**
 * Watches. A watcher that starts in the past is `replaying`: it reads history from disk and is not told of
 * new events, which it will read as well. When it has reached the newest revision it turns `live` in the
 * same turn of the event loop in which it saw that, so that between history and live events there is
 * neither a gap nor an overlap, and nothing has to be queued meanwhile.
 *
 * When the whole state is replaced by a newer one, live watchers replay what lies in between.
 */
export class WatchHub {
    readonly #options: WatchHubOptions;
    readonly #live = new WatcherIndex<Watcher>();
    readonly #all = new Set<Watcher>();
    /** Those with somebody who asks for progress; few. */
    readonly #observed = new Set<Watcher>();
    readonly #replays = new Map<Watcher, Promise<void>>();

    constructor(options: WatchHubOptions) {
        this.#options = options;
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError: ((error: StoreError) => void) | undefined,
    ): StoreWatch {
        const { history } = this.#options;
        const { key, end, startRevision } = request;
        if (startRevision > 0 && startRevision < history.compacted) throw compactedError(history.compacted);
        const watcher: Watcher = {
            key,
            end,
            previous: request.previous === true,
            noPut: request.noPut === true,
            noDelete: request.noDelete === true,
            onBatch,
            onError,
            next: startRevision === 0 ? history.applied + 1 : startRevision,
            state: 'replaying',
            progressListeners: new Set(),
        };
        this.#all.add(watcher);
        if (watcher.next > history.applied) this.#goLive(watcher);
        else this.#replays.set(watcher, this.#replay(watcher));
        return {
            get revision() {
                return watcher.state === 'live' ? history.applied : watcher.next - 1;
            },
            onProgress: (listener) => this.#observe(watcher, listener),
            cancel: () => {
                this.#remove(watcher);
            },
        };
    }

    /** Tells live watchers of one applied transaction. `events` is only called when somebody listens. */
    dispatch(txn: StagedTxn, events: () => StoreEvent[]): void {
        this.#deliverTxn(txn, events);
        for (const watcher of this.#observed) if (watcher.state === 'live') progressed(watcher);
    }

    #deliverTxn(txn: StagedTxn, events: () => StoreEvent[]): void {
        const { revision } = txn;
        const found = this.#interested(txn);
        if (found.size === 0) return;
        const plain = events();
        let all: StoreEvent[] | undefined;
        for (const [watcher, indices] of found) {
            const from = watcher.previous ? (all ??= this.#withPrevious(txn, plain)) : plain;
            const picked = indices.length === from.length ? from : indices.flatMap((i) => from[i] ?? []);
            this.#deliver(watcher, { revision, events: picked });
        }
    }

    /** Resolves when no watcher is still reading history at or below `revision`. */
    async whenReplayedBeyond(revision: number): Promise<void> {
        const waiting: Promise<void>[] = [];
        for (const [watcher, done] of this.#replays) if (watcher.next <= revision) waiting.push(done);
        await Promise.all(waiting);
    }

    /** The newest revision that all watchers have been told of which are not reading history for the first time. */
    get revision(): number {
        let revision = this.#options.history.applied;
        for (const watcher of this.#replays.keys()) {
            if (watcher.state === 'rejoining') revision = Math.min(revision, watcher.next - 1);
        }
        return revision;
    }

    /** Resolves when nobody is behind who was live when the state was replaced. */
    async whenRejoined(): Promise<void> {
        if (this.#replays.size === 0) return;
        const rejoining = [...this.#replays].filter(([{ state }]) => state === 'rejoining');
        await Promise.all(rejoining.map(async ([, done]) => await done));
    }

    /**
     * The history has been replaced by a newer one; `before` is the revision that live watchers have been told
     * of. Those that need what is compacted there fail with 'compacted'.
     */
    rejoin(before: number): void {
        const { history } = this.#options;
        for (const watcher of [...this.#all]) {
            const wasLive = watcher.state === 'live';
            if (wasLive) watcher.next = Math.max(watcher.next, before + 1);
            if (watcher.next < history.compacted) {
                this.#fail(watcher, compactedError(history.compacted));
                continue;
            }
            if (!wasLive || watcher.next > history.applied) continue;
            this.#live.delete(watcher);
            watcher.state = 'rejoining';
            this.#replays.set(watcher, this.#replay(watcher));
        }
    }

    async close(): Promise<void> {
        const error = new StoreError('closed', 'the store is closed');
        const replays = [...this.#replays.values()];
        for (const watcher of [...this.#all]) this.#fail(watcher, error);
        await Promise.all(replays);
    }

    #withPrevious({ writes }: StagedTxn, events: readonly StoreEvent[]): StoreEvent[] {
        return events.map((event, i) => {
            const previous = writes[i]?.previous;
            if (previous === undefined) return event;
            const isRead = previous.value !== unreadValue;
            return { ...event, previous: isRead ? previous : this.#options.reader.fillSync(previous) };
        });
    }

    #interested({ revision, writes }: StagedTxn): Map<Watcher, number[]> {
        const found = new Map<Watcher, number[]>();
        for (const [i, { key, tombstone }] of writes.entries()) {
            this.#live.forEach(key, (watcher) => {
                if (watcher.next > revision || (tombstone ? watcher.noDelete : watcher.noPut)) return;
                const indices = found.get(watcher);
                if (indices === undefined) found.set(watcher, [i]);
                else indices.push(i);
            });
        }
        return found;
    }

    async #replay(watcher: Watcher): Promise<void> {
        const { history } = this.#options;
        try {
            // Never calls back before `watch` has returned.
            await Promise.resolve();
            while (isReplaying(watcher) && watcher.next <= history.applied) await this.#catchUp(watcher);
            if (isReplaying(watcher)) this.#goLive(watcher);
        } catch (error) {
            if (!isReplaying(watcher)) return;
            this.#options.logger.error({ err: error, key: watcher.key }, 'watch cannot read history');
            this.#fail(
                watcher,
                error instanceof StoreError
                    ? error
                    : new StoreError('io', 'cannot read history', { cause: error }),
            );
        } finally {
            this.#replays.delete(watcher);
        }
    }

    /** Delivers history up to what is newest at the time of the call. */
    async #catchUp(watcher: Watcher): Promise<void> {
        const upTo = this.#options.history.applied;
        for await (const batch of readHistory(watcher, watcher.next, this.#options)) {
            if (!isReplaying(watcher)) return;
            this.#deliver(watcher, batch);
            watcher.next = batch.revision + 1;
            progressed(watcher);
        }
        if (!isReplaying(watcher)) return;
        watcher.next = Math.max(watcher.next, upTo + 1);
        progressed(watcher);
    }

    #goLive(watcher: Watcher): void {
        watcher.state = 'live';
        this.#live.add(watcher);
        progressed(watcher);
    }

    #observe(watcher: Watcher, listener: () => void): () => void {
        const { progressListeners } = watcher;
        if (watcher.state === 'cancelled') return () => undefined;
        progressListeners.add(listener);
        this.#observed.add(watcher);
        return () => {
            progressListeners.delete(listener);
            if (progressListeners.size === 0) this.#observed.delete(watcher);
        };
    }

    #deliver(watcher: Watcher, batch: WatchBatch): void {
        if (watcher.state === 'cancelled') return;
        try {
            watcher.onBatch(batch);
        } catch (error) {
            this.#options.logger.error({ err: error, key: watcher.key }, 'a watcher of the store threw');
        }
    }

    #fail(watcher: Watcher, error: StoreError): void {
        this.#remove(watcher);
        try {
            watcher.onError?.(error);
        } catch (thrown) {
            this.#options.logger.error({ err: thrown, key: watcher.key }, 'a watcher of the store threw');
        }
    }

    #remove(watcher: Watcher): void {
        if (watcher.state === 'live') this.#live.delete(watcher);
        watcher.state = 'cancelled';
        this.#all.delete(watcher);
        this.#observed.delete(watcher);
        watcher.progressListeners.clear();
    }
}

function progressed({ progressListeners }: Watcher): void {
    for (const listener of progressListeners) listener();
}

/** A function, because the state changes during what is awaited between two questions. */
function isReplaying(watcher: Watcher): boolean {
    return watcher.state === 'replaying' || watcher.state === 'rejoining';
}
