import type { ResourceDefinition } from '../../api/groups/resource.ts';
import type { ApiObject, GroupVersionResource, Stored } from '../../api/meta/object.ts';
import { statusErrors } from '../../api/meta/status-error.ts';
import { type KeyValue, prefixEnd, type Store, type StoreEvent, type WatchBatch } from '../../store/store.ts';
import type { Logger } from '../../util/logger.ts';
import { StoreFollower } from './cache/store-follower.ts';
import { WatchCache } from './cache/watch-cache.ts';
import { inVersion, storageDefinition } from './conversion/versions.ts';
import type { ObjectReader } from './object-reader.ts';
import { tooLargeResourceVersion } from './resource-version.ts';
import type { StoredObject } from './stored-object.ts';

/** How long a read waits for a revision that this member has not applied yet. */
const freshnessTimeoutMs = 3_000;
const registryRoot = '/registry/';

export interface WatchCachesOptions {
    store: Store;
    definitions: readonly ResourceDefinition[];
    logger: Logger;
    /** Events remembered per resource; see watchEventsMax. */
    eventsMax?: number;
}

interface RevisionWaiter {
    revision: number;
    resolve(): void;
}

/**
 * The watch caches of all resources, fed by one watch of the store.
 *
 * Invariants: every cache is at `revision`, which only grows, also without an event: it is what the watch has been
 * told of (see `StoreWatch.revision`). When the watch ends, reads that need more wait until the
 * state was read anew.
 */
export class WatchCaches implements ObjectReader {
    readonly store: Store;
    readonly #logger: Logger;
    readonly #eventsMax: number | undefined;
    readonly #follower: StoreFollower;
    readonly #byPrefix = new Map<string, WatchCache>();
    readonly #definitions = new Map<string, ResourceDefinition>();
    /** Caches that are being filled for the first time, by prefix. */
    readonly #opening = new Map<string, Promise<void>>();
    #waiters = new Set<RevisionWaiter>();
    #started: Promise<void> | undefined;

