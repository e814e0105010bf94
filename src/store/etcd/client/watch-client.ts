import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import {
    StoreError,
    type StoreEvent,
    type StoreWatch,
    type WatchBatch,
    type WatchRequest,
} from '../../store.ts';
import type { Decoded, Init } from '../proto/message.ts';
import type { event as eventMessage, watchRequest, watchResponse } from '../proto/messages.ts';
import { methods } from '../proto/methods.ts';
import type { DecodedObjects } from './decoded-objects.ts';
import type { EtcdCluster } from './etcd-cluster.ts';
import { EtcdWatcher } from './etcd-watcher.ts';
import type { GrpcStream } from './grpc-channel.ts';
import type { GrpcError } from './grpc-error.ts';
import { includes, type KeyRange, type Translator } from './translate.ts';

export interface WatchClientOptions {
    cluster: EtcdCluster;
    translator: Translator;
    decoded: DecodedObjects;
    logger: Logger;
    clock: Clock;
    /** Newest revision heard of. */
    newest: () => number;
    /** History up to it is gone. */
    onCompacted: (revision: number) => void;
}

type WatchStream = GrpcStream<Decoded<typeof watchRequest>>;
type WatchAnswer = Decoded<typeof watchResponse>;
type EtcdEvent = Decoded<typeof eventMessage>;

const reopenDelayMinMs = 20;
const reopenDelayMaxMs = 2_000;
/** Own writes remembered, to tell which revisions were of other keys. */
const ownWritesMax = 4_096;

/**
 * All watches of the store over one stream. When the stream breaks, or the member has no leader any more, it
 * is opened again, at the next member, and every watch goes on behind what it was last told.
 */
export class WatchClient {
    readonly #options: WatchClientOptions;
    readonly #watchers = new Map<number, EtcdWatcher>();
    /** Events of a revision that came in several parts. */
    readonly #fragments = new Map<number, EtcdEvent[]>();
    /** Keys by the revision that wrote them, oldest first. */
    readonly #ownWrites = new Map<number, readonly string[]>();
    #lastId = 0;
    #stream: WatchStream | undefined;
    #cancelReopen: (() => void) | undefined;
    #reopenDelayMs = 0;
    #isClosed = false;

