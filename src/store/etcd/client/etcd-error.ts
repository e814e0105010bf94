import { StoreError, type StoreErrorReason } from '../../store.ts';
import { grpcCodes, GrpcError } from './grpc-error.ts';

/** etcd's texts, which are part of its API, and what they mean to a Store's caller. */
const reasons: readonly (readonly [text: string, reason: StoreErrorReason])[] = [
    ['mvcc: required revision has been compacted', 'compacted'],
    ['mvcc: required revision is a future revision', 'futureRevision'],
    ['requested lease not found', 'leaseNotFound'],
    ['lease already exists', 'leaseExists'],
    ['key not found', 'keyNotFound'],
    ['duplicate key given in txn request', 'duplicateKey'],
    ['too large lease TTL', 'tooLarge'],
    ['request is too large', 'tooLarge'],
    ['received message larger than max', 'tooLarge'],
    ['too many operations in txn request', 'tooLarge'],
    ['mvcc: database space exceeded', 'noSpace'],
    ['no leader', 'noLeader'],
    ['leader changed', 'leaderChanged'],
    ['corrupt cluster', 'corrupt'],
    ['request timed out', 'timeout'],
    ['too many requests', 'timeout'],
];

/** What a call to etcd failed of. What is no GrpcError comes back unchanged: it is a bug. */
export function toStoreError(error: unknown): unknown {
    if (!(error instanceof GrpcError)) return error;
    return new StoreError(reasonOf(error), `etcd: ${error.message}`, { cause: error });
}

function reasonOf({ code, message, isUnsent }: GrpcError): StoreErrorReason {
    for (const [text, reason] of reasons) if (message.includes(text)) return reason;
    // Whether a write was made is unknown, unless it was never sent.
    if (code === grpcCodes.unavailable) return isUnsent ? 'noLeader' : 'timeout';
    if (code === grpcCodes.deadlineExceeded || code === grpcCodes.cancelled) return 'timeout';
    return 'io';
}

/** True when the same request may succeed at another member, or a little later. */
export function isTransient(error: GrpcError): boolean {
    const { code, message } = error;
    return (
        code === grpcCodes.unavailable ||
        code === grpcCodes.deadlineExceeded ||
        message.includes('leader changed') ||
        message.includes('no leader')
    );
}