    constructor(options: WatchCachesOptions) {
        this.store = options.store;
        this.#logger = options.logger.child({ part: 'watch-caches' });
        this.#eventsMax = options.eventsMax;
        this.#follower = new StoreFollower(
            { store: options.store, prefix: registryRoot, logger: this.#logger },
            {
                load: (kvs, revision) => {
                    for (const [cache, group] of this.#group(kvs)) cache.load(group, revision);
                },
                apply: (batch) => {
                    this.#apply(batch);
                },
                reconcile: (kvs, revisions) => {
                    for (const [cache, group] of this.#group(kvs)) cache.reconcile(group, revisions);
                },
                lost: () => {
                    for (const cache of this.#byPrefix.values()) cache.close();
                },
            },
        );
        // Also when what has happened was of other keys.
        this.#follower.onProgress = () => {
            this.#wakeWaiters();
        };
        for (const definition of options.definitions) this.#register(definition, options.definitions);
    }

    /** Fills every cache from the store and follows it from there. */
    start(): Promise<void> {
        this.#started ??= this.#start();
        return this.#started;
    }

    stop(): void {
        this.#follower.stop();
        for (const cache of this.#byPrefix.values()) cache.close();
        for (const waiter of this.#waiters) waiter.resolve();
        this.#waiters.clear();
    }

    /** Revision up to which all caches are current. */
    get revision(): number {
        return this.#follower.revision;
    }

    cacheOf(definition: ResourceDefinition): WatchCache {
        const cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) throw new Error(`no cache for the prefix ${definition.storagePrefix}`);
        return cache;
    }

    definitionOf(resource: GroupVersionResource): ResourceDefinition | undefined {
        return this.#definitions.get(resourceKey(resource));
    }

    /** Every resource that is served, in the order of registration. */
    definitions(): ResourceDefinition[] {
        return [...this.#definitions.values()];
    }

    /**
     * Serves one more resource from now on (custom resources), or the same one with other rules. It has no cache
     * until `open` was called for it.
     */
    add(definition: ResourceDefinition): void {
        this.#definitions.set(keyOfDefinition(definition), definition);
    }

    /** True when `cacheOf` may be asked. */
    isOpen({ storagePrefix }: ResourceDefinition): boolean {
        return this.#byPrefix.has(storagePrefix) && !this.#opening.has(storagePrefix);
    }

    /** Fills the resource's cache, unless that was done before. 404 when the resource goes meanwhile. */
    async open(definition: ResourceDefinition): Promise<void> {
        const { storagePrefix } = definition;
        if (this.isOpen(definition)) return;
        let opening = this.#opening.get(storagePrefix);
        if (opening === undefined) {
            opening = this.#fill(definition).finally(() => this.#opening.delete(storagePrefix));
            this.#opening.set(storagePrefix, opening);
        }
        await opening;
        if (!this.#byPrefix.has(storagePrefix)) throw statusErrors.pathNotFound();
    }

    /** Ends the watches of all versions of the resource: its rules are others from now on. */
    restartWatches({ storagePrefix }: ResourceDefinition): void {
        this.#byPrefix.get(storagePrefix)?.close();
    }

    /** Ends the resource's watches and forgets it; with its last version also what is in memory of it. */
    remove(definition: ResourceDefinition): void {
        this.#definitions.delete(keyOfDefinition(definition));
        const { storagePrefix } = definition;
        const cache = this.#byPrefix.get(storagePrefix);
        const shared = this.definitions().some((other) => other.storagePrefix === storagePrefix);
        if (!shared) this.#byPrefix.delete(storagePrefix);
        cache?.close();
    }

    async #fill(definition: ResourceDefinition): Promise<void> {
        // Gets events at once, so that none is missed while the state is read.
        const cache = this.#cacheFor(definition, [definition]);
        try {
            const { kvs, revision } = await this.store.range({ key: cache.root, end: prefixEnd(cache.root) });
            cache.load(kvs, revision);
            await this.waitFor(revision);
        } catch (error) {
            if (this.#byPrefix.get(definition.storagePrefix) === cache)
                this.#byPrefix.delete(definition.storagePrefix);
            throw error;
        }
    }

    /** Resolves when a read of the caches sees everything acknowledged before the call. */
    async fresh(): Promise<void> {
        await this.waitFor(await this.store.readIndex());
    }

    /** Waits until the caches have reached `revision`; 504 when that takes too long. */
    async waitFor(revision: number): Promise<void> {
        if (this.revision >= revision) return;
        // A store far away may have nothing to tell of other keys, and has to be asked how far it is.
        if (this.store.revision < revision) this.store.readIndex().catch(() => undefined);
        let waiter: RevisionWaiter | undefined;
        let timeout: NodeJS.Timeout | undefined;
        try {
            await new Promise<void>((resolve) => {
                waiter = { revision, resolve };
                this.#waiters.add(waiter);
                timeout = setTimeout(resolve, freshnessTimeoutMs);
            });
        } finally {
            clearTimeout(timeout);
            if (waiter !== undefined) this.#waiters.delete(waiter);
        }
        if (this.revision < revision) throw tooLargeResourceVersion(revision, this.revision);
    }

    get<T extends ApiObject>(
        resource: GroupVersionResource,
        namespace: string,
        name: string,
    ): Stored<T> | undefined {
        const definition = this.definitionOf(resource);
        if (definition === undefined) return undefined;
        const cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) return undefined;
        const stored = cache.objects.get(cache.keyOf(namespace, name));
        return stored && (inVersion(stored, definition).object as Stored<T>);
    }

    list<T extends ApiObject>(resource: GroupVersionResource, namespace = ''): Stored<T>[] {
        const definition = this.definitionOf(resource);
        if (definition === undefined) return [];
        const cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) return [];
        const objects: Stored<T>[] = [];
        for (const stored of cache.objects.range(cache.prefixOf(namespace))) {
            objects.push(inVersion(stored, definition).object as Stored<T>);
        }
        return objects;
    }

    onChange(
        resource: GroupVersionResource,
        listener: (object: ApiObject, deleted: boolean) => void,
    ): () => void {
        const definition = this.definitionOf(resource);
        if (definition === undefined) return () => undefined;
        const cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) return () => undefined;
        const view = (stored: StoredObject): ApiObject => inVersion(stored, definition).object;
        let unsubscribe: (() => void) | undefined;
        const subscribe = (): void => {
            unsubscribe = cache.subscribe({
                keyPrefix: cache.root,
                onEvent: ({ object, type }) => {
                    listener(view(object), type === 'DELETED');
                },
                // Clients would list now; a listener is told of the differences, and stays.
                onClose: () => {
                    if (this.#byPrefix.get(definition.storagePrefix) === cache) subscribe();
                },
            });
        };
        subscribe();
        return () => unsubscribe?.();
    }

    async ready(resource: GroupVersionResource): Promise<void> {
        await this.start();
        const definition = this.definitionOf(resource);
        if (definition !== undefined) await this.open(definition);
    }

    #register(definition: ResourceDefinition, all: readonly ResourceDefinition[]): void {
        this.add(definition);
        this.#cacheFor(definition, all);
    }

    #cacheFor(definition: ResourceDefinition, all: readonly ResourceDefinition[]): WatchCache {
        let cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) {
            cache = new WatchCache(storageDefinition(definition, all), this.#eventsMax);
            this.#byPrefix.set(definition.storagePrefix, cache);
        }
        return cache;
    }

    async #start(): Promise<void> {
        await this.#follower.start();
        this.#logger.debug({ revision: this.revision }, 'caches filled');
    }

