/**
 * The storage interface: etcd's data model (revisioned keys, guarded transactions, history, watch).
 * Implementations: the embedded LevelDB store (store/mvcc over store/log), later Raft and a real etcd.
 *
 * Revisions are one counter for the whole store: it grows by one with every transaction that changes
 * something. All keys that one transaction wrote carry the same modRevision.
 */
export interface Store {
    /** Revision of the newest applied transaction; 1 for a store nothing was ever written to. */
    readonly revision: number;
    /** History below this revision is gone; 0 when nothing was compacted. */
    readonly compactedRevision: number;

    /**
     * Atomically: evaluates `compares`; runs `success` when all hold, else `failure`. Resolves once the
     * outcome is durable (acknowledged means fsynced). Rejects with StoreError.
     */
    txn(request: TxnRequest): Promise<TxnResult>;

    /** Reads keys of [key, end) at one revision. */
    range(request: RangeRequest): Promise<RangeResult>;

    /**
     * A revision that is at least as new as every write acknowledged before the call: wait until the
     * local state has reached it and a read is linearizable. At once for a single member.
     */
    readIndex(): Promise<number>;

    /**
     * Delivers every event of [key, end) from `startRevision` on, in order, each exactly once; a
     * transaction's events come in one batch. Events after registration are delivered synchronously
     * when they are applied, before the writing `txn` resolves. Throws StoreError 'compacted'
     * when `startRevision` is below `compactedRevision` (watching at compactedRevision itself is fine).
     * `onError` is called, and nothing after it, when history cannot be read or the store closes.
     */
    watch(
        request: WatchRequest,
        onBatch: (batch: WatchBatch) => void,
        onError?: (error: StoreError) => void,
    ): StoreWatch;

    /** Forgets history below `revision`; the newest state of every key stays. */
    compact(revision: number): Promise<void>;

    /** Bytes on disk (an estimate), for metrics and quota. */
    sizeBytes(): Promise<number>;

    /** Flushes and closes. Nothing acknowledged is lost without it. */
    close(): Promise<void>;
}

export interface KeyValue {
    key: string;
    value: Buffer;
    createRevision: number;
    modRevision: number;
    /** Number of writes since the key was created; 1 for a fresh one. */
    version: number;
    /** Lease that the key is attached to; 0 for none. */
    lease: number;
}

/** A guard on one key. A key that does not exist has createRevision, modRevision, version and lease 0. */
export type Compare =
    | {
          key: string;
          target: 'modRevision' | 'createRevision' | 'version' | 'lease';
          result: CompareResult;
          value: number;
      }
    | { key: string; target: 'value'; result: CompareResult; value: Buffer };
export type CompareResult = 'equal' | 'notEqual' | 'greater' | 'less';

export type StoreOp =
    | {
          type: 'put';
          key: string;
          value: Buffer;
          lease?: number;
          /**
           * The object that `value` encodes, passed through to watchers on this member so that nobody
           * parses what was just serialised. Never stored.
           */
          decoded?: object;
      }
    | { type: 'delete'; key: string; end?: string }
    | ({ type: 'range' } & RangeRequest);

export interface TxnRequest {
    compares: readonly Compare[];
    success: readonly StoreOp[];
    failure: readonly StoreOp[];
    /**
     * 'relaxed' (Events) and 'renewal' (renew-only updates) may ride along with the next durable write, at
     * most `relaxedDelayMaxMs` and `renewalDelayMaxMs` later. Order is kept with respect to everything
     * else. Default 'fsync'.
     */
    durability?: 'fsync' | 'relaxed' | 'renewal';
}

export interface TxnResult {
    succeeded: boolean;
    /** The transaction's own revision when it wrote, else the store's current one. */
    revision: number;
    /** One response per operation of the branch that ran. */
    responses: OpResponse[];
}

export type OpResponse =
    | { type: 'put'; previous: KeyValue | undefined }
    | { type: 'delete'; deleted: KeyValue[] }
    | ({ type: 'range' } & RangeResult);

export interface RangeRequest {
    key: string;
    /** Exclusive end; absent for the single key. `prefixEnd(prefix)` for a prefix. */
    end?: string;
    /** 0 or absent: the newest. Rejects 'compacted' or 'futureRevision'. */
    revision?: number;
    /** 0 or absent: all. */
    limit?: number;
    keysOnly?: boolean;
    countOnly?: boolean;
}

export interface RangeResult {
    /** In key order. */
    kvs: KeyValue[];
    /** Number of keys in the range, whatever the limit. */
    count: number;
    /** The store's revision when it answered. */
    revision: number;
}

export interface WatchRequest {
    key: string;
    end?: string;
    /** First revision to deliver; 0 for "from the next write on". */
    startRevision: number;
    /** Also give the value before each event. */
    previous?: boolean;
}

export interface WatchBatch {
    revision: number;
    events: StoreEvent[];
}

export interface StoreEvent {
    type: 'put' | 'delete';
    /** For a delete: the key, an empty value and the deletion's revision as modRevision. */
    kv: KeyValue;
    previous?: KeyValue | undefined;
    /** As given to the put, when the write was made on this member since it started. */
    decoded?: object | undefined;
}

export interface StoreWatch {
    cancel(): void;
}

export type StoreErrorReason =
    | 'compacted'
    | 'futureRevision'
    | 'closed'
    | 'tooLarge'
    | 'noSpace'
    /** The disk answered with another error than "full": see the cause. */
    | 'io'
    | 'corrupt'
    | 'newerFormat'
    | 'locked'
    | 'timeout';

/** Everything that can be wrong with a store operation; a bug is an AssertionError instead. */
export class StoreError extends Error {
    override readonly name = 'StoreError';
    readonly reason: StoreErrorReason;
    constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}

/** The first key after all keys that start with `prefix` (keys are compared as UTF-8 bytes). */
export function prefixEnd(prefix: string): string {
    for (let i = prefix.length - 1; i >= 0; i--) {
        const code = prefix.charCodeAt(i);
        if (code < 0x7f) return prefix.slice(0, i) + String.fromCharCode(code + 1);
    }
    return '\uffff';
}
