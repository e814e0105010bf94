import type { ApiObject, Stored } from '../api/meta/object.ts';

/**
 * A local, always current copy of one resource (list, then watch), shared by all who read it.
 * Objects are frozen or must be treated as such.
 */
export interface Informer<T extends ApiObject> {
    readonly lister: Lister<T>;
    /** True once the first list was delivered to all handlers. */
    readonly synced: boolean;
    /** Handlers added late get `added` for everything that is there. Returns a remove function. */
    addHandler(handler: InformerHandler<T>): () => void;
    /** Adds an index to the lister; before the factory starts. */
    addIndex(name: string, keysOf: (object: Stored<T>) => readonly string[]): void;
}

export interface Lister<T extends ApiObject> {
    /** By objectKey: "namespace/name" or "name". */
    get(key: string): Stored<T> | undefined;
    list(namespace?: string): Stored<T>[];
    /** Objects whose index `name` has `key`. */
    byIndex(name: string, key: string): Stored<T>[];
}

export interface InformerHandler<T extends ApiObject> {
    added?(object: Stored<T>): void;
    updated?(object: Stored<T>, old: Stored<T>): void;
    deleted?(object: Stored<T>): void;
}