    constructor(options: WatchClientOptions) {
        this.#options = options;
        options.cluster.onSwitch = () => {
            if (this.#stream === undefined) return;
            this.#stream.cancel();
            this.#stream = undefined;
            this.#reopen();
        };
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError: ((error: StoreError) => void) | undefined,
    ): StoreWatch {
        const { newest, logger } = this.#options;
        const id = ++this.#lastId;
        const watcher = new EtcdWatcher({ id, request, newest: newest(), onBatch, onError, logger });
        this.#watchers.set(id, watcher);
        if (this.#stream !== undefined) this.#create(this.#stream, watcher);
        else this.#reopen();
        return {
            get revision() {
                return Math.min(watcher.told, newest());
            },
            onProgress: (listener) => watcher.onProgress(listener),
            cancel: () => {
                watcher.cancel();
                if (this.#watchers.delete(id)) this.#stream?.send({ cancel: { watchId: id } });
            },
        };
    }

    /** What all watches that are not reading history have been told; undefined when there is none. */
    get told(): number | undefined {
        let told: number | undefined;
        for (const watcher of this.#watchers.values()) {
            if (watcher.isLive) told = Math.min(told ?? watcher.told, watcher.told);
        }
        return told;
    }

    /** `newest` has grown: what a watch was told of ahead of it counts now. */
    newestGrew(): void {
        for (const watcher of this.#watchers.values()) watcher.progressed();
    }

    /** Watches that have not been told of everything up to `revision`. */
    behind(revision: number): EtcdWatcher[] {
        return [...this.#watchers.values()].filter(({ told }) => told < revision);
    }

    /** This client has made `revision` by writing these keys: others need not wait for an event. */
    wrote(revision: number, keys: readonly string[]): void {
        this.#ownWrites.set(revision, keys);
        for (const watcher of this.#watchers.values()) this.#advance(watcher);
        if (this.#ownWrites.size <= ownWritesMax) return;
        const [oldest] = this.#ownWrites.keys();
        if (oldest !== undefined) this.#ownWrites.delete(oldest);
    }

    /** Live watches that get an event of a write of these keys. */
    interested(keys: readonly string[]): EtcdWatcher[] {
        return [...this.#watchers.values()].filter(
            (watcher) => watcher.isLive && includesAny(watcher.range, keys),
        );
    }

    close(): void {
        this.#isClosed = true;
        this.#cancelReopen?.();
        this.#stream?.cancel();
        this.#stream = undefined;
        const error = new StoreError('closed', 'the store is closed');
        const watchers = [...this.#watchers.values()];
        this.#watchers.clear();
        for (const watcher of watchers) watcher.fail(error);
    }

    #reopen(): void {
        if (this.#isClosed || this.#cancelReopen !== undefined || this.#watchers.size === 0) return;
        this.#cancelReopen = this.#options.clock.setTimer(this.#reopenDelayMs, () => {
            this.#cancelReopen = undefined;
            if (!this.#isClosed && this.#stream === undefined) this.#open();
        });
    }

    #open(): void {
        const { cluster } = this.#options;
        const channel = cluster.channel();
        this.#fragments.clear();
        const stream: WatchStream = channel.stream(
            methods.watch,
            // A member without a leader ends the stream, instead of falling silent.
            { hasleader: 'true' },
            {
                onMessage: (answer) => {
                    if (this.#stream === stream) this.#receive(answer);
                },
                onEnd: (error) => {
                    if (this.#stream !== stream) return;
                    this.#stream = undefined;
                    this.#broken(error);
                    cluster.failed(channel, error);
                },
            },
        );
        this.#stream = stream;
        for (const watcher of this.#watchers.values()) this.#create(stream, watcher);
    }

    #broken(error: GrpcError | undefined): void {
        if (this.#isClosed) return;
        this.#options.logger.debug({ err: error }, 'watch stream of etcd ended, going on with another');
        this.#reopenDelayMs = Math.min(Math.max(this.#reopenDelayMs * 2, reopenDelayMinMs), reopenDelayMaxMs);
        this.#reopen();
    }

    #create(stream: WatchStream, { id, range, request, told }: EtcdWatcher): void {
        const { translator } = this.#options;
        const filters: ('NOPUT' | 'NODELETE')[] = [];
        if (request.noPut === true) filters.push('NOPUT');
        if (request.noDelete === true) filters.push('NODELETE');
        const create: Init<NonNullable<Decoded<typeof watchRequest>['create']>> = {
            key: translator.key(range.key),
            rangeEnd: translator.rangeEnd(range.end),
            startRevision: told + 1,
            watchId: id,
            fragment: true,
            progressNotify: true,
            previous: request.previous,
            filters,
        };
        stream.send({ create });
    }

    #receive(answer: WatchAnswer): void {
        this.#reopenDelayMs = 0;
        const watcher = this.#watchers.get(answer.watchId);
        if (watcher === undefined) return;
        if (answer.canceled) this.#canceled(watcher, answer);
        else if (answer.events.length > 0) this.#events(watcher, answer);
        else if (!answer.created && !this.#fragments.has(watcher.id)) {
            watcher.advance(answer.header?.revision ?? 0);
        }
    }

    #events(watcher: EtcdWatcher, { events, fragment }: WatchAnswer): void {
        const before = this.#fragments.get(watcher.id);
        const all = before === undefined ? events : [...before, ...events];
        if (fragment) {
            this.#fragments.set(watcher.id, all);
            return;
        }
        this.#fragments.delete(watcher.id);
        watcher.deliver(all.flatMap((event) => this.#translate(watcher, event) ?? []));
        this.#advance(watcher);
    }

    #translate(watcher: EtcdWatcher, message: EtcdEvent): StoreEvent | undefined {
        const { translator, decoded } = this.#options;
        const event = translator.event(message);
        if (event?.type !== 'put' || !watcher.isLive) return event;
        const object = decoded.find(event.kv.key, event.kv.value);
        return object === undefined ? event : { ...event, decoded: object };
    }

    /** Over own writes of other keys. */
    #advance(watcher: EtcdWatcher): void {
        for (;;) {
            const keys = this.#ownWrites.get(watcher.told + 1);
            if (keys === undefined || includesAny(watcher.range, keys)) return;
            watcher.advance(watcher.told + 1);
        }
    }

    #canceled(watcher: EtcdWatcher, { compactRevision, cancelReason }: WatchAnswer): void {
        this.#watchers.delete(watcher.id);
        if (compactRevision > 0) {
            this.#options.onCompacted(compactRevision);
            watcher.fail(new StoreError('compacted', `history below ${compactRevision} is gone`));
            return;
        }
        watcher.fail(new StoreError('io', `etcd ended the watch: ${cancelReason}`));
    }
}

function includesAny(range: KeyRange, keys: readonly string[]): boolean {
    return keys.some((key) => includes(range, key));
}
