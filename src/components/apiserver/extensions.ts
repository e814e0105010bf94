import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiObject, GroupVersionResource, Stored } from '../../api/meta/object.ts';
import type { Compare, StoreOp } from '../../store/store.ts';
import type { Aggregation } from './aggregation/aggregator.ts';
import type { MetricSource } from './metrics.ts';
import type { AdmitBody } from './registry/admit.ts';
import type { Handler, ApiRequest } from './request.ts';
import type { ResourceRequestInfo } from './request-info.ts';

/** What others add to the server without the generic registry knowing about it. */
export interface ServerExtensions {
    /** Paths that are no resources: discovery, OpenAPI, … The longest match wins. */
    routes?: readonly NonResourceRoute[];
    /** Resources and subresources with their own way of answering: reviews, token, log, exec, proxy. */
    resources?: readonly ResourceHandler[];
    /** Steps of writes that need more than a strategy: service addresses, node ports. */
    hooks?: readonly RegistryHook[];
    /** Groups and versions that other servers answer for. */
    aggregation?: Aggregation;
    /** Named checks of /healthz and /livez besides the built-in ones. */
    liveChecks?: readonly HealthCheck[];
    /** Named checks of /readyz besides the built-in ones. */
    readyChecks?: readonly HealthCheck[];
    /** Metrics besides the server's own, computed for each request of /metrics. */
    metrics?: readonly MetricSource[];
}

export interface NonResourceRoute {
    path: string;
    /** Also answers every path below. Default false. */
    prefix?: boolean;
    handle: Handler;
}

export interface ResourceHandler {
    group: string;
    resource: string;
    /** "" for the resource itself. */
    subresource: string;
    /** Absent: all verbs. */
    verbs?: readonly string[];
    /** Exempt from request timeout and the bound of requests in flight: log, exec, proxy. */
    longRunning?: boolean;
    /** @param admit for what clients create although it is not stored; connections have passed admission already */
    handle(request: ApiRequest, info: ResourceRequestInfo, admit: AdmitBody): ReturnType<Handler>;
    /** HTTP/1.1 upgrades (WebSocket, SPDY), called after authentication and authorization. */
    upgrade?(request: ApiRequest, info: ResourceRequestInfo, connection: UpgradeConnection): Promise<void>;
}

/** An HTTP/1.1 connection that asked for another protocol. Whoever gets it answers and closes it. */
export interface UpgradeConnection {
    request: IncomingMessage;
    socket: Duplex;
    /** Bytes that were already read past the request's header. */
    head: Buffer;
}

/** Runs inside the registry's writes of one resource, for what must be unique among all objects. */
export interface RegistryHook {
    group: string;
    resource: string;
    /** After defaults and mutating admission, before validation; may change the object. */
    reserveForCreate(object: ApiObject): Promise<Reservation>;
    reserveForUpdate(object: ApiObject, old: ApiObject): Promise<Reservation>;
    /**
     * What else has to be written in the transaction that writes the object: for a creation `old` is undefined, for
     * a deletion `object` is. Absent: nothing.
     */
    companions?(object: ApiObject | undefined, old: ApiObject | undefined): Companion[];
}

/**
 * A cluster-scoped object of another resource that comes and goes with the one it belongs to. When it exists
 * already, or is not what it was any more, the whole write begins anew.
 */
export type Companion =
    | { type: 'create'; resource: GroupVersionResource; object: ApiObject }
    | { type: 'delete'; resource: GroupVersionResource; object: Stored<ApiObject> };

/** What a write holds until it is in the watch cache, or has failed, or was a dry run. */
export interface Reservation {
    /**
     * Joins the object's write: holds only if no other master has reserved since `object` was changed. When
     * it does not, everything begins anew, from the reservation on.
     */
    guard: ReservationGuard | undefined;
    release(): void;
}

export interface ReservationGuard {
    compare: Compare;
    write: Extract<StoreOp, { type: 'put' | 'delete' }>;
}

export interface HealthCheck {
    name: string;
    /** Throws, or resolves to a sentence, when it is not well. */
    check(): Promise<string | undefined> | string | undefined;
}
