import { assert, unreachable } from '../../util/assert.ts';
import {
    StoreError,
    type Compare,
    type KeyValue,
    type OpResponse,
    type RangeRequest,
    type StoreOp,
    type TxnRequest,
    type TxnResult,
} from '../store.ts';
import type { StagedTxn, StagedWrite, Undo } from './history.ts';
import type { KeyEntry } from './key-index.ts';
import { compareKeys } from './key-order.ts';
import { leaseNotFound } from './lease-table.ts';
import type { MvccState } from './mvcc-state.ts';

const noValue = Buffer.alloc(0);

/** A transaction whose outcome is decided, but for values that are still to be read. */
export interface EvaluatedTxn {
    result: TxnResult;
    /** Undefined when the transaction writes nothing. */
    txn: StagedTxn | undefined;
    undo: Undo[];
    /** Key values in `result` to be loaded from disk. */
    toLoad: KeyValue[];
    /** What to do with `result` when they are there. */
    finish: (() => void)[];
}

/**
 * Evaluates one transaction against the newest state, `history.head`, and stages what it writes. When it
 * throws, everything it staged is taken back.
 *
 * As in etcd, all guards, also those of transactions inside, and all conditions of operations (leases and keys
 * that must exist, revisions that can be read) see the state before the transaction; operations see what
 * those before them wrote.
 */
export function evaluate(request: TxnRequest, state: MvccState): EvaluatedTxn {
    const branch = choose(request, state);
    check(branch, state);
    return stage(state, (evaluation) => ({
        succeeded: branch.succeeded,
        responses: evaluation.runBranch(branch),
    }));
}

/** Deletes `keys` in one transaction. */
export function evaluateDeletion(keys: readonly string[], state: MvccState): EvaluatedTxn {
    return stage(state, (evaluation) => ({
        succeeded: true,
        responses: keys.map((key) => evaluation.run({ type: 'delete', key, withoutPrevious: true })),
    }));
}

/** Which operations run: all guards are decided. */
interface Branch {
    succeeded: boolean;
    ops: readonly StoreOp[];
    /** Of the transactions among `ops`, in their order. */
    nested: Branch[];
}
type Guarded = Pick<TxnRequest, 'compares' | 'success' | 'failure'>;

function choose(request: Guarded, state: MvccState): Branch {
    const succeeded = request.compares.every((compare) => holds(compare, state));
    const ops = succeeded ? request.success : request.failure;
    const nested: Branch[] = [];
    for (const op of ops) if (op.type === 'txn') nested.push(choose(op, state));
    return { succeeded, ops, nested };
}

function check({ ops, nested }: Branch, state: MvccState): void {
    for (const op of ops) {
        if (op.type === 'put') checkPut(op, state);
        else if (op.type === 'range') {
            const { head, compactedHead } = state.history;
            state.reader.checkRevision(op.revision ?? 0, { newest: head, compacted: compactedHead });
        }
    }
    for (const branch of nested) check(branch, state);
}

function checkPut(op: Extract<StoreOp, { type: 'put' }>, { history, leases }: MvccState): void {
    if (op.ignoreValue === true || op.ignoreLease === true) {
        const entry = history.index.get(op.key);
        if (entry === undefined || entry.version === 0) {
            throw new StoreError('keyNotFound', `there is no key ${JSON.stringify(op.key)}`);
        }
    }
    const lease = op.lease ?? 0;
    if (lease !== 0 && op.ignoreLease !== true && leases.staged(lease) === undefined) {
        throw leaseNotFound(lease);
    }
}

function stage(
    state: MvccState,
    run: (evaluation: Evaluation) => { succeeded: boolean; responses: OpResponse[] },
): EvaluatedTxn {
    const evaluation = new Evaluation(state);
    try {
        return evaluation.finish(run(evaluation));
    } catch (error) {
        evaluation.takeBack();
        throw error;
    }
}

class Evaluation {
    readonly #state: MvccState;
    readonly #revision: number;
    readonly #writes: StagedWrite[] = [];
    readonly #undo: Undo[] = [];
    readonly #toLoad: KeyValue[] = [];
    readonly #finish: (() => void)[] = [];
    /** Their revision is known at the end. */
    readonly #ranges: { revision: number }[] = [];

    constructor(state: MvccState) {
        this.#state = state;
        this.#revision = state.history.head + 1;
        // Reads inside the transaction see what it wrote before.
        state.history.head = this.#revision;
    }

    runBranch({ ops, nested }: Branch): OpResponse[] {
        let next = 0;
        return ops.map((op) => {
            if (op.type !== 'txn') return this.run(op);
            const branch = nested[next++];
            assert(branch !== undefined, 'a branch for every inner transaction');
            return { type: 'txn', succeeded: branch.succeeded, responses: this.runBranch(branch) };
        });
    }

    run(op: Exclude<StoreOp, { type: 'txn' }>): OpResponse {
        switch (op.type) {
            case 'put':
                return this.#put(op);
            case 'delete':
                return this.#delete(op);
            case 'range':
                return this.#range(op);
            default:
                return unreachable(op);
        }
    }

