import { methods } from '../../proto/methods.ts';
import { keyMax } from '../../../store.ts';
import type { EtcdContext } from '../context.ts';
import { etcdError } from '../errors.ts';
import { unaryHandler, type HandlerOptions } from '../grpc/handlers.ts';
import type { CallHandler } from '../grpc/server-call.ts';
import { checkRange, previousOf, rangeBody, rangeOf } from './ranges.ts';
import { checkDelete, checkPut, checkTxn } from './txn-check.ts';
import { opOf, partsOf, responsesOf } from './txn.ts';

/** etcd's --max-request-bytes. */
export const requestBytesMax = 1.5 * 1024 * 1024;

function checkSize(bytes: number): void {
    if (bytes > requestBytesMax) throw etcdError('tooLarge');
}

/** The service KV: reads and writes of keys. */
export function kvHandlers(context: EtcdContext, options: HandlerOptions): [string, CallHandler][] {
    return [
        [methods.range.path, rangeHandler(context, options)],
        [methods.put.path, putHandler(context, options)],
        [methods.deleteRange.path, deleteHandler(context, options)],
        [methods.txn.path, txnHandler(context, options)],
        [methods.compact.path, compactHandler(context, options)],
    ];
}

function rangeHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { store } = context;
    return unaryHandler(methods.range, options, async (request) => {
        checkRange(request);
        if (!request.serializable) await store.readIndex();
        const result = await store.range(rangeOf(request));
        return { header: context.header(result.revision), ...rangeBody(request, result) };
    });
}

function putHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { store } = context;
    return unaryHandler(methods.put, options, async (request, { bytes }) => {
        checkPut(request);
        checkSize(bytes);
        const op = opOf({ put: request, range: undefined, deleteRange: undefined, txn: undefined });
        const { revision, responses } = await store.txn({ compares: [], success: [op], failure: [] });
        const response = responses[0];
        const previous = response?.type === 'put' ? response.previous : undefined;
        return { header: context.header(revision), ...previousOf(request.previous, previous) };
    });
}

function deleteHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { store } = context;
    return unaryHandler(methods.deleteRange, options, async (request, { bytes }) => {
        checkDelete(request);
        checkSize(bytes);
        const op = opOf({ deleteRange: request, put: undefined, range: undefined, txn: undefined });
        const { revision, responses } = await store.txn({ compares: [], success: [op], failure: [] });
        const response = responses[0];
        const deleted = response?.type === 'delete' ? response.deleted : [];
        return {
            header: context.header(revision),
            deleted: deleted.length,
            previous: request.previous ? deleted : [],
        };
    });
}

function txnHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { store } = context;
    return unaryHandler(methods.txn, options, async (request, { bytes }) => {
        checkTxn(request);
        checkSize(bytes);
        const result = await store.txn(partsOf(request));
        return {
            header: context.header(result.revision),
            succeeded: result.succeeded,
            responses: responsesOf(request, result, result.revision),
        };
    });
}

function compactHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { store } = context;
    return unaryHandler(methods.compact, options, async ({ revision }) => {
        await store.readIndex();
        if (revision <= store.compactedRevision) throw etcdError('compacted');
        if (revision > store.revision) throw etcdError('futureRevision');
        // The store answers once what it forgets is gone: 'physical' and not are the same here.
        await store.compact(revision);
        return { header: context.header() };
    });
}

/** A range over all keys. */
export const everything = { key: '\0', end: keyMax } as const;
