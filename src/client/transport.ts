import type { ApiObject, V1Status, WatchEvent } from '../api/meta/object.ts';

/**
 * How a component reaches an API server: over HTTPS (http-transport.ts), or in the same process, where
 * the request chain is run without socket, TLS and JSON (given by components/apiserver).
 */
export interface Transport {
    /**
     * Sends one request and resolves with its decoded answer whatever the status. Rejects only when no
     * answer came (connection refused, reset, aborted).
     */
    request(request: TransportRequest): Promise<TransportResponse>;

    /**
     * Opens a watch (the path carries `watch=1`). Resolves once the server has accepted it; rejects
     * with StatusError when it refused. `onEnd` is called exactly once, unless `stop` was called.
     */
    watch(request: TransportRequest, handler: WatchHandler): Promise<TransportWatch>;

    close(): void;
}

export interface TransportRequest {
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    /** Path with query: "/api/v1/pods?limit=500". */
    path: string;
    /** The body as an object: serialised only where bytes are needed. */
    body?: unknown;
    /** Default application/json. Patches name theirs. */
    contentType?: string | undefined;
    signal?: AbortSignal | undefined;
}

export interface TransportResponse {
    status: number;
    /** Decoded body; in-process it is the API server's own frozen object: never change it. */
    body: unknown;
}

export interface WatchHandler {
    /** Called in order. The object is frozen in-process. */
    onEvent(event: WatchEvent): void;
    /** The stream ended: by itself (undefined), or by an error. */
    onEnd(error: Error | undefined): void;
}

export interface TransportWatch {
    stop(): void;
}

export type { ApiObject, V1Status, WatchEvent };
