/** A map of buffers whose bytes together have a bound: the least recently used one goes first. */
export class ByteBoundedMap<V extends { gzip: Buffer }> {
    readonly #entries = new Map<string, V>();
    readonly #bytesMax: number;
    #bytes = 0;

    constructor(bytesMax: number) {
        this.#bytesMax = bytesMax;
    }

    get(key: string): V | undefined {
        const value = this.#entries.get(key);
        if (value === undefined) return undefined;
        this.#entries.delete(key);
        this.#entries.set(key, value);
        return value;
    }

    set(key: string, value: V): void {
        this.delete(key);
        this.#entries.set(key, value);
        this.#bytes += value.gzip.length;
        for (const oldest of this.#entries.keys()) {
            if (this.#bytes <= this.#bytesMax) return;
            this.delete(oldest);
        }
    }

    delete(key: string): void {
        const value = this.#entries.get(key);
        if (value === undefined) return;
        this.#bytes -= value.gzip.length;
        this.#entries.delete(key);
    }

    keys(): string[] {
        return [...this.#entries.keys()];
    }
}
