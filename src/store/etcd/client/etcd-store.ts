import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import {
    type Leases,
    type RangeRequest,
    type RangeResult,
    type Store,
    StoreError,
    type StoreWatch,
    type TxnRequest,
    type TxnResult,
    type WatchBatch,
    type WatchRequest,
} from '../../store.ts';
import { methods } from '../proto/methods.ts';
import { DecodedObjects } from './decoded-objects.ts';
import type { EtcdCluster } from './etcd-cluster.ts';
import { EtcdLeases } from './etcd-leases.ts';
import type { EtcdWatcher } from './etcd-watcher.ts';
import type { KeyNames } from './key-names.ts';
import { includes, keysWritten, Translator } from './translate.ts';
import { WatchClient } from './watch-client.ts';

export interface EtcdStoreOptions {
    cluster: EtcdCluster;
    names: KeyNames;
    logger: Logger;
    clock: Clock;
}

/** Longest time that a write waits until its events have come back to this client's watches. */
const deliveryWaitMaxMs = 1_000;
/** How long a read waits for events under way before it asks etcd how far the watches are. */
const eventsUnderWayMs = 10;
const progressWaitMaxMs = 2_000;
/** How long requests under way keep the store from closing. */
const closeWaitMaxMs = 3_000;
const slowCallTimeoutMs = 120_000;

/**
 * A real etcd as a Store.
 *
 * Invariants: `revision` is what the live watches have been told, or what was heard of last when there are
 * none. A write resolves once its events have been delivered to this client's live watches, as with the
 * embedded store, unless the watch stream is broken.
 */
export class EtcdStore implements Store {
    readonly leases: Leases;
    readonly #cluster: EtcdCluster;
    readonly #names: KeyNames;
    readonly #clock: Clock;
    readonly #translator: Translator;
    readonly #decoded = new DecodedObjects();
    readonly #watches: WatchClient;
    readonly #pending = new Set<Promise<unknown>>();
    #newest = 0;
    #told = 0;
    #compacted = 0;
    #state: 'open' | 'closed' = 'open';
    #freshRead: Promise<number> | undefined;
    #nextFreshRead: Promise<number> | undefined;
    #progress: Promise<void> | undefined;

