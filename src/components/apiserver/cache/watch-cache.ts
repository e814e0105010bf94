import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { keyOfText, type KeyValue, type StoreEvent } from '../../../store/store.ts';
import { StoredObject } from '../stored-object.ts';
import { CacheEvent } from './cache-event.ts';
import { EventRing } from './event-ring.ts';
import { SortedObjects } from './sorted-objects.ts';

/** Events that a resource remembers for watchers that come back after a short absence. */
export const watchEventsMax = 1024;
/** The same in bytes of their objects, so that large ones (nodes) do not fill the memory. */
export const watchEventBytesMax = 2 * 1024 * 1024;

/** Gets a resource's events as they are applied, synchronously and in order. */
export interface CacheSubscriber {
    /** Only events of keys that start with it are delivered. */
    readonly keyPrefix: string;
    onEvent(event: CacheEvent): void;
    /** The cache was emptied or stopped: the watch cannot go on. */
    onClose(): void;
}

export interface CacheCounts {
    /** How often the state was read from the store as a whole. */
    initializations: number;
    /** Events that came from the store. */
    received: number;
    /** Events that all watchers have been told of. */
    dispatched: number;
    /** Objects that new watches were told of before anything had happened. */
    initEvents: number;
    lists: number;
    /** Objects that lists have looked at, and those that they have answered with. */
    fetched: number;
    returned: number;
}

/**
 * Current objects and recent events of one resource (one storage prefix).
 *
 * Invariants: `objects` is exactly the store's content below `root` at the revision of the last applied
 * batch; the ring holds every event after `ring.oldest`; a subscriber added between two batches misses
 * none of the second. Before `load` events are kept, because the state that is being read may be older or
 * newer than they are.
 */
export class WatchCache {
    /** The version in which objects are stored; the others are converted from it. */
    readonly definition: ResourceDefinition;
    /** "/registry/pods/". */
    readonly root: string;
    readonly objects = new SortedObjects();
    /** What is in the store but cannot be decrypted, and why: absent for watchers, an error for readers. */
    readonly unreadable = new Map<string, Error>();
    readonly ring: EventRing;
    /** For metrics: what has come and gone, since the beginning. */
    readonly counts: CacheCounts = {
        initializations: 0,
        received: 0,
        dispatched: 0,
        initEvents: 0,
        lists: 0,
        fetched: 0,
        returned: 0,
    };
    /** Events that the ring holds at most. */
    readonly capacity: number;
    #subscribers = new Set<CacheSubscriber>();
    /** Revision of the loaded state: events up to it are in it already. */
    #loaded = 0;
    /** What came before `load`. */
    #early: StoreEvent[] | undefined = [];

    constructor(definition: ResourceDefinition, eventsMax = watchEventsMax) {
        this.definition = definition;
        this.root = `/registry/${definition.storagePrefix}/`;
        this.capacity = eventsMax;
        this.ring = new EventRing({ events: eventsMax, bytes: watchEventBytesMax }, 0);
    }

    /** Takes what the store has at `revision` as the beginning. */
    load(kvs: Iterable<KeyValue>, revision: number): void {
        this.objects.clear();
        this.unreadable.clear();
        for (const kv of kvs) {
            if (kv.unreadable !== undefined) this.unreadable.set(kv.key, kv.unreadable);
            else this.objects.set(kv.key, StoredObject.fromStore(kv));
        }
        this.ring.reset(revision);
        this.#loaded = revision;
        this.counts.initializations++;
        const early = this.#early ?? [];
        this.#early = undefined;
        this.apply(early);
    }

    /**
     * Goes on with what the store has at revision `to`, when the events since `from` cannot be had:
     * subscribers get the differences, deletions first. Intermediate states are lost to them, and the ring
     * forgets what it had: nobody else can go on from inside the gap.
     *
     * The differences' revisions grow from `from` + 1 on, so that a client which breaks off in the middle
     * comes back with one that is too old, and lists.
     */
    reconcile(kvs: readonly KeyValue[], { from, to }: { from: number; to: number }): void {
        if (this.#early !== undefined) {
            this.load(kvs, to);
            return;
        }
        // The store was put back to an older state: clients start over.
        if (to < from) this.close();
        this.unreadable.clear();
        const gone = new Set([...this.objects.range(this.root)].map(({ key }) => key));
        const puts: StoreEvent[] = [];
        for (const kv of kvs) {
            const known = this.objects.get(kv.key);
            const isSame = known !== undefined && kv.createRevision <= known.revision;
            if (isSame) gone.delete(kv.key);
            if (!isSame || kv.modRevision !== known.revision) puts.push({ type: 'put', kv });
        }
        puts.sort((a, b) => a.kv.modRevision - b.kv.modRevision);
        this.#loaded = 0;
        this.apply([...[...gone].map((key) => deletion(key, Math.min(from + 1, to))), ...puts]);
        this.#loaded = to;
        this.ring.reset(to);
    }

    keyOf(namespace: string, name: string): string {
        return keyOfText(this.definition.namespaced ? `${this.root}${namespace}/${name}` : this.root + name);
    }

    /** Prefix of the keys of a namespace, or of all when it is empty. */
    prefixOf(namespace: string): string {
        return this.definition.namespaced && namespace !== ''
            ? keyOfText(`${this.root}${namespace}/`)
            : this.root;
    }

    apply(events: readonly StoreEvent[]): void {
        if (this.#early !== undefined) {
            this.#early.push(...events);
            return;
        }
        for (const event of events) {
            if (event.kv.modRevision <= this.#loaded) continue;
            const change = this.#change(event);
            if (change === undefined) continue;
            this.ring.push(change);
            this.counts.received++;
            for (const subscriber of this.#subscribers) {
                if (change.object.key.startsWith(subscriber.keyPrefix)) subscriber.onEvent(change);
            }
            this.counts.dispatched++;
            change.dropFrames();
        }
    }

    subscribe(subscriber: CacheSubscriber): () => void {
        this.#subscribers.add(subscriber);
        return () => {
            this.#subscribers.delete(subscriber);
        };
    }

    get subscriberCount(): number {
        return this.#subscribers.size;
    }

    /** Ends all watches. */
    close(): void {
        const subscribers = [...this.#subscribers];
        this.#subscribers.clear();
        for (const subscriber of subscribers) subscriber.onClose();
    }

    #change({ type, kv, decoded }: StoreEvent): CacheEvent | undefined {
        const previous = this.objects.get(kv.key);
        if (this.unreadable.size > 0) this.unreadable.delete(kv.key);
        if (kv.unreadable !== undefined) this.unreadable.set(kv.key, kv.unreadable);
        if (type === 'delete' || kv.unreadable !== undefined) {
            if (previous === undefined) return undefined;
            this.objects.delete(kv.key);
            const object = previous.withRevision(kv.modRevision);
            return new CacheEvent('DELETED', kv.modRevision, { object, previous });
        }
        const object =
            decoded instanceof StoredObject ? decoded.commit(kv.modRevision) : StoredObject.fromStore(kv);
        this.objects.set(kv.key, object);
        return new CacheEvent(previous === undefined ? 'ADDED' : 'MODIFIED', kv.modRevision, {
            object,
            previous,
        });
    }
}

function deletion(key: string, revision: number): StoreEvent {
    const kv = {
        key,
        value: Buffer.alloc(0),
        createRevision: 0,
        modRevision: revision,
        version: 0,
        lease: 0,
    };
    return { type: 'delete', kv };
}
