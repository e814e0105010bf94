import type { ResourceDefinition } from '../../api/groups/resource.ts';
import type { ApiObject, GroupVersionResource, Stored } from '../../api/meta/object.ts';
import { type KeyValue, prefixEnd, type Store, type StoreWatch, type WatchBatch } from '../../store/store.ts';
import type { StoreEvent } from '../../store/store.ts';
import type { Logger } from '../../util/logger.ts';
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
 * Invariants: every cache is at `revision`, which only grows. The store delivers events synchronously as
 * it applies them, so `revision` may always be raised to the store's own.
 */
export class WatchCaches implements ObjectReader {
    readonly store: Store;
    readonly #logger: Logger;
    readonly #eventsMax: number | undefined;
    readonly #byPrefix = new Map<string, WatchCache>();
    readonly #definitions = new Map<string, ResourceDefinition>();
    #revision = 0;
    #watch: StoreWatch | undefined;
    #waiters = new Set<RevisionWaiter>();
    #started: Promise<void> | undefined;
    #state: 'new' | 'running' | 'stopped' = 'new';

    constructor(options: WatchCachesOptions) {
        this.store = options.store;
        this.#logger = options.logger.child({ part: 'watch-caches' });
        this.#eventsMax = options.eventsMax;
        for (const definition of options.definitions) this.#register(definition, options.definitions);
    }

    /** Fills every cache from the store and follows it from there. */
    start(): Promise<void> {
        this.#started ??= this.#start();
        return this.#started;
    }

    stop(): void {
        this.#state = 'stopped';
        this.#watch?.cancel();
        for (const cache of this.#byPrefix.values()) cache.close();
        for (const waiter of this.#waiters) waiter.resolve();
        this.#waiters.clear();
    }

    /** Revision up to which all caches are current. */
    get revision(): number {
        if (this.#state === 'running' && this.store.revision > this.#revision) {
            this.#revision = this.store.revision;
        }
        return this.#revision;
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

    /** Serves one more resource from now on (custom resources). */
    async add(definition: ResourceDefinition): Promise<void> {
        const isNew = !this.#byPrefix.has(definition.storagePrefix);
        if (isNew && this.#state === 'running') {
            const prefix = `${registryRoot}${definition.storagePrefix}/`;
            const { kvs, revision } = await this.store.range({ key: prefix, end: prefixEnd(prefix) });
            const cache = this.#register(definition, [definition]);
            cache.load(kvs, revision);
            return;
        }
        this.#register(definition, [definition]);
    }

    /** Ends the resource's watches and forgets it. */
    remove(definition: ResourceDefinition): void {
        this.#definitions.delete(resourceKey({ ...definition, resource: definition.plural }));
        const shared = this.definitions().some(
            ({ storagePrefix }) => storagePrefix === definition.storagePrefix,
        );
        if (shared) return;
        this.#byPrefix.get(definition.storagePrefix)?.close();
        this.#byPrefix.delete(definition.storagePrefix);
    }

    /** Resolves when a read of the caches sees everything acknowledged before the call. */
    async fresh(): Promise<void> {
        await this.waitFor(await this.store.readIndex());
    }

    /** Waits until the caches have reached `revision`; 504 when that takes too long. */
    async waitFor(revision: number): Promise<void> {
        if (this.revision >= revision) return;
        let waiter: RevisionWaiter | undefined;
        let timer: NodeJS.Timeout | undefined;
        try {
            await new Promise<void>((resolve) => {
                waiter = { revision, resolve };
                this.#waiters.add(waiter);
                timer = setTimeout(resolve, freshnessTimeoutMs);
            });
        } finally {
            clearTimeout(timer);
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
        const cache = this.cacheOf(definition);
        const stored = cache.objects.get(cache.keyOf(namespace, name));
        return stored && (inVersion(stored, definition).object as Stored<T>);
    }

    list<T extends ApiObject>(resource: GroupVersionResource, namespace = ''): Stored<T>[] {
        const definition = this.definitionOf(resource);
        if (definition === undefined) return [];
        const cache = this.cacheOf(definition);
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
        const cache = this.cacheOf(definition);
        const view = (stored: StoredObject): ApiObject => inVersion(stored, definition).object;
        return cache.subscribe({
            keyPrefix: cache.root,
            onEvent: ({ object, type }) => {
                listener(view(object), type === 'DELETED');
            },
            onClose: () => undefined,
        });
    }

    async ready(_resource: GroupVersionResource): Promise<void> {
        await this.start();
    }

    #register(definition: ResourceDefinition, all: readonly ResourceDefinition[]): WatchCache {
        this.#definitions.set(resourceKey({ ...definition, resource: definition.plural }), definition);
        let cache = this.#byPrefix.get(definition.storagePrefix);
        if (cache === undefined) {
            cache = new WatchCache(storageDefinition(definition, all), this.#eventsMax);
            this.#byPrefix.set(definition.storagePrefix, cache);
        }
        return cache;
    }

    async #start(): Promise<void> {
        const { kvs, revision } = await this.store.range({ key: registryRoot, end: prefixEnd(registryRoot) });
        if (this.#state === 'stopped') return;
        const groups = new Map<WatchCache, KeyValue[]>();
        for (const cache of this.#byPrefix.values()) groups.set(cache, []);
        for (const kv of kvs) {
            const cache = this.#cacheOfKey(kv.key);
            if (cache !== undefined) groups.get(cache)?.push(kv);
        }
        for (const [cache, group] of groups) cache.load(group, revision);
        this.#revision = revision;
        this.#state = 'running';
        this.#watch = this.store.watch(
            { key: registryRoot, end: prefixEnd(registryRoot), startRevision: revision + 1 },
            (batch) => {
                this.#apply(batch);
            },
        );
        this.#logger.debug({ objects: kvs.length, revision }, 'caches filled');
    }

    #apply(batch: WatchBatch): void {
        this.#revision = Math.max(this.#revision, batch.revision);
        for (const [cache, events] of this.#split(batch.events)) cache.apply(events);
        for (const waiter of this.#waiters) {
            if (this.revision >= waiter.revision) waiter.resolve();
        }
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

function resourceKey({ group, version, resource }: GroupVersionResource): string {
    return `${group}/${version}/${resource}`;
}