    constructor({ cluster, names, logger, clock }: EtcdStoreOptions) {
        this.#cluster = cluster;
        this.#names = names;
        this.#clock = clock;
        this.#translator = new Translator(names);
        this.leases = new EtcdLeases(cluster, names, (revision) => {
            this.#heardOf(revision);
        });
        this.#watches = new WatchClient({
            cluster,
            translator: this.#translator,
            decoded: this.#decoded,
            logger,
            clock,
            newest: () => this.#newest,
            onCompacted: (revision) => (this.#compacted = Math.max(this.#compacted, revision)),
        });
    }

    /** Learns the current revision; rejects with StoreError when no member answers. */
    async start(): Promise<void> {
        await this.#readRevision();
    }

    get revision(): number {
        this.#told = Math.max(this.#told, Math.min(this.#watches.told ?? this.#newest, this.#newest));
        return this.#told;
    }

    /** As far as this client has heard: etcd is compacted by others. */
    get compactedRevision(): number {
        return this.#compacted;
    }

    async txn(request: TxnRequest): Promise<TxnResult> {
        return await this.#tracked(async () => {
            const forget = this.#decoded.expect(request);
            try {
                const answer = await this.#cluster.write(methods.txn, this.#translator.txn(request));
                const result = this.#translator.txnResult(answer);
                await this.#wrote(result.revision, keysWritten(request, result));
                return result;
            } finally {
                forget();
            }
        });
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        return await this.#tracked(async () => {
            const answer = await this.#cluster.read(methods.range, this.#translator.range(request));
            const result = this.#translator.rangeResult(answer);
            this.#heardOf(result.revision);
            return result;
        });
    }

    /** Also brings the live watches there, if need be by a write of a key of its own. */
    async readIndex(): Promise<number> {
        return await this.#tracked(async () => {
            const revision = await this.#newestRevision();
            if (this.#watches.behind(revision).length > 0) await this.#catchUp(revision);
            return revision;
        });
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError?: (error: StoreError) => void,
    ): StoreWatch {
        this.#checkOpen();
        const { startRevision } = request;
        if (startRevision > 0 && startRevision < this.#compacted) {
            throw new StoreError('compacted', `history below ${this.#compacted} is compacted`);
        }
        return this.#watches.watch(request, onBatch, onError);
    }

    async compact(revision: number): Promise<void> {
        await this.#tracked(async () => {
            await this.#cluster.write(methods.compact, { revision, physical: true });
            this.#compacted = Math.max(this.#compacted, revision);
        });
    }

    async sizeBytes(): Promise<number> {
        return await this.#tracked(async () => (await this.#cluster.read(methods.status, {})).dbSize);
    }

    /** One member after the other, so that the others go on. */
    async defragment(): Promise<void> {
        await this.#tracked(async () => {
            for (const endpoint of this.#cluster.endpoints) {
                await this.#cluster.ask(endpoint, methods.defragment, {
                    request: {},
                    timeoutMs: slowCallTimeoutMs,
                });
            }
        });
    }

    async hashKv(revision: number): Promise<{ hash: number; revision: number; compactRevision: number }> {
        return await this.#tracked(async () => {
            const answer = await this.#cluster.read(methods.hashKv, { revision });
            const newest = answer.hashRevision || answer.header?.revision || 0;
            return {
                hash: answer.hash,
                revision: revision === 0 ? newest : revision,
                compactRevision: answer.compactRevision,
            };
        });
    }

    async close(): Promise<void> {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#cluster.drain();
        let cancel: (() => void) | undefined;
        const late = new Promise<void>((resolve) => {
            cancel = this.#clock.setTimer(closeWaitMaxMs, resolve);
        });
        await Promise.race([Promise.allSettled([...this.#pending]), late]);
        cancel?.();
        this.#watches.close();
        this.#cluster.close();
    }

    /** Refuses after close, and lets close wait. */
    async #tracked<T>(work: () => Promise<T>): Promise<T> {
        this.#checkOpen();
        const promise = work();
        this.#pending.add(promise);
        try {
            return await promise;
        } finally {
            this.#pending.delete(promise);
        }
    }

    #checkOpen(): void {
        if (this.#state === 'closed') throw new StoreError('closed', 'the store is closed');
    }

    #heardOf(revision = 0): void {
        if (revision <= this.#newest) return;
        this.#newest = revision;
        this.#watches.newestGrew();
    }

    async #wrote(revision: number, keys: readonly string[]): Promise<void> {
        this.#heardOf(revision);
        if (keys.length === 0) return;
        const waiting = this.#watches.interested(keys);
        this.#watches.wrote(revision, keys);
        await this.#reached(waiting, { revision, timeoutMs: deliveryWaitMaxMs });
    }

    /** True when all have reached it in time. */
    async #reached(
        watchers: readonly EtcdWatcher[],
        { revision, timeoutMs }: { revision: number; timeoutMs: number },
    ): Promise<boolean> {
        if (watchers.every(({ told }) => told >= revision)) return true;
        let cancel: (() => void) | undefined;
        const late = new Promise<boolean>((resolve) => {
            cancel = this.#clock.setTimer(timeoutMs, () => {
                resolve(false);
            });
        });
        const all = Promise.all(watchers.map(async (watcher) => await watcher.reached(revision)));
        const isReached = await Promise.race([all.then(() => true), late]);
        cancel?.();
        return isReached;
    }

    /** A read that begins after the call: those who ask at the same time share one. */
    #newestRevision(): Promise<number> {
        if (this.#freshRead === undefined) {
            this.#freshRead = this.#readRevision().finally(() => (this.#freshRead = undefined));
            return this.#freshRead;
        }
        const next = (): Promise<number> => {
            this.#nextFreshRead = undefined;
            return this.#newestRevision();
        };
        this.#nextFreshRead ??= this.#freshRead.then(next, next);
        return this.#nextFreshRead;
    }

    async #readRevision(): Promise<number> {
        const key = this.#translator.key(this.#names.own);
        const { header } = await this.#cluster.read(methods.range, { key, keysOnly: true });
        this.#heardOf(header?.revision);
        return header?.revision ?? 0;
    }

    /**
     * The newest revisions may have been of keys that nobody here watches. etcd 3.4's answers to progress
     * requests may overtake events (fixed in 3.4.25), so that an event of our own is the only proof that
     * there was nothing before it.
     */
    async #catchUp(revision: number): Promise<void> {
        const live = this.#watches.behind(revision).filter(({ isLive }) => isLive);
        if (await this.#reached(live, { revision, timeoutMs: eventsUnderWayMs })) {
            if (this.#watches.behind(revision).length === 0) return;
        }
        const own = this.#names.own;
        const reachable = this.#watches.behind(revision).filter(({ range }) => includes(range, own));
        if (reachable.length === 0) return;
        this.#progress ??= this.#writeProgress().finally(() => (this.#progress = undefined));
        await this.#progress;
        const waiting = reachable.filter(({ isLive }) => isLive);
        await this.#reached(waiting, { revision, timeoutMs: progressWaitMaxMs });
    }

    async #writeProgress(): Promise<void> {
        const key = this.#translator.key(this.#names.own);
        const { header } = await this.#cluster.write(methods.put, { key });
        this.#heardOf(header?.revision);
        this.#watches.wrote(header?.revision ?? 0, [this.#names.own]);
    }
}
