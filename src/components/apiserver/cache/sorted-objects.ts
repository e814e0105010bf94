import type { StoredObject } from '../stored-object.ts';

/**
 * Objects by key, with their keys in order. Inserting moves part of an array of references, which for
 * the tens of thousands of objects of a small cluster costs microseconds; reading ranges costs nothing.
 */
export class SortedObjects {
    #byKey = new Map<string, StoredObject>();
    #keys: string[] = [];

    get size(): number {
        return this.#keys.length;
    }

    get(key: string): StoredObject | undefined {
        return this.#byKey.get(key);
    }

    set(key: string, object: StoredObject): void {
        if (!this.#byKey.has(key)) this.#keys.splice(this.#lowerBound(key), 0, key);
        this.#byKey.set(key, object);
    }

    delete(key: string): void {
        if (this.#byKey.delete(key)) this.#keys.splice(this.#lowerBound(key), 1);
    }

    clear(): void {
        this.#byKey.clear();
        this.#keys = [];
    }

    /** Objects whose keys start with `prefix`, in key order, from `start` (inclusive) on. */
    *range(prefix: string, start = prefix): Generator<StoredObject> {
        for (let i = this.#lowerBound(start > prefix ? start : prefix); i < this.#keys.length; i++) {
            const key = this.#keys[i] ?? '';
            if (!key.startsWith(prefix)) return;
            const object = this.#byKey.get(key);
            if (object !== undefined) yield object;
        }
    }

    /** Number of keys that start with `prefix` and are not before `start`. */
    count(prefix: string, start = prefix): number {
        const from = this.#lowerBound(start > prefix ? start : prefix);
        return this.#lowerBound(prefix + '\uffff') - from;
    }

    #lowerBound(key: string): number {
        let low = 0;
        let high = this.#keys.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if ((this.#keys[middle] ?? '') < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
