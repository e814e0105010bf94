import { describe, expect, it } from '@jest/globals';
import { FaultDisk } from '../disk/fault-disk.ts';
import { openMemoryDisk } from '../disk/open-disk.ts';
import { collect } from '../store-conformance.ts';
import type { Store, StoreOp } from '../store.ts';
import { openStoreOn } from './open-store.ts';

/** The store as a table of every state it ever had. */
class Model {
    readonly states = new Map<number, Map<string, string>>();
    #state = new Map<string, string>();

    apply(revision: number, ops: readonly StoreOp[]): void {
        this.#state = new Map(this.#state);
        for (const op of ops) {
            if (op.type === 'put') this.#state.set(op.key, op.value.toString());
            else if (op.type === 'delete') this.#state.delete(op.key);
        }
        this.states.set(revision, this.#state);
    }
}

describe('the store against a model', () => {
    it.each([1, 2, 3])('answers every readable revision as the model does, seed %i', async (initialSeed) => {
        let seed = initialSeed * 7_919;
        const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
        const disk = new FaultDisk(await openMemoryDisk());
        let store: Store = await openStoreOn(disk, {});
        const model = new Model();
        for (let step = 0; step < 300; step++) {
            const action = random(100);
            if (action < 90) await write(store, model, random);
            else if (action < 94) await store.compact(store.revision - random(5)).catch(ignoreFuture);
            else if (action < 97) store = await restart(store, disk, true);
            else store = await restart(store, disk, false);
            if (step % 10 === 0) await compareAll(store, model);
        }
        await compareAll(store, model);
        await compareReplay(store, model);
        await store.close();
    });
});

type Random = (below: number) => number;

async function write(store: Store, model: Model, random: Random): Promise<void> {
    const keys = new Set(Array.from({ length: 1 + random(3) }, () => `/k/${random(12)}`));
    const group = [...keys].map((key): StoreOp =>
        random(3) === 0
            ? { type: 'delete', key }
            : { type: 'put', key, value: Buffer.from(String(random(1_000_000))) },
    );
    const before = store.revision;
    const { revision } = await store.txn({ compares: [], success: group, failure: [] });
    if (revision > before) model.apply(revision, group);
}

/** A new process on the same disk; the old one was closed in order, or is just left behind. */
async function restart(store: Store, disk: FaultDisk, orderly: boolean): Promise<Store> {
    if (orderly) await store.close();
    return await openStoreOn(disk, {});
}

async function compareAll(store: Store, model: Model): Promise<void> {
    for (const [revision, state] of model.states) {
        if (revision < store.compactedRevision || revision > store.revision) continue;
        const { kvs } = await store.range({ key: '/', end: '0', revision });
        const stored = kvs.map(({ key, value }): [string, string] => [key, value.toString()]);
        expect(stored).toEqual([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
    }
}

async function compareReplay(store: Store, model: Model): Promise<void> {
    const start = Math.max(store.compactedRevision, 1);
    const revisions = [...model.states.keys()].filter((revision) => revision >= start);
    const state = new Map(model.states.get(revisions[0] ?? 0));
    const seen = collect(store, '/', '0', { startRevision: (revisions[0] ?? 0) + 1 });
    await seen.until(revisions.length - 1);
    for (const { revision, events } of seen.batches) {
        for (const { type, kv } of events) {
            if (type === 'put') state.set(kv.key, kv.value.toString());
            else state.delete(kv.key);
        }
        expect(new Map(state)).toEqual(model.states.get(revision));
    }
}

function ignoreFuture(): void {
    // Below zero or already compacted: nothing to compare.
}
