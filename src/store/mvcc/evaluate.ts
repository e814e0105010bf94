import { assert, unreachable } from '../../util/assert.ts';
import {
    StoreError,
    type Compare,
    type KeyValue,
    type OpResponse,
    type StoreOp,
    type TxnRequest,
    type TxnResult,
} from '../store.ts';
import type { History, StagedTxn, StagedWrite, Undo } from './history.ts';
import type { KeyEntry } from './key-index.ts';
import { compareKeys } from './key-order.ts';
import type { Reader } from './reader.ts';

const noValue = Buffer.alloc(0);

/** A transaction whose outcome is decided, but for values that are still to be read. */
export interface Evaluated {
    result: TxnResult;
    /** Undefined when the transaction writes nothing. */
    txn: StagedTxn | undefined;
    undo: Undo[];
    /** Key values in `result` to be loaded from disk. */
    toLoad: KeyValue[];
    /** Those of them whose value is not wanted. */
    toStrip: KeyValue[];
    /** Why the values in `result` could not be loaded. */
    failure?: unknown;
}

/**
 * Evaluates one transaction against the newest state, `history.head`, and stages what it writes. When it
 * throws, everything it staged is taken back.
 */
export function evaluate(request: TxnRequest, history: History, reader: Reader): Evaluated {
    const succeeded = request.compares.every((compare) => holds(compare, history, reader));
    const evaluation = new Evaluation(history, reader);
    try {
        for (const op of succeeded ? request.success : request.failure) evaluation.run(op);
    } catch (error) {
        evaluation.takeBack();
        throw error;
    }
    return evaluation.finish(succeeded);
}

class Evaluation {
    readonly #history: History;
    readonly #reader: Reader;
    readonly #revision: number;
    readonly #writes: StagedWrite[] = [];
    readonly #undo: Undo[] = [];
    readonly #toLoad: KeyValue[] = [];
    readonly #toStrip: KeyValue[] = [];
    readonly #responses: OpResponse[] = [];

    constructor(history: History, reader: Reader) {
        this.#history = history;
        this.#reader = reader;
        this.#revision = history.head + 1;
        // Reads inside the transaction see what it wrote before.
        history.head = this.#revision;
    }

    run(op: StoreOp): void {
        switch (op.type) {
            case 'put':
                this.#put(op);
                return;
            case 'delete':
                this.#delete(op);
                return;
            case 'range': {
                const firstLoad = this.#toLoad.length;
                const newest = this.#writes.length > 0 ? this.#revision : this.#revision - 1;
                const result = this.#reader.select(op, newest, this.#toLoad);
                this.#responses.push({ type: 'range', ...result });
                if (op.keysOnly === true) this.#toStrip.push(...this.#toLoad.slice(firstLoad));
                return;
            }
            case 'txn':
                throw new StoreError('io', 'nested transactions are not possible yet');
            default:
                unreachable(op);
        }
    }

    finish(succeeded: boolean): Evaluated {
        const wrote = this.#writes.length > 0;
        if (!wrote) this.#history.head = this.#revision - 1;
        const revision = this.#history.head;
        for (const response of this.#responses) if (response.type === 'range') response.revision = revision;
        if (this.#writes.length > 1) this.#writes.sort((a, b) => compareKeys(a.key, b.key));
        return {
            result: { succeeded, revision, responses: this.#responses },
            txn: wrote ? { revision, writes: this.#writes } : undefined,
            undo: this.#undo,
            toLoad: this.#toLoad,
            toStrip: this.#toStrip,
        };
    }

    takeBack(): void {
        for (const undo of this.#undo.reverse()) this.#history.unstage(undo);
        this.#history.head = this.#revision - 1;
    }

    #put(op: Extract<StoreOp, { type: 'put' }>): void {
        const entry = this.#history.index.get(op.key);
        const live = entry !== undefined && entry.version > 0 ? entry : undefined;
        const previous = live && this.#previousOf(live);
        this.#stage({
            key: op.key,
            tombstone: false,
            createRevision: live?.createRevision ?? this.#revision,
            version: (live?.version ?? 0) + 1,
            lease: op.lease ?? 0,
            value: op.value,
            decoded: op.decoded,
            previous,
        });
        this.#responses.push({ type: 'put', previous });
    }

    #delete(op: Extract<StoreOp, { type: 'delete' }>): void {
        const found: KeyEntry[] = [];
        this.#history.index.forEach(op.key, op.end, (entry) => {
            if (entry.version > 0) found.push(entry);
        });
        const deleted = found.map((entry) => {
            const previous = this.#previousOf(entry);
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
        this.#responses.push({ type: 'delete', deleted });
    }

    #previousOf(entry: KeyEntry): KeyValue {
        assert(entry.modRevision < this.#revision, 'a transaction writes a key twice', { key: entry.key });
        const previous = this.#reader.version(entry, entry.modRevision);
        this.#toLoad.push(previous);
        return previous;
    }

    #stage(write: StagedWrite): void {
        this.#undo.push(this.#history.stage(this.#revision, write));
        this.#writes.push(write);
    }
}

function holds(compare: Compare, history: History, reader: Reader): boolean {
    const found = history.index.get(compare.key);
    const entry = found !== undefined && found.version > 0 ? found : undefined;
    if (compare.target === 'value') {
        // As in etcd: a comparison with the value of a key that does not exist is false.
        if (entry === undefined) return false;
        return matches(compare.result, Buffer.compare(reader.valueSync(entry), compare.value));
    }
    const actual = entry === undefined ? 0 : entry[compare.target];
    return matches(compare.result, actual - compare.value);
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
