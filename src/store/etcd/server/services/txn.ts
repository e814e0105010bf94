import type { Decoded, Init } from '../../proto/message.ts';
import type { compare, RequestOp, ResponseOp, TxnRequest, TxnResponse } from '../../proto/messages.ts';
import type { Compare, OpResponse, StoreOp } from '../../../store.ts';
import { etcdError } from '../errors.ts';
import { endOf, previousOf, rangeBody, rangeOf } from './ranges.ts';

const results = { EQUAL: 'equal', GREATER: 'greater', LESS: 'less', NOT_EQUAL: 'notEqual' } as const;

export function compareOf(wire: Decoded<typeof compare>): Compare {
    const guard = { key: wire.key, ...endOf(wire.rangeEnd), result: results[wire.result] };
    switch (wire.target) {
        case 'VERSION':
            return { ...guard, target: 'version', value: wire.version ?? 0 };
        case 'CREATE':
            return { ...guard, target: 'createRevision', value: wire.createRevision ?? 0 };
        case 'MOD':
            return { ...guard, target: 'modRevision', value: wire.modRevision ?? 0 };
        case 'LEASE':
            return { ...guard, target: 'lease', value: wire.lease ?? 0 };
        case 'VALUE':
            return { ...guard, target: 'value', value: wire.value ?? Buffer.alloc(0) };
    }
}

export function opOf(wire: RequestOp): StoreOp {
    if (wire.put !== undefined) {
        const { key, value, lease, ignoreValue, ignoreLease } = wire.put;
        return {
            type: 'put',
            key,
            value,
            ...(lease === 0 ? {} : { lease }),
            ...(ignoreValue ? { ignoreValue } : {}),
            ...(ignoreLease ? { ignoreLease } : {}),
        };
    }
    if (wire.range !== undefined) return { type: 'range', ...rangeOf(wire.range) };
    if (wire.deleteRange !== undefined) {
        return { type: 'delete', key: wire.deleteRange.key, ...endOf(wire.deleteRange.rangeEnd) };
    }
    if (wire.txn === undefined) throw etcdError('keyNotFound');
    return { type: 'txn', ...partsOf(wire.txn) };
}

export function partsOf(wire: TxnRequest): { compares: Compare[]; success: StoreOp[]; failure: StoreOp[] } {
    return {
        compares: wire.compare.map(compareOf),
        success: wire.success.map(opOf),
        failure: wire.failure.map(opOf),
    };
}

/** Responses of the branch that ran. Inside a transaction a header says the revision only. */
export function responsesOf(
    wire: TxnRequest,
    result: { succeeded: boolean; responses: readonly OpResponse[] },
    revision: number,
): Init<ResponseOp>[] {
    const ops = result.succeeded ? wire.success : wire.failure;
    return result.responses.map((response, i) => responseOf(ops[i], response, revision));
}

function responseOf(wire: RequestOp | undefined, response: OpResponse, revision: number): Init<ResponseOp> {
    const header = { revision };
    switch (response.type) {
        case 'put':
            return { put: { header, ...previousOf(wire?.put?.previous === true, response.previous) } };
        case 'delete': {
            const { deleted } = response;
            const previous = wire?.deleteRange?.previous === true ? deleted : [];
            return { deleteRange: { header, deleted: deleted.length, previous } };
        }
        case 'range':
            return wire?.range === undefined
                ? {}
                : { range: { header: { revision: response.revision }, ...rangeBody(wire.range, response) } };
        case 'txn': {
            const { succeeded } = response;
            const responses = wire?.txn === undefined ? [] : responsesOf(wire.txn, response, revision);
            const txn: Init<TxnResponse> = { header: {}, succeeded, responses };
            return { txn };
        }
    }
}
