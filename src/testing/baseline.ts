import { type KeyValue, prefixEnd, type Store, type StoreOp } from '../store/store.ts';

const root = '/registry/';
/** Below what the store takes in one transaction, with room for the keys. */
const portionOpsMax = 2_000;
const portionBytesMax = 1024 * 1024;
const wholeRange = { key: root, end: prefixEnd(root) };

/**
 * The objects that a server goes back to, as the store has them. Going back is one transaction, or several for
 * thousands of objects: every watch is told of what it changes, and neither finalizers nor grace periods have a say.
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
        let restored = revision;
        for (const success of portions(operations))
            restored = (await this.#store.txn({ compares: [], success, failure: [] })).revision;
        return restored;
    }
}

/** In order, each within what one transaction may hold. */
function portions(operations: readonly StoreOp[]): StoreOp[][] {
    const portions: StoreOp[][] = [];
    let bytes = 0;
    for (const operation of operations) {
        const size = operation.type === 'put' ? operation.value.length : 0;
        const last = portions.at(-1);
        if (last === undefined || last.length === portionOpsMax || bytes + size > portionBytesMax) {
            portions.push([operation]);
            bytes = size;
        } else {
            last.push(operation);
            bytes += size;
        }
    }
    return portions;
}