    finish(result: { succeeded: boolean; responses: OpResponse[] }): EvaluatedTxn {
        const { history } = this.#state;
        const wrote = this.#writes.length > 0;
        if (!wrote) history.head = this.#revision - 1;
        const revision = history.head;
        for (const range of this.#ranges) range.revision = revision;
        if (this.#writes.length > 1) this.#writes.sort((a, b) => compareKeys(a.key, b.key));
        return {
            result: { succeeded: result.succeeded, revision, responses: result.responses },
            txn: wrote ? { revision, writes: this.#writes } : undefined,
            undo: this.#undo,
            toLoad: this.#toLoad,
            finish: this.#finish,
        };
    }

    takeBack(): void {
        const { history } = this.#state;
        for (const undo of this.#undo.reverse()) history.unstage(undo);
        history.head = this.#revision - 1;
    }

    #put(op: Extract<StoreOp, { type: 'put' }>): OpResponse {
        const { history, reader } = this.#state;
        const entry = history.index.get(op.key);
        const live = entry !== undefined && entry.version > 0 ? entry : undefined;
        const previous = live && this.#previousOf(live, op.withoutPrevious !== true);
        this.#stage({
            key: op.key,
            tombstone: false,
            createRevision: live?.createRevision ?? this.#revision,
            version: (live?.version ?? 0) + 1,
            lease: op.ignoreLease === true ? (live?.lease ?? 0) : (op.lease ?? 0),
            value: op.ignoreValue === true && live !== undefined ? reader.valueSync(live) : op.value,
            decoded: op.ignoreValue === true ? undefined : op.decoded,
            previous,
        });
        return { type: 'put', previous };
    }

    #delete(op: Extract<StoreOp, { type: 'delete' }>): OpResponse {
        const found: KeyEntry[] = [];
        this.#state.history.index.forEach(op.key, op.end, (entry) => {
            if (entry.version > 0) found.push(entry);
        });
        const deleted = found.map((entry) => {
            const previous = this.#previousOf(entry, op.withoutPrevious !== true);
            this.#stage({
                key: entry.key,
                tombstone: true,
                createRevision: this.#revision,
                version: 0,
                lease: 0,
                value: noValue,
                decoded: undefined,
                previous,
            });
            return previous;
        });
        return { type: 'delete', deleted };
    }

    #range(op: RangeRequest): OpResponse {
        const newest = this.#writes.length > 0 ? this.#revision : this.#revision - 1;
        const compacted = this.#state.history.compactedHead;
        const { result, toLoad, finish } = this.#state.reader.select(op, { newest, compacted });
        for (const kv of toLoad) this.#toLoad.push(kv);
        const response: OpResponse = { type: 'range', ...result };
        this.#ranges.push(response);
        if (finish !== undefined) this.#finish.push(() => (response.kvs = finish()));
        return response;
    }

    #previousOf(entry: KeyEntry, withValue: boolean): KeyValue {
        if (entry.modRevision === this.#revision) throw duplicateKey(entry.key);
        const previous = this.#state.reader.version(entry, entry.modRevision);
        if (withValue) this.#toLoad.push(previous);
        return previous;
    }

    #stage(write: StagedWrite): void {
        const { history } = this.#state;
        if (history.index.get(write.key)?.modRevision === this.#revision) throw duplicateKey(write.key);
        this.#undo.push(history.stage(this.#revision, write));
        this.#writes.push(write);
    }
}

export function duplicateKey(key: string): StoreError {
    return new StoreError('duplicateKey', `a transaction writes ${JSON.stringify(key)} twice`);
}

/** As in etcd: over a range, every key must match; where there is none, zeros are compared. */
function holds(compare: Compare, state: MvccState): boolean {
    const { history, reader } = state;
    if (compare.end === undefined && compare.target !== 'value') {
        const entry = history.index.get(compare.key);
        const actual = entry === undefined || entry.version === 0 ? 0 : entry[compare.target];
        return matches(compare.result, actual - compare.value);
    }
    const entries: KeyEntry[] = [];
    history.index.forEach(compare.key, compare.end, (entry) => {
        if (entry.version > 0) entries.push(entry);
    });
    if (compare.target === 'value') {
        // Also as in etcd: a comparison with the value of a key that does not exist is false.
        const { result, value } = compare;
        return (
            entries.length > 0 &&
            entries.every((entry) => matches(result, Buffer.compare(reader.valueSync(entry), value)))
        );
    }
    const { target, result, value } = compare;
    if (entries.length === 0) return matches(result, 0 - value);
    return entries.every((entry) => matches(result, entry[target] - value));
}

function matches(result: Compare['result'], order: number): boolean {
    switch (result) {
        case 'equal':
            return order === 0;
        case 'notEqual':
            return order !== 0;
        case 'greater':
            return order > 0;
        case 'less':
            return order < 0;
        default:
            return unreachable(result);
    }
}
