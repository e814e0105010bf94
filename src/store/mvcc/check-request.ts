import { assert } from '../../util/assert.ts';
import { StoreError, type StoreOp, type TxnRequest } from '../store.ts';
import { duplicateKey } from './evaluate.ts';
import { covers, type Covered } from './watcher-index.ts';

/** Keys and values of one transaction, etcd's limit. */
export const txnBytesMax = 1.5 * 1024 * 1024;
/** Operations and compares of one transaction, those of transactions inside included. */
export const txnOpsMax = 4_096;
/** Transactions inside transactions inside …; the outermost one is the first. */
export const txnDepthMax = 16;
const opBytes = 64;

type Guarded = Pick<TxnRequest, 'compares' | 'success' | 'failure'>;

/** The request's size, for the queue. Throws 'tooLarge' and 'duplicateKey'. */
export function checkRequest(request: TxnRequest): number {
    const size = { ops: 0, bytes: 0 };
    measure(request, size, 1);
    if (size.ops > txnOpsMax) {
        throw new StoreError(
            'tooLarge',
            `too many operations in a transaction: ${size.ops}, at most ${txnOpsMax}`,
        );
    }
    if (size.bytes > txnBytesMax) {
        throw new StoreError('tooLarge', `request is too large: ${size.bytes} bytes, at most ${txnBytesMax}`);
    }
    checkDuplicates(request.success);
    checkDuplicates(request.failure);
    return size.bytes;
}

function measure(request: Guarded, size: { ops: number; bytes: number }, depth: number): void {
    const { compares, success, failure } = request;
    if (depth > txnDepthMax) {
        throw new StoreError('tooLarge', `transactions inside transactions, more than ${txnDepthMax} deep`);
    }
    size.ops += compares.length + success.length + failure.length;
    for (const compare of compares) {
        size.bytes += opBytes + compare.key.length + (compare.end?.length ?? 0);
        if (compare.target === 'value') size.bytes += compare.value.length;
    }
    for (const ops of [success, failure]) {
        for (const op of ops) {
            size.bytes += opBytes;
            if (op.type === 'txn') {
                measure(op, size, depth + 1);
                continue;
            }
            assert(op.key.length > 0, 'a store operation without key', { type: op.type });
            size.bytes += op.key.length + (op.type === 'put' ? op.value.length : (op.end?.length ?? 0));
        }
    }
}

/** What one branch may write. */
interface Written {
    puts: Set<string>;
    deleted: Covered[];
}

/**
 * Refuses, as etcd does, a branch that may put a key twice, or put one that it may also delete; the two branches
 * of a transaction inside exclude each other. Deleting twice is fine. Throws 'duplicateKey'.
 */
function checkDuplicates(ops: readonly StoreOp[]): void {
    const [first] = ops;
    if (ops.length === 1 && first?.type !== 'txn') return;
    writtenBy(ops);
}

function writtenBy(ops: readonly StoreOp[]): Written {
    const written: Written = { puts: new Set(), deleted: [] };
    for (const op of ops) if (op.type === 'delete') written.deleted.push({ key: op.key, end: op.end });
    for (const op of ops) {
        if (op.type !== 'txn') continue;
        const success = writtenBy(op.success);
        const failure = writtenBy(op.failure);
        const before = new Set(written.puts);
        for (const branch of [success, failure]) {
            for (const key of branch.puts) {
                if (before.has(key) || isDeleted(written, key)) throw duplicateKey(key);
                written.puts.add(key);
            }
        }
        written.deleted.push(...success.deleted, ...failure.deleted);
    }
    for (const op of ops) {
        if (op.type !== 'put') continue;
        if (written.puts.has(op.key) || isDeleted(written, op.key)) throw duplicateKey(op.key);
        written.puts.add(op.key);
    }
    return written;
}

function isDeleted({ deleted }: Written, key: string): boolean {
    return deleted.some((range) => covers(range, key));
}
