/** Runs work of one key in order, and work of different keys at once. Forgets keys that are idle. */
export class PerKeyQueue {
    readonly #tails = new Map<string, Promise<unknown>>();

    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
        const before = this.#tails.get(key) ?? Promise.resolve();
        const result = before.then(work, work);
        this.#tails.set(key, result);
        try {
            return await result;
        } finally {
            if (this.#tails.get(key) === result) this.#tails.delete(key);
        }
    }
}
