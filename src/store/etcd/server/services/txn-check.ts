import type { Decoded } from '../../proto/message.ts';
import type { putRequest, RequestOp, TxnRequest } from '../../proto/messages.ts';
import { etcdError } from '../errors.ts';
import { checkRange, endOf } from './ranges.ts';

/** etcd's --max-txn-ops. */
export const txnOpsMax = 128;

export function checkPut({ key, value, lease, ...ignore }: Decoded<typeof putRequest>): void {
    if (key === '') throw etcdError('emptyKey');
    if (ignore.ignoreValue && value.length > 0) throw etcdError('valueProvided');
    if (ignore.ignoreLease && lease !== 0) throw etcdError('leaseProvided');
}

export function checkDelete({ key }: { key: string }): void {
    if (key === '') throw etcdError('emptyKey');
}

/** Refuses what etcd refuses before it runs a transaction. */
export function checkTxn(txn: TxnRequest): void {
    checkOps(txn, txnOpsMax);
    keysOf(txn.success);
    keysOf(txn.failure);
}

function checkOps({ compare, success, failure }: TxnRequest, opsMax: number): void {
    const ops = Math.max(compare.length, success.length, failure.length);
    if (ops > opsMax) throw etcdError('tooManyOps');
    for (const { key } of compare) if (key === '') throw etcdError('emptyKey');
    for (const op of [...success, ...failure]) checkOp(op, opsMax - ops);
}

function checkOp(op: RequestOp, opsMax: number): void {
    if (op.range !== undefined) checkRange(op.range);
    else if (op.put !== undefined) checkPut(op.put);
    else if (op.deleteRange !== undefined) checkDelete(op.deleteRange);
    else if (op.txn !== undefined) checkOps(op.txn, opsMax);
    // etcd has no text of its own for an operation that is none.
    else throw etcdError('keyNotFound');
}

interface Written {
    puts: Set<string>;
    deletes: { key: string; end: string }[];
}

/**
 * The keys that one branch writes. Throws when a key would be written twice: put twice, or put and deleted.
 * The two branches of a transaction inside it exclude each other, and may write the same.
 */
function keysOf(ops: readonly RequestOp[]): Written {
    const puts = new Set<string>();
    const deletes = ops.flatMap(({ deleteRange }) =>
        deleteRange === undefined ? [] : [spanOf(deleteRange)],
    );
    const put = (key: string, alsoIn?: ReadonlySet<string>): void => {
        if (puts.has(key) && alsoIn?.has(key) !== true) throw etcdError('duplicateKey');
        if (deletes.some((span) => span.key <= key && key < span.end)) throw etcdError('duplicateKey');
        puts.add(key);
    };
    for (const { txn } of ops) {
        if (txn === undefined) continue;
        const success = keysOf(txn.success);
        const failure = keysOf(txn.failure);
        for (const key of success.puts) put(key);
        for (const key of failure.puts) put(key, success.puts);
        deletes.push(...success.deletes, ...failure.deletes);
    }
    for (const op of ops) if (op.put !== undefined) put(op.put.key);
    return { puts, deletes };
}

function spanOf({ key, rangeEnd }: { key: string; rangeEnd: string }): { key: string; end: string } {
    return { key, end: endOf(rangeEnd).end ?? `${key}\0` };
}
