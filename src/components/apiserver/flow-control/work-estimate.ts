import type { ResourceRequestInfo } from '../request-info.ts';
import type { ApiRequest } from '../request.ts';

/** What a request is expected to cost. A seat is the right to be worked on, one request's worth. */
export interface WorkEstimate {
    seats: number;
    /** Seats held after the answer, while watchers are told of a write, and for how long. */
    finalSeats: number;
    finalMs: number;
}

/** What is known of a resource without looking at its objects. */
export interface ResourceStats {
    objects: number;
    averageObjectBytes: number;
    watchers: number;
}

export type ResourceStatsOf = (info: ResourceRequestInfo) => ResourceStats | undefined;

/** Upstream's figures (k8s.io/apiserver util/flowcontrol/request). */
const bytesPerSeat = 100_000;
/** A list from the watch cache is streamed: it never needs more memory than this at once. */
const listBytesMax = 1_000_000;
const listSeatsMax = 100;
const mutatingSeatsMax = 10;
const watchersPerSeat = 10;
/** How long one seat's worth of watchers takes to be told of a write. */
const msPerSeatOfEvents = 5;

export const oneSeat: WorkEstimate = { seats: 1, finalSeats: 0, finalMs: 0 };
const mutatingVerbs = new Set(['create', 'update', 'patch', 'delete']);

/**
 * Lists, and watches that begin with the state, by the size of what they send; writes by the number of
 * watchers that will be told; everything else costs one seat.
 * @param seatsMax what a single request may take at its priority level; 0 for no bound of the level's own
 */
export function estimateWork(request: ApiRequest, statsOf: ResourceStatsOf, seatsMax: number): WorkEstimate {
    const { info, query } = request;
    if (info.kind !== 'resource') return oneSeat;
    if (info.verb === 'list') return listWork(info, query, { statsOf, seatsMax });
    if (info.verb === 'watch') {
        return query.get('sendInitialEvents') === 'true'
            ? listWork(info, query, { statsOf, seatsMax })
            : oneSeat;
    }
    if (!mutatingVerbs.has(info.verb) || isUnwatched(info) || query.has('dryRun')) return oneSeat;
    return mutatingWork(statsOf(info)?.watchers ?? 0, seatsMax);
}

function listWork(
    info: ResourceRequestInfo,
    query: URLSearchParams,
    { statsOf, seatsMax }: { statsOf: ResourceStatsOf; seatsMax: number },
): WorkEstimate {
    const stats = statsOf(info);
    if (stats === undefined) return oneSeat;
    const limit = Number(query.get('limit') ?? '0');
    const listed = limit > 0 ? Math.min(limit, stats.objects) : stats.objects;
    const objects = info.name === '' ? listed : 1;
    const bytes = Math.min(objects * stats.averageObjectBytes, listBytesMax);
    const bound = seatsMax === 0 ? listSeatsMax : Math.min(seatsMax, listSeatsMax);
    const seats = Math.min(Math.max(Math.ceil(bytes / bytesPerSeat), 1), bound);
    return seats === 1 ? oneSeat : { seats, finalSeats: 0, finalMs: 0 };
}

function mutatingWork(watchers: number, seatsMax: number): WorkEstimate {
    if (watchers < watchersPerSeat / 2) return oneSeat;
    const wanted = Math.ceil(watchers / watchersPerSeat);
    const bound = seatsMax === 0 ? mutatingSeatsMax : Math.min(seatsMax, mutatingSeatsMax);
    const finalSeats = Math.min(wanted, bound);
    return { seats: 1, finalSeats, finalMs: (wanted * msPerSeatOfEvents) / finalSeats };
}

/** Writes that nobody but their own holder looks at, or that store nothing. */
function isUnwatched({ group, resource, subresource }: ResourceRequestInfo): boolean {
    return (
        (group === 'coordination.k8s.io' && resource === 'leases') ||
        (group === '' && resource === 'serviceaccounts' && subresource === 'token')
    );
}
