import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { MessageAssembler } from './message-assembler.ts';
import type { CallHandler, CallListener, ServerCall } from './server-call.ts';
import { encodeGrpcMessage, grpcCode, GrpcError } from './status.ts';

const silent: CallListener = {
    onMessage: () => undefined,
    onHalfClose: () => undefined,
    onCancel: () => undefined,
    onDrain: () => undefined,
};

const grpcContentType = 'application/grpc';

export function isGrpc(headers: IncomingHttpHeaders): boolean {
    return headers['content-type']?.startsWith(grpcContentType) === true;
}

/** Runs one gRPC call on a stream of node:http2. */
export function serveCall(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    handlers: ReadonlyMap<string, CallHandler>,
): void {
    const path = headers[':path'];
    const call = new Http2Call(stream, headers);
    const handler = typeof path === 'string' ? handlers.get(path) : undefined;
    if (handler === undefined) {
        call.end(undefined, unknownMethod(String(path)));
        return;
    }
    handler(call);
    call.receive();
}

/** As grpc-go says it. */
export function unknownMethod(path: string): GrpcError {
    const [, service = '', method = ''] = path.split('/');
    return new GrpcError('unimplemented', `unknown service ${service} or method ${method}`);
}

class Http2Call implements ServerCall {
    listener: CallListener = silent;
    readonly path: string;
    readonly #stream: ServerHttp2Stream;
    readonly #headers: IncomingHttpHeaders;
    #state: 'new' | 'responding' | 'ended' = 'new';
    #trailers: Record<string, string> = { 'grpc-status': '0' };

    constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
        this.#stream = stream;
        this.#headers = headers;
        this.path = String(headers[':path']);
        stream.on('error', () => undefined);
    }

    get backlogBytes(): number {
        return this.#stream.writableLength;
    }

    metadata(name: string): string | undefined {
        const value = this.#headers[name];
        return Array.isArray(value) ? value[0] : value;
    }

    receive(): void {
        const stream = this.#stream;
        const assembler = new MessageAssembler((message) => {
            if (this.#state !== 'ended') this.listener.onMessage(message);
        });
        stream.on('data', (chunk: Buffer) => {
            try {
                assembler.push(chunk);
            } catch (error) {
                this.end(undefined, error instanceof GrpcError ? error : internalError(error));
            }
        });
        stream.on('end', () => {
            if (this.#state !== 'ended') this.listener.onHalfClose();
        });
        stream.on('drain', () => {
            if (this.#state === 'responding') this.listener.onDrain();
        });
        stream.on('close', () => {
            if (this.#state === 'ended') return;
            this.#state = 'ended';
            this.listener.onCancel();
        });
    }

    send(framed: Buffer): void {
        if (this.#state === 'ended' || this.#stream.destroyed) return;
        this.#respond();
        this.#stream.write(framed);
    }

    end(last?: Buffer, error?: GrpcError): void {
        if (this.#state === 'ended' || this.#stream.destroyed) return;
        if (error !== undefined) {
            this.#trailers = {
                'grpc-status': String(grpcCode[error.code]),
                'grpc-message': encodeGrpcMessage(error.message),
            };
        }
        if (this.#state === 'new' && last === undefined) this.#endWithoutBody();
        else {
            this.#respond();
            this.#stream.end(last);
        }
        this.#state = 'ended';
        this.#stream.resume();
    }

    #endWithoutBody(): void {
        const headers = { ':status': 200, 'content-type': grpcContentType, ...this.#trailers };
        this.#stream.respond(headers, { endStream: true });
        // What the client still sends is not wanted.
        if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    }

    #respond(): void {
        if (this.#state !== 'new') return;
        this.#state = 'responding';
        const stream = this.#stream;
        stream.once('wantTrailers', () => {
            stream.sendTrailers(this.#trailers);
        });
        stream.respond({ ':status': 200, 'content-type': grpcContentType }, { waitForTrailers: true });
    }
}

function internalError(cause: unknown): GrpcError {
    return new GrpcError('internal', cause instanceof Error ? cause.message : String(cause), { cause });
}
