import type { Decoded, Init } from '../../proto/message.ts';
import type { keyValue, rangeRequest } from '../../proto/messages.ts';
import { keyMax, type KeyValue, type RangeRequest, type RangeResult } from '../../../store.ts';
import { etcdError } from '../errors.ts';

type WireRange = Decoded<typeof rangeRequest>;

/** etcd's range end: '' for the single key, one zero byte for everything from the key on. */
export function endOf(rangeEnd: string): { end?: string } {
    if (rangeEnd === '') return {};
    return { end: rangeEnd === '\0' ? keyMax : rangeEnd };
}

const sortTargets = {
    KEY: 'key',
    VERSION: 'version',
    CREATE: 'createRevision',
    MOD: 'modRevision',
    VALUE: 'value',
} as const;

export function checkRange({ key }: WireRange): void {
    if (key === '') throw etcdError('emptyKey');
}

/** With a limit, one more than wanted is asked for: whether there are more is part of the answer. */
export function rangeOf(wire: WireRange): RangeRequest {
    const request: RangeRequest = { key: wire.key, ...endOf(wire.rangeEnd) };
    if (wire.revision > 0) request.revision = wire.revision;
    if (wire.limit > 0) request.limit = wire.limit + 1;
    if (wire.keysOnly) request.keysOnly = true;
    if (wire.countOnly) request.countOnly = true;
    if (wire.sortTarget !== 'KEY' || wire.sortOrder === 'DESCEND') {
        request.sort = { by: sortTargets[wire.sortTarget], descending: wire.sortOrder === 'DESCEND' };
    }
    if (wire.modRevisionMin !== 0) request.modRevisionMin = wire.modRevisionMin;
    if (wire.modRevisionMax !== 0) request.modRevisionMax = wire.modRevisionMax;
    if (wire.createRevisionMin !== 0) request.createRevisionMin = wire.createRevisionMin;
    if (wire.createRevisionMax !== 0) request.createRevisionMax = wire.createRevisionMax;
    return request;
}

export function rangeBody(
    wire: WireRange,
    result: RangeResult,
): { kvs: readonly Init<Decoded<typeof keyValue>>[]; more: boolean; count: number } {
    const more = wire.limit > 0 && result.kvs.length > wire.limit;
    return {
        kvs: more ? result.kvs.slice(0, wire.limit) : result.kvs,
        more,
        count: result.count,
    };
}

/** For `prev_kv`: what was asked for. */
export function previousOf(wanted: boolean, previous: KeyValue | undefined): { previous?: KeyValue } {
    return wanted && previous !== undefined ? { previous } : {};
}
