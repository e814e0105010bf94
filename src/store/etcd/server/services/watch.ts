import type { Decoded, Init } from '../../proto/message.ts';
import { watchResponse, type watchCreateRequest } from '../../proto/messages.ts';
import { methods } from '../../proto/methods.ts';
import { StoreError, type StoreEvent, type StoreWatch, type WatchBatch } from '../../../store.ts';
import type { EtcdContext } from '../context.ts';
import { decodeRequest, encodeResponse, type HandlerOptions } from '../grpc/handlers.ts';
import { admitStream } from '../grpc/admit-stream.ts';
import type { CallHandler, ServerCall } from '../grpc/server-call.ts';
import { GrpcError } from '../grpc/status.ts';
import { endOf } from './ranges.ts';

type WireCreate = Decoded<typeof watchCreateRequest>;
type WireResponse = Init<Decoded<typeof watchResponse>>;

/**
 * Unsent bytes of one stream from which on its watches stop following the store. They continue where they
 * were, reading history, when the client has taken what there was: a slow client costs no memory, and loses
 * no event unless it falls behind compaction, of which it is told.
 */
const backlogBytesMax = 1024 * 1024;
/** Watches of one stream. */
const watchesMax = 100_000;
/** An event stream that is split at the client's wish is split into messages of about this size. */
const fragmentBytesMax = 2 * 1024 * 1024;
const eventOverheadBytes = 64;
/** How often a progress request that has to wait is looked at again. */
const progressRetryMs = 50;
/** A response to no single watch. */
const noWatch = -1;

export interface WatchOptions extends HandlerOptions {
    /** A watch that asked for it hears this often that nothing happened. */
    progressIntervalMs: number;
}

/** The service Watch: any number of watches over one stream. */
export function watchHandler(context: EtcdContext, options: WatchOptions): [string, CallHandler] {
    const { path } = methods.watch;
    const handle: CallHandler = (call) => {
        options.observer.started(path);
        const stream = new WatchStream(context, call, options);
        call.listener = stream;
    };
    return [path, handle];
}

interface Watch {
    readonly id: number;
    readonly key: string;
    readonly end: { end?: string };
    readonly request: WireCreate;
    /** The first revision that was not delivered. */
    next: number;
    /** 'paused' while the client is too slow. */
    state: 'following' | 'paused';
    source: StoreWatch | undefined;
    /** Something was sent since the last round of progress notifications. */
    active: boolean;
}

class WatchStream {
    readonly #context: EtcdContext;
    readonly #call: ServerCall;
    readonly #options: WatchOptions;
    readonly #watches = new Map<number, Watch>();
    readonly #timers = new Set<NodeJS.Timeout>();
    #state: 'open' | 'closed' = 'open';
    #nextId = 0;
    #progressPending = false;
    #stopLeaderWatch: (() => void) | undefined;

