import type { ApiList, ApiObject, Stored } from '../api/meta/object.ts';
import type { ResourceType } from './resource-type.ts';
import type { TransportWatch, WatchHandler } from './transport.ts';

/**
 * A typed client of the API with one identity. All methods throw StatusError when the server refuses,
 * and a plain Error when it cannot be reached. Objects may be frozen: copy before you change
 * (structuredClone).
 */
export interface Client {
    resource<T extends ApiObject>(type: ResourceType<T>): ResourceClient<T>;
    /** Any other path; throws StatusError from 400 on. */
    request(request: RawRequest): Promise<unknown>;
    close(): void;
}

export interface RawRequest {
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    path: string;
    body?: unknown;
    contentType?: string;
    signal?: AbortSignal;
}

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
    namespace?: string | undefined;
    name: string;
}

export interface ResourceClient<T extends ApiObject> {
    get(ref: ObjectRef, options?: { resourceVersion?: string; subresource?: string }): Promise<Stored<T>>;
    list(options?: ListOptions): Promise<ApiList<Stored<T>>>;
    watch(options: WatchOptions, handler: WatchHandler): Promise<TransportWatch>;
    /** The namespace is the object's own. */
    create(object: T, options?: WriteOptions): Promise<Stored<T>>;
    update(object: T, options?: WriteOptions): Promise<Stored<T>>;
    updateStatus(object: T, options?: WriteOptions): Promise<Stored<T>>;
    patch(ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<Stored<T>>;
    delete(ref: ObjectRef, options?: DeleteOptions): Promise<void>;
    deleteCollection(list: ListOptions, options?: DeleteOptions): Promise<void>;
    /** POST to a subresource with another body type: binding, eviction, token. */
    createSubresource(ref: ObjectRef, subresource: string, body: object): Promise<unknown>;
}

export type Patch = { type: 'merge' | 'strategic'; body: object } | { type: 'json'; body: readonly object[] };

export interface ListOptions {
    /** Absent or empty: all namespaces. */
    namespace?: string | undefined;
    labelSelector?: string | undefined;
    fieldSelector?: string | undefined;
    limit?: number | undefined;
    continue?: string | undefined;
    resourceVersion?: string | undefined;
    resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
}

export interface WatchOptions extends ListOptions {
    allowWatchBookmarks?: boolean;
    sendInitialEvents?: boolean;
    timeoutSeconds?: number;
}

export interface WriteOptions {
    subresource?: string;
    dryRun?: boolean;
    fieldManager?: string;
}

export interface DeleteOptions {
    gracePeriodSeconds?: number;
    propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
    preconditions?: { uid?: string; resourceVersion?: string };
}
