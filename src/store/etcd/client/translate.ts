import {
    type Compare,
    type KeyValue,
    keyMax,
    type OpResponse,
    type RangeRequest,
    type RangeResult,
    type StoreEvent,
    type StoreOp,
    type TxnRequest,
    type TxnResult,
} from '../../store.ts';
import type { Decoded, Init } from '../proto/message.ts';
import type * as m from '../proto/messages.ts';
import type { KeyNames } from './key-names.ts';

type EtcdTxn = Init<m.TxnRequest>;
type EtcdOp = Init<m.RequestOp>;
type EtcdRange = Init<Decoded<typeof m.rangeRequest>>;

const compareResults = {
    equal: 'EQUAL',
    notEqual: 'NOT_EQUAL',
    greater: 'GREATER',
    less: 'LESS',
} as const;
const sortTargets = {
    key: 'KEY',
    version: 'VERSION',
    createRevision: 'CREATE',
    modRevision: 'MOD',
    value: 'VALUE',
} as const;

/** Requests and answers of a Store as etcd's messages, and back. */
export class Translator {
    readonly #names: KeyNames;

    constructor(names: KeyNames) {
        this.#names = names;
    }

    key(key: string): string {
        return this.#names.toEtcd(key);
    }

    /** '' for a single key; etcd writes "no upper bound" as one zero byte. */
    rangeEnd(end: string | undefined): string {
        if (end === undefined) return '';
        return end === keyMax ? '\0' : this.#names.toEtcd(end);
    }

    range(request: RangeRequest): EtcdRange {
        const { key, end, limit, revision, keysOnly, countOnly, sort } = request;
        return {
            key: this.key(key),
            rangeEnd: this.rangeEnd(end),
            limit,
            revision,
            keysOnly,
            countOnly,
            ...(sort === undefined
                ? {}
                : {
                      sortOrder: sort.descending ? ('DESCEND' as const) : ('ASCEND' as const),
                      sortTarget: sortTargets[sort.by],
                  }),
            modRevisionMin: request.modRevisionMin,
            modRevisionMax: request.modRevisionMax,
            createRevisionMin: request.createRevisionMin,
            createRevisionMax: request.createRevisionMax,
        };
    }

    txn({ compares, success, failure }: Omit<TxnRequest, 'durability'>): EtcdTxn {
        return {
            compare: compares.map((compare) => this.#compare(compare)),
            success: success.map((op) => this.#op(op)),
            failure: failure.map((op) => this.#op(op)),
        };
    }

    rangeResult({ header, kvs, count }: Decoded<typeof m.rangeResponse>): RangeResult {
        return { kvs: kvs.map((kv) => this.keyValue(kv)), count, revision: header?.revision ?? 0 };
    }

    txnResult({ header, succeeded, responses }: m.TxnResponse): TxnResult {
        const revision = header?.revision ?? 0;
        return {
            succeeded,
            revision,
            responses: responses.map((response) => this.#response(response, revision)),
        };
    }

    /** The value is copied: what was received may be a small part of a large buffer. */
    keyValue({ key, value, ...rest }: Decoded<typeof m.keyValue>): KeyValue {
        return { key: this.#names.fromEtcd(key), value: Buffer.from(value), ...rest };
    }

    event({ type, kv, previous }: Decoded<typeof m.event>): StoreEvent | undefined {
        if (kv === undefined) return undefined;
        const event = {
            type: type === 'PUT' ? ('put' as const) : ('delete' as const),
            kv: this.keyValue(kv),
        };
        return previous === undefined ? event : { ...event, previous: this.keyValue(previous) };
    }

    #compare(compare: Compare): Init<Decoded<typeof m.compare>> {
        const common = {
            key: this.key(compare.key),
            rangeEnd: this.rangeEnd(compare.end),
            result: compareResults[compare.result],
        };
        switch (compare.target) {
            case 'modRevision':
                return { ...common, target: 'MOD', modRevision: compare.value };
            case 'createRevision':
                return { ...common, target: 'CREATE', createRevision: compare.value };
            case 'version':
                return { ...common, target: 'VERSION', version: compare.value };
            case 'lease':
                return { ...common, target: 'LEASE', lease: compare.value };
            case 'value':
                return { ...common, target: 'VALUE', value: compare.value };
        }
    }

    #op(op: StoreOp): EtcdOp {
        switch (op.type) {
            case 'put': {
                const { lease, ignoreValue, ignoreLease } = op;
                const put = { key: this.key(op.key), value: op.value, previous: true };
                return {
                    put:
                        ignoreValue === true
                            ? { ...put, value: Buffer.alloc(0), ignoreValue, lease, ignoreLease }
                            : { ...put, lease, ignoreLease },
                };
            }
            case 'delete':
                return {
                    deleteRange: { key: this.key(op.key), rangeEnd: this.rangeEnd(op.end), previous: true },
                };
            case 'range':
                return { range: this.range(op) };
            case 'txn':
                return { txn: this.txn(op) };
        }
    }

    #response(response: m.ResponseOp, revision: number): OpResponse {
        const { put, deleteRange, range, txn } = response;
        if (put !== undefined) {
            return { type: 'put', previous: put.previous && this.keyValue(put.previous) };
        }
        if (deleteRange !== undefined) {
            return { type: 'delete', deleted: deleteRange.previous.map((kv) => this.keyValue(kv)) };
        }
        if (range !== undefined) {
            const result = this.rangeResult(range);
            return { type: 'range', ...result, revision: result.revision || revision };
        }
        const responses = txn?.responses.map((inner) => this.#response(inner, revision)) ?? [];
        return { type: 'txn', succeeded: txn?.succeeded ?? false, responses };
    }
}

/** A key, or with `end` all keys of [key, end). */
export interface KeyRange {
    key: string;
    end?: string | undefined;
}

export function includes({ key, end }: KeyRange, other: string): boolean {
    return end === undefined ? other === key : other >= key && other < end;
}

/** The keys that a transaction wrote, as its answer shows. */
export function keysWritten({ success, failure }: TxnRequest, { succeeded, responses }: TxnResult): string[] {
    return writtenBy(succeeded ? success : failure, responses);
}

function writtenBy(ops: readonly StoreOp[], responses: readonly OpResponse[]): string[] {
    return ops.flatMap((op, i) => {
        const response = responses[i];
        if (op.type === 'put') return [op.key];
        if (response?.type === 'delete') return response.deleted.map(({ key }) => key);
        if (op.type !== 'txn' || response?.type !== 'txn') return [];
        return writtenBy(response.succeeded ? op.success : op.failure, response.responses);
    });
}
