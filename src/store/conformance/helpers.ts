import { expect } from '@jest/globals';
import {
    StoreError,
    type KeyValue,
    type Store,
    type StoreOp,
    type StoreWatch,
    type TxnResult,
    type WatchBatch,
    type WatchRequest,
} from '../store.ts';

/** What an implementation may do and another may not. */
export interface ConformanceCapabilities {
    /**
     * Watches are fed by the process that writes: a watch has been told of a write before that resolves, and
     * gets the object that was given with it.
     */
    localWatches: boolean;
    /** A transaction's events come in the order of their keys; otherwise in that of its operations. */
    eventsInKeyOrder: boolean;
    /** Watching from the compacted revision also delivers what was deleted at it. */
    keepsDeletionAtCompaction: boolean;
}

export const embeddedCapabilities: ConformanceCapabilities = {
    localWatches: true,
    eventsInKeyOrder: true,
    keepsDeletionAtCompaction: true,
};

/** The store of the running test. */
export type Given = () => Store;

export function ignore(): void {
    // Nothing to do with it.
}

export function bytes(text: string): Buffer {
    return Buffer.from(text);
}

export function kv(
    key: string,
    value: string,
    { create, mod, version, lease = 0 }: { create: number; mod: number; version: number; lease?: number },
): KeyValue {
    return { key, value: bytes(value), createRevision: create, modRevision: mod, version, lease };
}

export async function run(store: Store, success: StoreOp[]): Promise<TxnResult> {
    return await store.txn({ compares: [], success, failure: [] });
}

export async function put(store: Store, key: string, value: string, lease?: number): Promise<TxnResult> {
    const op: StoreOp = { type: 'put', key, value: bytes(value) };
    return await run(store, [lease === undefined ? op : { ...op, lease }]);
}

export async function putRelaxed(store: Store, key: string, value: string): Promise<TxnResult> {
    const success: StoreOp[] = [{ type: 'put', key, value: bytes(value) }];
    return await store.txn({ compares: [], success, failure: [], durability: 'relaxed' });
}

export async function get(store: Store, key: string): Promise<KeyValue | undefined> {
    return (await store.range({ key })).kvs[0];
}

export function guard(key: string, modRevision: number) {
    return { key, target: 'modRevision', result: 'equal', value: modRevision } as const;
}

export async function create(store: Store, key: string, value: string): Promise<TxnResult> {
    return await store.txn({
        compares: [guard(key, 0)],
        success: [{ type: 'put', key, value: bytes(value) }],
        failure: [{ type: 'range', key }],
    });
}

export async function rejectsWith(promise: Promise<unknown>, reason: StoreError['reason']): Promise<void> {
    const error = await promise.then(
        (value: unknown) => value,
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ reason });
}

export interface Collected {
    batches: WatchBatch[];
    watch: StoreWatch;
    keys(): string[];
    values(): string[];
    /** Resolves when this many batches have come. */
    until(count: number): Promise<void>;
}

/** A watch that keeps what it is told. */
export function collect(
    store: Store,
    key: string,
    end?: string,
    options: Partial<WatchRequest> = {},
): Collected {
    const batches: WatchBatch[] = [];
    let wake = ignore;
    const watch = store.watch(
        { key, startRevision: 0, ...options, ...(end === undefined ? {} : { end }) },
        (batch) => {
            batches.push(batch);
            wake();
        },
    );
    const events = (): KeyValue[] => batches.flatMap((batch) => batch.events.map((event) => event.kv));
    return {
        batches,
        watch,
        keys: () => events().map((event) => event.key),
        values: () => events().map(({ value }) => value.toString()),
        until: async (count) => {
            while (batches.length < count) {
                await new Promise<void>((resolve) => {
                    wake = resolve;
                });
            }
        },
    };
}
