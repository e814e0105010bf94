import { type KeyValue, prefixEnd, type Store, type StoreOp } from '../store/store.ts';

const root = '/registry/';
const wholeRange = { key: root, end: prefixEnd(root) };

/**
 * The objects that a server goes back to, as the store has them. Going back is one transaction: every watch is told
 * of what it changes, and neither finalizers nor grace periods have a say.
 */
export class Baseline {
    readonly #store: Store;
    #kvs = new Map<string, KeyValue>();

    private constructor(store: Store) {
        this.#store = store;
    }

    static async of(store: Store): Promise<Baseline> {
        const baseline = new Baseline(store);
        const { kvs } = await store.range(wholeRange);
        baseline.#kvs = new Map(kvs.map((kv) => [kv.key, kv]));
        return baseline;
    }

    /** Takes in what these keys hold now. */
    async include(keys: readonly string[]): Promise<void> {
        for (const key of keys) {
            const { kvs } = await this.#store.range({ key });
            for (const kv of kvs) this.#kvs.set(key, kv);
        }
    }

    /** Resolves with the store's revision when everything is as it was. */
    async restore(): Promise<number> {
        const { kvs, revision } = await this.#store.range(wholeRange);
        const operations: StoreOp[] = [];
        const present = new Map(kvs.map((kv) => [kv.key, kv]));
        for (const key of present.keys())
            if (!this.#kvs.has(key)) operations.push({ type: 'delete', key, withoutPrevious: true });
        for (const [key, { value, modRevision }] of this.#kvs) {
            const found = present.get(key);
            if (found?.modRevision === modRevision || found?.value.equals(value)) continue;
            operations.push({ type: 'put', key, value, withoutPrevious: true });
        }
        if (operations.length === 0) return revision;
        const done = await this.#store.txn({ compares: [], success: operations, failure: [] });
        return done.revision;
    }
}
