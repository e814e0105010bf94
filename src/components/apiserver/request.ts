import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Column, ResourceDefinition } from '../../api/groups/resource.ts';
import type { ApiObject, V1Status } from '../../api/meta/object.ts';
import type { TransportWatch, WatchHandler } from '../../client/transport.ts';
import type { CacheEvent } from './cache/cache-event.ts';
import type { Identity } from './identity.ts';
import type { RequestInfo } from './request-info.ts';
import type { StoredObject } from './stored-object.ts';

/** What the request chain works on: the same for a socket and for a call inside the process. */
export interface ApiRequest {
    readonly method: string;
    /** Percent-decoded; empty where the request's is no valid encoding, which the chain's first step refuses. */
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly origin: RequestOrigin;
    readonly auditId: string;
    /** Aborted when the client has gone or the server stops. */
    readonly signal: AbortSignal;
    /** Whether `signal` is aborted; there where the signal itself is made for those alone who ask for it. */
    readonly isOver?: boolean;
    /** Set by the chain's first step. */
    info: RequestInfo;
    /** Set by authentication; impersonation replaces it. */
    identity: Identity;
    /** The verb that has let it act as somebody else, where that was one of constrained impersonation. */
    impersonationConstraint?: string;
    /** Sentences for `Warning` headers. */
    readonly warnings: string[];
    /** What the request's audit events say besides; see `annotate`. */
    readonly auditAnnotations: Map<string, string>;
    /** How long it waited for its turn, and for webhooks. */
    waitedMs?: number;
    /** Set where the server has ended the request to protect itself. */
    isTerminated?: boolean;
    /** Where the time went, in milliseconds. There where somebody wants to know. */
    layersMs?: Map<LatencyLayer, number>;
    /** Told of the body once it is an object, before anything else happens to it. */
    onObject?(object: ApiObject): void;
    body(): Promise<RequestBody>;
}

export type RequestOrigin =
    | {
          type: 'http';
          /** The certificate that the client proved to hold, DER; authentication verifies who signed it. */
          peerCertificate: Buffer | undefined;
          /** The certificates that it has sent besides, DER. */
          peerIntermediates?: () => readonly Buffer[];
          remoteAddress: string;
          request: IncomingMessage | Http2ServerRequest;
          response: ServerResponse | Http2ServerResponse | undefined;
      }
    | { type: 'inProcess'; identity: Identity };

export type RequestBody =
    | { type: 'bytes'; bytes: Buffer; contentType: string }
    /** Given inside the process: already parsed, and not to be changed. */
    | { type: 'value'; value: unknown; contentType: string };

/** What a handler answers with; encode/ turns it into bytes, the in-process transport into objects. */
export type ApiResult =
    | { type: 'object'; status: number; definition: ResourceDefinition; object: StoredObject }
    | ListResult
    /** Any JSON document: Status, Scale, discovery, reviews; what has columns is an object that can be a Table. */
    | { type: 'value'; status: number; value: object; columns?: readonly Column[] }
    | { type: 'bytes'; status: number; contentType: string; body: Buffer; headers?: Record<string, string> }
    | WatchResult
    /** Of another server's watch, for a component of this process: its events as they come. */
    | RelayedWatch
    /** The handler writes to the socket itself (proxies, logs); not possible inside the process. */
    | {
          type: 'raw';
          write(
              request: IncomingMessage | Http2ServerRequest,
              response: ServerResponse | Http2ServerResponse,
          ): Promise<void>;
      };

export interface ListResult {
    type: 'list';
    definition: ResourceDefinition;
    items: readonly StoredObject[];
    resourceVersion: string;
    continue?: string | undefined;
    remainingItemCount?: number | undefined;
}

export interface WatchResult {
    type: 'watch';
    definition: ResourceDefinition;
    /** Starts delivery; to be called once. Returns a function that ends it. */
    open(sink: WatchSink): () => void;
}

export interface RelayedWatch {
    type: 'relayedWatch';
    /** Starts delivery; to be called once. */
    open(handler: WatchHandler): TransportWatch;
}

/** Where a watch's events go. Calls come in order; nothing comes after `end`. */
export interface WatchSink {
    /** `event` is there when the bytes may be shared with other watchers of the same change. */
    event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject, event: CacheEvent | undefined): void;
    bookmark(resourceVersion: string, isInitialEventsEnd: boolean): void;
    /** An ERROR event; `end` follows. */
    error(status: V1Status): void;
    end(): void;
}

export type Handler = (request: ApiRequest) => Promise<ApiResult> | ApiResult;

/** A step of the chain: answers itself, or has the rest of the chain answer. */
export type Middleware = (request: ApiRequest, next: () => Promise<ApiResult>) => Promise<ApiResult>;

export function headerOf(request: Pick<ApiRequest, 'headers'>, name: string): string | undefined {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
}

/** Upstream's names of what takes time. */
export type LatencyLayer = 'apf-queue-wait' | 'authorization' | 'mutating-webhook' | 'validating-webhook';

/** Adds to the time that a layer has taken of a request. */
export function took({ layersMs }: ApiRequest, layer: LatencyLayer, ms: number): void {
    layersMs?.set(layer, (layersMs.get(layer) ?? 0) + ms);
}

/** Annotations of one request's audit events, and the length of each: inputs of plugins may end up in them. */
const annotationsMax = 64;
const annotationCharsMax = 16 * 1024;

/**
 * Adds an annotation to the request's audit events: "authorization.k8s.io/decision", "<plugin>/<what>". The
 * first value of a key stays.
 */
export function annotate({ auditAnnotations }: ApiRequest, key: string, value: string): void {
    if (auditAnnotations.size >= annotationsMax || auditAnnotations.has(key)) return;
    auditAnnotations.set(key, value.slice(0, annotationCharsMax));
}

/** Sets a header of the answer; inside the process there are none. */
export function setResponseHeader({ origin }: ApiRequest, name: string, value: string): void {
    if (origin.type === 'http' && origin.response?.headersSent === false) {
        origin.response.setHeader(name, value);
    }
}