    /** Every cache with its part of the whole state. */
    #group(kvs: readonly KeyValue[]): Map<WatchCache, KeyValue[]> {
        const groups = new Map<WatchCache, KeyValue[]>();
        for (const cache of this.#byPrefix.values()) groups.set(cache, []);
        for (const kv of kvs) {
            const cache = this.#cacheOfKey(kv.key);
            if (cache !== undefined) groups.get(cache)?.push(kv);
        }
        return groups;
    }

    #apply(batch: WatchBatch): void {
        for (const [cache, events] of this.#split(batch.events)) cache.apply(events);
    }

    #wakeWaiters(): void {
        if (this.#waiters.size === 0) return;
        const { revision } = this;
        for (const waiter of this.#waiters) if (revision >= waiter.revision) waiter.resolve();
    }

    #split(events: readonly StoreEvent[]): Map<WatchCache, StoreEvent[]> {
        const groups = new Map<WatchCache, StoreEvent[]>();
        for (const event of events) {
            const cache = this.#cacheOfKey(event.kv.key);
            if (cache === undefined) continue;
            const group = groups.get(cache);
            if (group === undefined) groups.set(cache, [event]);
            else group.push(event);
        }
        return groups;
    }

    /** "/registry/pods/…" by one segment, "/registry/services/specs/…" by two. */
    #cacheOfKey(key: string): WatchCache | undefined {
        const first = key.indexOf('/', registryRoot.length);
        if (first < 0) return undefined;
        const cache = this.#byPrefix.get(key.slice(registryRoot.length, first));
        if (cache !== undefined) return cache;
        const second = key.indexOf('/', first + 1);
        return second < 0 ? undefined : this.#byPrefix.get(key.slice(registryRoot.length, second));
    }
}

function keyOfDefinition(definition: ResourceDefinition): string {
    return resourceKey({ ...definition, resource: definition.plural });
}

function resourceKey({ group, version, resource }: GroupVersionResource): string {
    return `${group}/${version}/${resource}`;
}
