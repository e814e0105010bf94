import {
    type ClientHttp2Session,
    type ClientHttp2Stream,
    connect,
    constants,
    type IncomingHttpHeaders,
} from 'node:http2';
import { decode, encode, type Init } from '../proto/message.ts';
import type { Method } from '../proto/methods.ts';
import { asFrame, frameHeadBytes, FrameReader } from './frame-reader.ts';
import { grpcCodes, GrpcError } from './grpc-error.ts';

/** PEM. */
export interface EtcdTls {
    ca?: string;
    cert?: string;
    key?: string;
}

export interface GrpcStream<Request> {
    send(request: Init<Request>): void;
    cancel(): void;
}

const connectTimeoutMs = 3_000;
/** A quiet connection is asked whether it is alive; etcd refuses to be asked more often than every 5 s. */
const pingIntervalMs = 10_000;
const pingTimeoutMs = 5_000;
/** An answer may hold everything that a store has. */
const responseBytesMax = 1024 * 1024 * 1024;
const windowBytes = 8 * 1024 * 1024;

/**
 * One HTTP/2 connection to one endpoint, and gRPC calls over it: what is needed of gRPC is little, and a
 * library for it costs some 10 MB of memory. A channel that has failed is done: make a new one.
 *
 * Invariant: every call ends exactly once, with its answer or a GrpcError, also when the connection breaks.
 */
export class GrpcChannel {
    readonly endpoint: string;
    readonly #session: ClientHttp2Session;
    #state: 'connecting' | 'open' | 'failed' = 'connecting';
    #failure: unknown;
    #timers: NodeJS.Timeout[] = [];

