import type { KeyValue, RangeRequest } from '../store.ts';
import { compareKeys } from './key-order.ts';

type Order = NonNullable<RangeRequest['sort']>;

/** Whether the answer is more than the first keys in their order. */
export function needsArranging(request: RangeRequest): boolean {
    if (request.countOnly === true) return false;
    const { sort } = request;
    return (sort !== undefined && (sort.by !== 'key' || sort.descending)) || isBounded(request);
}

/** Whether that takes the values too. */
export function needsValues({ sort }: RangeRequest): boolean {
    return sort?.by === 'value';
}

/** Drops what is out of bounds, sorts (what is equal stays in the order of the keys), and cuts at the limit. */
export function arrange(kvs: readonly KeyValue[], request: RangeRequest): KeyValue[] {
    const arranged = isBounded(request) ? kvs.filter((kv) => isWithin(kv, request)) : [...kvs];
    if (request.sort !== undefined) arranged.sort(comparatorOf(request.sort));
    return request.limit ? arranged.slice(0, request.limit) : arranged;
}

function isBounded(request: RangeRequest): boolean {
    const { modRevisionMin, modRevisionMax, createRevisionMin, createRevisionMax } = request;
    return Boolean(modRevisionMin || modRevisionMax || createRevisionMin || createRevisionMax);
}

function isWithin({ modRevision, createRevision }: KeyValue, request: RangeRequest): boolean {
    return (
        modRevision >= (request.modRevisionMin ?? 0) &&
        modRevision <= (request.modRevisionMax || Infinity) &&
        createRevision >= (request.createRevisionMin ?? 0) &&
        createRevision <= (request.createRevisionMax || Infinity)
    );
}

function comparatorOf({ by, descending }: Order): (a: KeyValue, b: KeyValue) => number {
    const sign = descending ? -1 : 1;
    switch (by) {
        case 'key':
            return (a, b) => sign * compareKeys(a.key, b.key);
        case 'value':
            return (a, b) => sign * Buffer.compare(a.value, b.value);
        default:
            return (a, b) => sign * (a[by] - b[by]);
    }
}
