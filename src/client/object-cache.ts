import { objectKey, type ApiObject, type Stored } from '../api/meta/object.ts';
import type { Lister } from './informer.ts';

type Index<T extends ApiObject> = {
    keysOf: (object: Stored<T>) => readonly string[];
    /** Index key → object keys. Never holds an empty set. */
    entries: Map<string, Set<string>>;
};

/** A step from one state of the cache to the next. */
export type Change<T extends ApiObject> =
    | { type: 'added'; object: Stored<T> }
    | { type: 'updated'; object: Stored<T>; old: Stored<T> }
    | { type: 'deleted'; object: Stored<T> };

const byNamespace = 'namespace';

/**
 * The objects of one resource by key, with indexes. Objects are kept by reference and never changed.
 * Invariant: every index holds exactly what its `keysOf` gives for the objects that are in the cache.
 */
export class ObjectCache<T extends ApiObject> implements Lister<T> {
    readonly #objects = new Map<string, Stored<T>>();
    readonly #indexes = new Map<string, Index<T>>();

    constructor() {
        this.addIndex(byNamespace, ({ metadata }) => (metadata.namespace ? [metadata.namespace] : []));
    }

    get size(): number {
        return this.#objects.size;
    }

    get(key: string): Stored<T> | undefined {
        return this.#objects.get(key);
    }

    list(namespace?: string): Stored<T>[] {
        return namespace ? this.byIndex(byNamespace, namespace) : [...this.#objects.values()];
    }

    byIndex(name: string, key: string): Stored<T>[] {
        const index = this.#indexes.get(name);
        if (index === undefined) throw new TypeError(`there is no index ${JSON.stringify(name)}`);
        const found: Stored<T>[] = [];
        for (const objectKey of index.entries.get(key) ?? []) {
            const object = this.#objects.get(objectKey);
            if (object !== undefined) found.push(object);
        }
        return found;
    }

    /** Adding the same name again is a no-op: many readers share one cache. */
    addIndex(name: string, keysOf: (object: Stored<T>) => readonly string[]): void {
        if (this.#indexes.has(name)) return;
        const index: Index<T> = { keysOf, entries: new Map() };
        this.#indexes.set(name, index);
        for (const [key, object] of this.#objects) insert(index, key, object);
    }

    put(object: Stored<T>): Change<T> | undefined {
        const key = objectKey(object);
        const old = this.#objects.get(key);
        if (old !== undefined && sameVersion(old, object)) return undefined;
        for (const index of this.#indexes.values()) {
            if (old !== undefined) remove(index, key, old);
            insert(index, key, object);
        }
        this.#objects.set(key, object);
        return old === undefined ? { type: 'added', object } : { type: 'updated', object, old };
    }

    delete(object: Stored<T>): Change<T> | undefined {
        const key = objectKey(object);
        const old = this.#objects.get(key);
        if (old === undefined) return undefined;
        for (const index of this.#indexes.values()) remove(index, key, old);
        this.#objects.delete(key);
        return { type: 'deleted', object };
    }

    /** Makes the cache hold exactly `objects`; the changes that lead there, deletions first. */
    *replace(objects: Iterable<Stored<T>>): Generator<Change<T>> {
        const wanted = new Map<string, Stored<T>>();
        for (const object of objects) wanted.set(objectKey(object), object);
        for (const [key, old] of [...this.#objects]) {
            const next = wanted.get(key);
            // Another object under the same name: the first one was deleted in between.
            if (next !== undefined && sameUid(old, next)) continue;
            const change = this.delete(old);
            if (change !== undefined) yield change;
        }
        for (const object of wanted.values()) {
            const change = this.put(object);
            if (change !== undefined) yield change;
        }
    }
}

function sameUid(a: ApiObject, b: ApiObject): boolean {
    return a.metadata?.uid === b.metadata?.uid;
}

function sameVersion(a: ApiObject, b: ApiObject): boolean {
    const version = a.metadata?.resourceVersion;
    return version !== undefined && version === b.metadata?.resourceVersion && sameUid(a, b);
}

function insert<T extends ApiObject>(index: Index<T>, key: string, object: Stored<T>): void {
    for (const indexKey of index.keysOf(object)) {
        const keys = index.entries.get(indexKey);
        if (keys === undefined) index.entries.set(indexKey, new Set([key]));
        else keys.add(key);
    }
}

function remove<T extends ApiObject>(index: Index<T>, key: string, object: Stored<T>): void {
    for (const indexKey of index.keysOf(object)) {
        const keys = index.entries.get(indexKey);
        keys?.delete(key);
        if (keys?.size === 0) index.entries.delete(indexKey);
    }
}
