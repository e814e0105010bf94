/** A map of at most `entriesMax` entries: the least recently used one goes first. */
export class BoundedMap<K, V> {
    readonly #entries = new Map<K, V>();
    readonly #entriesMax: number;

    constructor(entriesMax: number) {
        this.#entriesMax = entriesMax;
    }

    get size(): number {
        return this.#entries.size;
    }

    get(key: K): V | undefined {
        const value = this.#entries.get(key);
        if (value === undefined) return undefined;
        this.#entries.delete(key);
        this.#entries.set(key, value);
        return value;
    }

    set(key: K, value: V): void {
        this.#entries.delete(key);
        this.#entries.set(key, value);
        if (this.#entries.size <= this.#entriesMax) return;
        for (const oldest of this.#entries.keys()) {
            this.#entries.delete(oldest);
            return;
        }
    }

    clear(): void {
        this.#entries.clear();
    }
}