    constructor(context: EtcdContext, call: ServerCall, options: WatchOptions) {
        this.#context = context;
        this.#call = call;
        this.#options = options;
        this.#stopLeaderWatch = admitStream(context, call, {
            options,
            end: (error) => {
                this.#end(error);
            },
        });
        if (this.#isClosed()) return;
        this.#every(options.progressIntervalMs, () => {
            this.#notifyProgress();
        });
    }

    onMessage(message: Buffer): void {
        if (this.#state === 'closed') return;
        try {
            const { create, cancel, progress } = decodeRequest(methods.watch, message);
            if (create !== undefined) this.#create(create);
            else if (cancel !== undefined) this.#cancel(cancel.watchId);
            else if (progress !== undefined) this.#requestProgress();
        } catch (error) {
            this.#end(this.#options.toStatus(error));
        }
    }

    onHalfClose(): void {
        this.#end(undefined);
    }

    onCancel(): void {
        this.#close(new GrpcError('cancelled', 'context canceled'));
    }

    onDrain(): void {
        for (const watch of this.#watches.values()) {
            if (watch.state === 'paused' && !this.#isFull()) this.#follow(watch);
        }
    }

    #create(request: WireCreate): void {
        const { store } = this.#context;
        const header = this.#context.header();
        const key = request.key === '' ? '\0' : request.key;
        const end = endOf(request.rangeEnd);
        const refusal = this.#refusal({ ...request, key }, end.end);
        if (refusal !== undefined) {
            this.#send({ header, watchId: noWatch, created: true, canceled: true, cancelReason: refusal });
            return;
        }
        const id = request.watchId === 0 ? this.#freeId() : request.watchId;
        const next = request.startRevision > 0 ? request.startRevision : store.revision + 1;
        const watch: Watch = {
            ...{ id, key, end, request, next },
            ...{ state: 'following', source: undefined, active: false },
        };
        this.#watches.set(id, watch);
        this.#send({ header, watchId: id, created: true });
        this.#follow(watch);
    }

    #refusal({ key, watchId }: WireCreate, end: string | undefined): string | undefined {
        if (end !== undefined && key >= end) return 'mvcc: watcher range is empty';
        if (watchId !== 0 && this.#watches.has(watchId)) {
            return 'mvcc: duplicate watch ID provided on the WatchStream';
        }
        return this.#watches.size >= watchesMax ? 'etcdserver: too many requests' : undefined;
    }

    #freeId(): number {
        while (this.#watches.has(this.#nextId)) this.#nextId += 1;
        return this.#nextId++;
    }

    /** Begins, or begins again, to read the store from `watch.next` on. */
    #follow(watch: Watch): void {
        const { store } = this.#context;
        watch.state = 'following';
        try {
            watch.source = store.watch(
                {
                    key: watch.key,
                    ...watch.end,
                    startRevision: watch.next,
                    ...(watch.request.previous ? { previous: true } : {}),
                },
                (batch) => {
                    this.#deliver(watch, batch);
                },
                (error) => {
                    this.#failed(watch, error);
                },
            );
        } catch (error) {
            this.#failed(watch, error);
        }
    }

    #failed(watch: Watch, error: unknown): void {
        watch.source = undefined;
        const header = this.#context.header(0);
        if (error instanceof StoreError && error.reason === 'compacted') {
            this.#watches.delete(watch.id);
            const compactRevision = this.#context.store.compactedRevision;
            this.#send({ header, watchId: watch.id, canceled: true, compactRevision });
            return;
        }
        this.#end(this.#options.toStatus(error));
    }

    #deliver(watch: Watch, batch: WatchBatch): void {
        watch.next = batch.revision + 1;
        const { filters } = watch.request;
        const events = filters.length === 0 ? batch.events : batch.events.filter(passing(filters));
        if (events.length === 0) return;
        watch.active = true;
        const header = this.#context.header(batch.revision);
        const pieces = watch.request.fragment ? split(events) : [events];
        for (const [i, piece] of pieces.entries()) {
            const fragment = i < pieces.length - 1;
            this.#send({ header, watchId: watch.id, events: piece.map(wireEvent), fragment });
        }
        if (!this.#isFull()) return;
        watch.state = 'paused';
        watch.source?.cancel();
        watch.source = undefined;
    }

    #cancel(id: number): void {
        const watch = this.#watches.get(id);
        if (watch === undefined) return;
        this.#watches.delete(id);
        watch.source?.cancel();
        this.#send({ header: this.#context.header(), watchId: id, canceled: true });
    }

    /** One answer for all watches, once they have all been told of everything. */
    #requestProgress(): void {
        if (!this.#sendProgress() && !this.#progressPending) {
            this.#progressPending = true;
            this.#retryProgress();
        }
    }

    #retryProgress(): void {
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            if (this.#sendProgress()) this.#progressPending = false;
            else this.#retryProgress();
        }, progressRetryMs);
        timer.unref();
        this.#timers.add(timer);
    }

    #sendProgress(): boolean {
        const { revision } = this.#context.store;
        for (const watch of this.#watches.values()) if (!isSynced(watch, revision)) return false;
        this.#send({ header: this.#context.header(revision), watchId: noWatch });
        return true;
    }

    #notifyProgress(): void {
        const { revision } = this.#context.store;
        for (const watch of this.#watches.values()) {
            if (!watch.request.progressNotify) continue;
            if (!watch.active && isSynced(watch, revision)) {
                this.#send({ header: this.#context.header(revision), watchId: watch.id });
            }
            watch.active = false;
        }
    }

    #isFull(): boolean {
        return this.#call.backlogBytes > backlogBytesMax;
    }

    #send(response: WireResponse): void {
        if (this.#state === 'open') this.#call.send(encodeResponse(methods.watch, response));
    }

    #end(error: GrpcError | undefined): void {
        if (this.#state === 'closed') return;
        this.#close(error);
        this.#call.end(undefined, error);
    }

    /** A function, because the state changes during what is called between two questions. */
    #isClosed(): boolean {
        return this.#state === 'closed';
    }

    #close(error: GrpcError | undefined): void {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#stopLeaderWatch?.();
        for (const timer of this.#timers) clearTimeout(timer);
        for (const watch of this.#watches.values()) watch.source?.cancel();
        this.#watches.clear();
        this.#options.observer.ended(methods.watch.path, error);
    }

    #every(intervalMs: number, work: () => void): void {
        const timer = setInterval(work, intervalMs);
        timer.unref();
        this.#timers.add(timer);
    }
}

/** Whether a watch has been told of everything up to `revision`; one from the future on has. */
function isSynced(watch: Watch, revision: number): boolean {
    if (watch.source === undefined) return false;
    return watch.source.revision >= revision || watch.next > revision;
}

function passing(filters: WireCreate['filters']): (event: StoreEvent) => boolean {
    const noPut = filters.includes('NOPUT');
    const noDelete = filters.includes('NODELETE');
    return ({ type }) => (type === 'put' ? !noPut : !noDelete);
}

function wireEvent({ type, kv, previous }: StoreEvent): NonNullable<WireResponse['events']>[number] {
    if (type === 'put') return { type: 'PUT', kv, previous };
    // Of a deleted key, only key and revision are told.
    return { type: 'DELETE', kv: { key: kv.key, modRevision: kv.modRevision }, previous };
}

function split(events: readonly StoreEvent[]): StoreEvent[][] {
    const pieces: StoreEvent[][] = [[]];
    let bytes = 0;
    for (const event of events) {
        const { kv, previous } = event;
        const size = eventOverheadBytes + 2 * kv.key.length + kv.value.length + (previous?.value.length ?? 0);
        if (bytes > 0 && bytes + size > fragmentBytesMax) {
            pieces.push([]);
            bytes = 0;
        }
        pieces.at(-1)?.push(event);
        bytes += size;
    }
    return pieces;
}
