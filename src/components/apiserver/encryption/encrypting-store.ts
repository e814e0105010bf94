import {
    StoreError,
    type KeyValue,
    type Leases,
    type OpResponse,
    type RangeRequest,
    type RangeResult,
    type Store,
    type StoreEvent,
    type StoreOp,
    type StoreWatch,
    type TxnRequest,
    type TxnResult,
    type WatchBatch,
    type WatchRequest,
} from '../../../store/store.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { TransformationMetrics } from '../metrics/transformation-metrics.ts';
import { identity } from './identity.ts';
import type { ResourceTransformers } from './resource-transformers.ts';
import type { StoredResources } from './stored-resources.ts';
import { TransformError, type TransformReport, type ValueTransformer } from './transformer.ts';

/** Keys that are looked at are few prefixes; custom resources add some. */
const rulesMax = 4096;
/** Objects are JSON: "{". */
const objectStart = 0x7b;

/** How values of one resource are stored, and where that is counted. */
interface Rule {
    transformer: ValueTransformer;
    report: TransformReport;
}

export interface EncryptingStoreOptions {
    store: Store;
    transformers: ResourceTransformers;
    resources: StoredResources;
    /** The key as it is in the store, which values are bound to; differs where etcd is used under a prefix. */
    keyInStore?: (key: string) => string;
}

/**
 * A store that holds ciphertext and is read in clear. What its user writes is transformed on the way in, what it
 * reads and watches on the way out; values of resources without a rule pass as they are.
 *
 * Invariants: a value that cannot be read is handed out as it is stored, marked with the reason, and is no error of
 * the whole operation; an event of what this member wrote itself (`decoded`) is not decrypted, its `value` is
 * ciphertext. Compares by value are of what is stored.
 */
export class EncryptingStore implements Store {
    readonly #store: Store;
    readonly #resources: StoredResources;
    readonly #keyInStore: (key: string) => string;
    readonly #watches = new Set<(error: StoreError) => void>();
    /** By prefix of keys; null for no rule. */
    readonly #rules = new Map<string, Rule | null>();
    readonly #metrics = new TransformationMetrics();
    #transformers: ResourceTransformers;
    #hasUnreadable = false;

    constructor({ store, transformers, resources, keyInStore = (key) => key }: EncryptingStoreOptions) {
        this.#store = store;
        this.#transformers = transformers;
        this.#resources = resources;
        this.#keyInStore = keyInStore;
    }

    /**
     * Writes and reads with these from now on. Where something could not be read so far, watches end with an error:
     * who follows the store reads it anew.
     */
    setTransformers(transformers: ResourceTransformers): void {
        this.#transformers = transformers;
        this.#rules.clear();
        if (!this.#hasUnreadable) return;
        this.#hasUnreadable = false;
        for (const end of [...this.#watches]) {
            end(new StoreError('compacted', 'values can be read that could not be read before'));
        }
    }

    get transformers(): ResourceTransformers {
        return this.#transformers;
    }

    get revision(): number {
        return this.#store.revision;
    }

    get compactedRevision(): number {
        return this.#store.compactedRevision;
    }

    get leases(): Leases {
        return this.#store.leases;
    }

    async txn(request: TxnRequest): Promise<TxnResult> {
        const result = await this.#store.txn({
            ...request,
            success: this.#encryptOps(request.success),
            failure: this.#encryptOps(request.failure),
        });
        for (const response of result.responses) this.#decryptResponse(response);
        return result;
    }

