/**
 * The storage interface: etcd's data model (revisioned keys, guarded transactions, history, watch, leases).
 * Implementations: the embedded LevelDB store (store/mvcc over store/log, alone or replicated by Raft), and a
 * real etcd (store/etcd/client).
 *
 * A key is a byte string: each char is one byte, 0 to 255, and keys are ordered as bytes are. ASCII text is its
 * own key; `keyOfText` makes one of other text (its UTF-8 bytes).
 *
 * Revisions are one counter for the whole store: it grows by one with every transaction that changes
 * something. All keys that one transaction wrote carry the same modRevision.
 */
export interface Store {
    /**
     * Revision of the newest applied transaction; 1 for a store nothing was ever written to.
     *
     * Everything up to it has been delivered to every watch that is not still reading history, except
     * inside the synchronous turn that delivers it; a watch that cannot be told of something (a snapshot
     * replaced the state) gets `onError` first. So who follows the store by one live watch is current as of
     * `revision`, also when the newest transactions were of other keys. A store whose watches are fed from
     * afar raises it only to what they have been told, and catches up in `readIndex`.
     */
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

    /**
     * Forgets history below `revision`; the newest state of every key stays. Rejects 'futureRevision', and
     * 'compacted' when history begins there or later already.
     */
    compact(revision: number): Promise<void>;

    readonly leases: Leases;

    /**
     * The key's value is stored in a form that is no longer written (in clear, with an older key): writing the
     * same anew is no waste. Absent in a store that has but one form.
     */
    isStale?(key: string): Promise<boolean>;

    /** Bytes on disk (an estimate), for metrics and quota. */
    sizeBytes(): Promise<number>;

    /** Gives the space of what was deleted back to the file system; slow, others go on meanwhile. */
    defragment(): Promise<void>;

    /** A checksum of all versions up to `revision` (0: the newest) that compaction left; equal on all members. */
    hashKv(revision: number): Promise<{ hash: number; revision: number; compactRevision: number }>;

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
    /** Why the value cannot be read, where a layer above the store decrypts: `value` is as it is stored then. */
    unreadable?: Error;
}

/** Keys with a time to live. Identifiers are positive and below 2^53. */
export interface Leases {
    /** `id` 0: choose one. Rejects 'leaseExists'. The TTL is in seconds; the store may raise a short one. */
    grant(request: { id: number; ttlSeconds: number }): Promise<{ id: number; ttlSeconds: number }>;
    /** Deletes the lease and, in one revision, every key attached to it. Rejects 'leaseNotFound'. */
    revoke(id: number): Promise<{ revision: number }>;
    /** Starts the TTL anew, without a disk write. Resolves with the TTL; rejects 'leaseNotFound'. */
    keepAlive(id: number): Promise<number>;
    /** `ttlSeconds` is what remains, -1 when there is no such lease. */
    timeToLive(
        id: number,
        options: { keys: boolean },
    ): Promise<{ ttlSeconds: number; grantedTtlSeconds: number; keys: string[] }>;
    list(): Promise<number[]>;
}

/** A guard on one key, or, with `end`, on every key of [key, end). A key that does not exist has createRevision, modRevision, version and lease 0. */
export type Compare =
    | {
          key: string;
          end?: string;
          target: 'modRevision' | 'createRevision' | 'version' | 'lease';
          result: CompareResult;
          value: number;
      }
    | { key: string; end?: string; target: 'value'; result: CompareResult; value: Buffer };
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
          /** Keep the value, or the lease, that the key has; rejects 'keyNotFound' when there is no key. */
          ignoreValue?: boolean;
          ignoreLease?: boolean;
          /** The answer need not have the value before, which is empty then: saves reading it. */
          withoutPrevious?: boolean;
      }
    | { type: 'delete'; key: string; end?: string; withoutPrevious?: boolean }
    | ({ type: 'range' } & RangeRequest)
    /** A transaction inside the transaction, with guards of its own. */
    | { type: 'txn'; compares: readonly Compare[]; success: readonly StoreOp[]; failure: readonly StoreOp[] };

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
    | ({ type: 'range' } & RangeResult)
    | { type: 'txn'; succeeded: boolean; responses: OpResponse[] };

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
    /** Default: by key, ascending. Sorting by anything else reads the whole range. */
    sort?: { by: 'key' | 'version' | 'createRevision' | 'modRevision' | 'value'; descending: boolean };
    /** Inclusive bounds; 0 or absent for none. They do not affect `count`, as in etcd. */
    modRevisionMin?: number;
    modRevisionMax?: number;
    createRevisionMin?: number;
    createRevisionMax?: number;
}

export interface RangeResult {
    /** In key order, unless another was asked for. */
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
    /** Leave out the puts, or the deletions. */
    noPut?: boolean;
    noDelete?: boolean;
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
    /** The watcher has been told of everything up to here, whether or not it was of its keys. */
    readonly revision: number;
    /**
     * `listener` is called after `revision` has grown, in the same turn and after the events up to there; not any
     * more once the watch has ended. It must not throw. Gives the function that takes it back.
     */
    onProgress(listener: () => void): () => void;
    cancel(): void;
}

export type StoreErrorReason =
    | 'compacted'
    | 'futureRevision'
    | 'leaseNotFound'
    | 'leaseExists'
    | 'keyNotFound'
    /** A transaction that writes a key twice. */
    | 'duplicateKey'
    | 'closed'
    | 'tooLarge'
    | 'noSpace'
    /** The disk answered with another error than "full": see the cause. */
    | 'io'
    | 'corrupt'
    | 'newerFormat'
    | 'locked'
    /** Too much is waiting, or no answer came in time; whether a write was made may be unknown. */
    | 'timeout'
    /** There is no leader; nothing was written. */
    | 'noLeader'
    /** The leader changed while the request was under way; whether a write was made is unknown. */
    | 'leaderChanged';

/** Everything that can be wrong with a store operation; a bug is an AssertionError instead. */
export class StoreError extends Error {
    override readonly name = 'StoreError';
    readonly reason: StoreErrorReason;
    constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
        super(message, options);
        this.reason = reason;
    }
}

/** The key that is the UTF-8 bytes of `text`. */
export function keyOfText(text: string): string {
    return Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text whose UTF-8 bytes `key` is. */
export function textOfKey(key: string): string {
    return Buffer.from(key, 'latin1').toString('utf8');
}

/** The first key after all keys that start with `prefix`; `keyMax` when there is none. */
export function prefixEnd(prefix: string): string {
    for (let i = prefix.length - 1; i >= 0; i--) {
        const byte = prefix.charCodeAt(i);
        if (byte < 0xff) return prefix.slice(0, i) + String.fromCharCode(byte + 1);
    }
    return keyMax;
}

/** Greater than every key, as the end of a range. */
export const keyMax = '\uffff';
