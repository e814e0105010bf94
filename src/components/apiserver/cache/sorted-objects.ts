import type { StoredObject } from '../stored-object.ts';

/**
 * Objects by key, and in the order of their keys. Inserting moves part of an array of references, which for
 * the tens of thousands of objects of a small cluster costs microseconds; reading ranges costs nothing.
 */
export class SortedObjects {
    #byKey = new Map<string, StoredObject>();
    #sorted: StoredObject[] = [];

    get size(): number {
        return this.#sorted.length;
    }

    get(key: string): StoredObject | undefined {
        return this.#byKey.get(key);
    }

    /** `key` is the object's own. */
    set(key: string, object: StoredObject): void {
        const at = this.#lowerBound(key);
        if (this.#byKey.has(key)) this.#sorted[at] = object;
        else if (at === this.#sorted.length) this.#sorted.push(object);
        else this.#sorted.splice(at, 0, object);
        this.#byKey.set(key, object);
    }

    delete(key: string): void {
        if (this.#byKey.delete(key)) this.#sorted.splice(this.#lowerBound(key), 1);
    }

    clear(): void {
        this.#byKey.clear();
        this.#sorted = [];
    }

    /**
     * Objects whose keys start with `prefix`, in key order, from `start` (inclusive) on. Nothing may be set or deleted
     * before the last one was taken.
     */
    *range(prefix: string, start = prefix): Generator<StoredObject> {
        const end = this.#endOf(prefix);
        for (let i = this.#lowerBound(start > prefix ? start : prefix); i < end; i++) {
            const object = this.#sorted[i];
            if (object !== undefined) yield object;
        }
    }

    /** Number of keys that start with `prefix` and are not before `start`. */
    count(prefix: string, start = prefix): number {
        const from = this.#lowerBound(start > prefix ? start : prefix);
        return this.#endOf(prefix) - from;
    }

    #endOf(prefix: string): number {
        return this.#lowerBound(prefix + '\uffff');
    }

    #lowerBound(key: string): number {
        let low = 0;
        let high = this.#sorted.length;
        // What is read in order, a whole state above all, comes behind everything else.
        if (high > 0 && (this.#sorted[high - 1]?.key ?? '') < key) return high;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if ((this.#sorted[middle]?.key ?? '') < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