    async range(request: RangeRequest): Promise<RangeResult> {
        const result = await this.#store.range(request);
        return { ...result, kvs: this.#decryptAll(result.kvs) };
    }

    async readIndex(): Promise<number> {
        return await this.#store.readIndex();
    }

    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError?: (error: StoreError) => void,
    ): StoreWatch {
        const end = (error: StoreError): void => {
            if (!this.#watches.delete(end)) return;
            watch.cancel();
            onError?.(error);
        };
        this.#watches.add(end);
        let watch: StoreWatch;
        try {
            watch = this.#store.watch(
                request,
                ({ revision, events }) => {
                    onBatch({ revision, events: this.#decryptEvents(events) });
                },
                (error) => {
                    this.#watches.delete(end);
                    onError?.(error);
                },
            );
        } catch (error) {
            this.#watches.delete(end);
            throw error;
        }
        return {
            get revision() {
                return watch.revision;
            },
            onProgress: (listener) => watch.onProgress(listener),
            cancel: () => {
                this.#watches.delete(end);
                watch.cancel();
            },
        };
    }

    async isStale(key: string): Promise<boolean> {
        const rule = this.#ruleOf(key);
        if (rule === undefined) return false;
        const { kvs } = await this.#store.range({ key });
        const [kv] = kvs;
        if (kv === undefined) return false;
        try {
            return rule.transformer.fromStorage(kv.value, this.#contextOf(key), rule.report).isStale;
        } catch (error) {
            if (error instanceof TransformError) return false;
            throw error;
        }
    }

    async compact(revision: number): Promise<void> {
        await this.#store.compact(revision);
    }

    async sizeBytes(): Promise<number> {
        return await this.#store.sizeBytes();
    }

    async defragment(): Promise<void> {
        await this.#store.defragment();
    }

    async hashKv(revision: number): ReturnType<Store['hashKv']> {
        return await this.#store.hashKv(revision);
    }

    async close(): Promise<void> {
        await this.#store.close();
    }

    /** What was transformed, by resource and form. */
    metrics(): Metric[] {
        return this.#metrics.metrics();
    }

    #ruleOf(key: string): Rule | undefined {
        const prefix = this.#resources.prefixOf(key);
        if (prefix === undefined) return undefined;
        let rule = this.#rules.get(prefix);
        if (rule === undefined) {
            const { group, resource } = this.#resources.resourceOf(prefix);
            const transformer = this.#transformers.of({ group, resource });
            const report = this.#metrics.reportOf(group === '' ? resource : `${resource}.${group}`);
            rule = transformer === undefined ? null : { transformer, report };
            if (this.#rules.size < rulesMax) this.#rules.set(prefix, rule);
        }
        return rule ?? undefined;
    }

    #contextOf(key: string): Buffer {
        return Buffer.from(this.#keyInStore(key), 'latin1');
    }

    #encryptOps(ops: readonly StoreOp[]): StoreOp[] {
        return ops.map((op) => {
            switch (op.type) {
                case 'put': {
                    const rule = op.ignoreValue === true ? undefined : this.#ruleOf(op.key);
                    if (rule === undefined) return op;
                    const { transformer, report } = rule;
                    return { ...op, value: transformer.toStorage(op.value, this.#contextOf(op.key), report) };
                }
                case 'txn':
                    return {
                        ...op,
                        success: this.#encryptOps(op.success),
                        failure: this.#encryptOps(op.failure),
                    };
                case 'delete':
                case 'range':
                    return op;
            }
        });
    }

    #decryptResponse(response: OpResponse): void {
        switch (response.type) {
            case 'put':
                if (response.previous !== undefined) response.previous = this.#decrypt(response.previous);
                break;
            case 'delete':
                response.deleted = this.#decryptAll(response.deleted);
                break;
            case 'range':
                response.kvs = this.#decryptAll(response.kvs);
                break;
            case 'txn':
                for (const inner of response.responses) this.#decryptResponse(inner);
        }
    }

    #decryptAll(kvs: readonly KeyValue[]): KeyValue[] {
        return kvs.map((kv) => this.#decrypt(kv));
    }

    #decryptEvents(events: StoreEvent[]): StoreEvent[] {
        return events.map((event) => {
            const kv = event.decoded === undefined ? this.#decrypt(event.kv) : event.kv;
            const previous = event.previous && this.#decrypt(event.previous);
            return kv === event.kv && previous === event.previous ? event : { ...event, kv, previous };
        });
    }

    /** The same object where there is nothing to do. */
    #decrypt(kv: KeyValue): KeyValue {
        // Without a value: deletions, and ranges of keys alone.
        if (kv.value.length === 0) return kv;
        const rule = this.#ruleOf(kv.key);
        if (rule === undefined && kv.value[0] === objectStart) return kv;
        if (rule === undefined && this.#resources.prefixOf(kv.key) === undefined) return kv;
        try {
            const transformer = rule?.transformer ?? identity;
            const { bytes } = transformer.fromStorage(kv.value, this.#contextOf(kv.key), rule?.report);
            if (bytes[0] !== objectStart) {
                throw new TransformError('the stored data is not an object in JSON');
            }
            return bytes === kv.value ? kv : { ...kv, value: bytes };
        } catch (error) {
            if (!(error instanceof TransformError)) throw error;
            this.#hasUnreadable = true;
            return { ...kv, unreadable: error };
        }
    }
}