    constructor(endpoint: string, tls: EtcdTls | undefined) {
        this.endpoint = endpoint;
        this.#session = connect(endpoint, {
            ...tls,
            settings: { initialWindowSize: windowBytes, enablePush: false },
        });
        this.#session.on('error', (error) => {
            this.#fail(error);
        });
        this.#session.on('goaway', () => {
            this.#fail(new Error('the server is going away'));
        });
        this.#session.on('close', () => {
            this.#fail(new Error('the connection was closed'));
        });
        this.#session.once('connect', () => {
            this.#opened();
        });
        this.#timer(
            setTimeout(() => {
                if (this.#state === 'connecting') this.destroy(new Error('no connection in time'));
            }, connectTimeoutMs),
        );
    }

    get hasFailed(): boolean {
        return this.#state === 'failed';
    }

    /** One request, one answer. Rejects with GrpcError. */
    unary<Request, Response>(
        method: Method<Request, Response>,
        request: Init<Request>,
        timeoutMs: number,
    ): Promise<Response> {
        return new Promise((resolve, reject) => {
            let answer: Buffer | undefined;
            const timer = setTimeout(() => {
                reject(new GrpcError({ code: grpcCodes.deadlineExceeded, message: 'no answer in time' }));
                stream?.close(constants.NGHTTP2_CANCEL);
            }, timeoutMs);
            const metadata = { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` };
            const stream = this.#call(method.path, metadata, {
                onMessage: (message) => (answer = message),
                onEnd: (error) => {
                    clearTimeout(timer);
                    if (error !== undefined) reject(error);
                    else if (answer === undefined) reject(unavailable('the answer is missing'));
                    else resolve(decode(method.response, answer));
                },
            });
            stream?.end(asFrame(encode(method.request, request, frameHeadBytes)));
        });
    }

    /** A stream in both directions. `onEnd` is called once, with undefined when the server ended it well. */
    stream<Request, Response>(
        method: Method<Request, Response>,
        metadata: Readonly<Record<string, string>>,
        listener: { onMessage(message: Response): void; onEnd(error: GrpcError | undefined): void },
    ): GrpcStream<Request> {
        let isOver = false;
        const onEnd = (error: GrpcError | undefined): void => {
            if (isOver) return;
            isOver = true;
            listener.onEnd(error);
        };
        const stream = this.#call(method.path, metadata, {
            onMessage: (message) => {
                if (!isOver) listener.onMessage(decode(method.response, message));
            },
            onEnd,
        });
        return {
            send: (request) => {
                if (!isOver) stream?.write(asFrame(encode(method.request, request, frameHeadBytes)));
            },
            cancel: () => {
                isOver = true;
                stream?.close(constants.NGHTTP2_CANCEL);
            },
        };
    }

    /** Takes no more calls; those under way have `timeoutMs` to end. */
    retire(timeoutMs: number): void {
        this.#fail(new Error('the connection is not used any more'));
        setTimeout(() => {
            this.#session.destroy();
        }, timeoutMs).unref();
    }

    /** Ends the connection; calls that are under way fail. */
    destroy(reason = new Error('the connection was ended')): void {
        this.#fail(reason);
        this.#session.destroy();
    }

    /** Undefined when there is no connection any more: `onEnd` is called soon. */
    #call(
        path: string,
        metadata: Readonly<Record<string, string>>,
        listener: { onMessage(message: Buffer): void; onEnd(error: GrpcError | undefined): void },
    ): ClientHttp2Stream | undefined {
        if (this.#state === 'failed' || this.#session.destroyed || this.#session.closed) {
            queueMicrotask(() => {
                listener.onEnd(unavailable('no connection', { isUnsent: true, cause: this.#failure }));
            });
            return undefined;
        }
        const stream = this.#session.request({
            [constants.HTTP2_HEADER_METHOD]: 'POST',
            [constants.HTTP2_HEADER_PATH]: path,
            'content-type': 'application/grpc',
            te: 'trailers',
            ...metadata,
        });
        this.#listen(stream, listener);
        return stream;
    }

    #listen(
        stream: ClientHttp2Stream,
        listener: { onMessage(message: Buffer): void; onEnd(error: GrpcError | undefined): void },
    ): void {
        const reader = new FrameReader(responseBytesMax);
        let status: IncomingHttpHeaders = {};
        let failure: unknown;
        const onHeaders = (headers: IncomingHttpHeaders): void => {
            status = headers;
        };
        stream.on('response', onHeaders);
        stream.on('trailers', onHeaders);
        stream.on('data', (chunk: Buffer) => {
            try {
                for (const message of reader.push(chunk)) listener.onMessage(message);
            } catch (error) {
                failure = error;
                stream.close(constants.NGHTTP2_CANCEL);
            }
        });
        stream.on('error', (error: Error) => (failure ??= error));
        stream.on('close', () => {
            const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
            const isUnsent = isRefused || stream.id === undefined || stream.pending;
            listener.onEnd(outcomeOf(status, { isUnsent, cause: failure ?? this.#failure }));
        });
    }

    #opened(): void {
        if (this.#state !== 'connecting') return;
        this.#state = 'open';
        this.#session.setLocalWindowSize(windowBytes);
        this.#timer(
            setInterval(() => {
                this.#ping();
            }, pingIntervalMs),
        );
    }

    #ping(): void {
        const timer = setTimeout(() => {
            this.destroy(new Error('the server does not answer pings'));
        }, pingTimeoutMs);
        timer.unref();
        const isSent = this.#session.ping(() => {
            clearTimeout(timer);
        });
        if (!isSent) clearTimeout(timer);
    }

    #fail(error: unknown): void {
        if (this.#state === 'failed') return;
        this.#state = 'failed';
        this.#failure = error;
        for (const timer of this.#timers) clearTimeout(timer);
        // Calls that a server going away still answers may end.
        if (!this.#session.destroyed) this.#session.close();
    }

    #timer(timer: NodeJS.Timeout): void {
        timer.unref();
        this.#timers.push(timer);
    }
}

function outcomeOf(
    headers: IncomingHttpHeaders,
    { isUnsent, cause }: { isUnsent: boolean; cause: unknown },
): GrpcError | undefined {
    const status = headers['grpc-status'];
    if (status === '0') return undefined;
    if (typeof status !== 'string') {
        const text = cause instanceof Error ? `the connection broke: ${cause.message}` : 'the call broke off';
        return unavailable(text, { isUnsent, cause });
    }
    const message = headers['grpc-message'];
    return new GrpcError({
        code: Number(status),
        message: typeof message === 'string' ? decodeMessage(message) : `status ${status}`,
    });
}

/** gRPC writes percent signs for what is not printable ASCII. */
function decodeMessage(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function unavailable(
    message: string,
    { isUnsent = false, cause }: { isUnsent?: boolean; cause?: unknown } = {},
): GrpcError {
    return new GrpcError({ code: grpcCodes.unavailable, message, isUnsent }, { cause });
}
