import type { ApiObject, GroupVersionResource, Stored } from '../../../api/meta/object.ts';
import { objectKey } from '../../../api/meta/object.ts';
import type { ObjectReader } from '../object-reader.ts';

type Listener = (object: ApiObject, deleted: boolean) => void;

/** An ObjectReader that tests fill by hand. */
export class MemoryReader implements ObjectReader {
    readonly #objects = new Map<string, Map<string, ApiObject>>();
    readonly #listeners = new Map<string, Set<Listener>>();
    #filled = Promise.resolve();

    set(resource: GroupVersionResource, ...objects: ApiObject[]): this {
        for (const object of objects) {
            this.#of(resource).set(objectKey(object), object);
            this.#listeners.get(keyOf(resource))?.forEach((listener) => listener(object, false));
        }
        return this;
    }

    remove(resource: GroupVersionResource, object: ApiObject): void {
        this.#of(resource).delete(objectKey(object));
        this.#listeners.get(keyOf(resource))?.forEach((listener) => listener(object, true));
    }

    get<T extends ApiObject>(
        resource: GroupVersionResource,
        namespace: string,
        name: string,
    ): Stored<T> | undefined {
        const key = namespace === '' ? name : `${namespace}/${name}`;
        return this.#of(resource).get(key) as Stored<T> | undefined;
    }

    list<T extends ApiObject>(resource: GroupVersionResource, namespace?: string): Stored<T>[] {
        const all = [...this.#of(resource).values()] as Stored<T>[];
        return namespace ? all.filter((object) => object.metadata.namespace === namespace) : all;
    }

    onChange(resource: GroupVersionResource, listener: Listener): () => void {
        const key = keyOf(resource);
        const listeners = this.#listeners.get(key) ?? new Set();
        this.#listeners.set(key, listeners.add(listener));
        return () => listeners.delete(listener);
    }

    ready(): Promise<void> {
        return this.#filled;
    }

    /** Makes this a reader whose caches are not filled yet; the result fills them, dropping listeners. */
    postpone(): () => Promise<void> {
        let resolve: () => void = () => undefined;
        this.#filled = new Promise((done) => {
            resolve = done;
        });
        return async () => {
            this.#listeners.clear();
            resolve();
            await this.#filled;
        };
    }

    #of(resource: GroupVersionResource): Map<string, ApiObject> {
        const key = keyOf(resource);
        const objects = this.#objects.get(key) ?? new Map<string, ApiObject>();
        this.#objects.set(key, objects);
        return objects;
    }
}

function keyOf({ group, resource }: GroupVersionResource): string {
    return `${group}/${resource}`;
}
