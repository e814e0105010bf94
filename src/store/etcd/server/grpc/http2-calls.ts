import { encodeHeaders } from '../h2/header-blocks.ts';
import type { Http2Stream, StreamListener } from '../h2/stream.ts';
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
const head = [
    [':status', '200'],
    ['content-type', grpcContentType],
] as const;
const headBlock = encodeHeaders(head);
const okBlock = encodeHeaders([['grpc-status', '0']]);

export function isGrpc(headers: ReadonlyMap<string, string>): boolean {
    return headers.get('content-type')?.startsWith(grpcContentType) === true;
}

/** Runs one gRPC call on a stream. */
export function serveCall(
    stream: Http2Stream,
    headers: ReadonlyMap<string, string>,
    handlers: ReadonlyMap<string, CallHandler>,
): void {
    const call = new Http2Call(stream, headers);
    stream.listener = call;
    const handler = handlers.get(call.path);
    if (handler === undefined) call.end(undefined, unknownMethod(call.path));
    else handler(call);
}

/** As grpc-go says it. */
function unknownMethod(path: string): GrpcError {
    const [, service = '', method = ''] = path.split('/');
    return new GrpcError('unimplemented', `unknown method ${method} for service ${service}`);
}

class Http2Call implements ServerCall, StreamListener {
    listener: CallListener = silent;
    readonly path: string;
    readonly #stream: Http2Stream;
    readonly #headers: ReadonlyMap<string, string>;
    readonly #assembler: MessageAssembler;
    #state: 'new' | 'responding' | 'ended' = 'new';

    constructor(stream: Http2Stream, headers: ReadonlyMap<string, string>) {
        this.#stream = stream;
        this.#headers = headers;
        this.path = headers.get(':path') ?? '';
        this.#assembler = new MessageAssembler((message) => {
            if (this.#state !== 'ended') this.listener.onMessage(message);
        });
    }

    get backlogBytes(): number {
        return this.#stream.backlogBytes;
    }

    metadata(name: string): string | undefined {
        return this.#headers.get(name);
    }

    send(framed: Buffer): void {
        if (this.#state === 'ended') return;
        this.#respond();
        this.#stream.send(framed);
    }

    end(last?: Buffer, error?: GrpcError): void {
        if (this.#state === 'ended') return;
        if (last !== undefined) this.send(last);
        // Without any message the status is in the first and only headers.
        const prefix = this.#state === 'new' ? head : [];
        this.#state = 'ended';
        if (error === undefined && prefix.length === 0) this.#stream.end(okBlock);
        else this.#stream.end(encodeHeaders([...prefix, ...statusFields(error)]));
    }

    onData(data: Buffer): void {
        if (this.#state === 'ended') return;
        try {
            this.#assembler.push(data);
        } catch (error) {
            if (!(error instanceof GrpcError)) throw error;
            this.end(undefined, error);
            this.listener.onCancel();
        }
    }

    onEnd(): void {
        if (this.#state !== 'ended') this.listener.onHalfClose();
    }

    onClosed(): void {
        if (this.#state === 'ended') return;
        this.#state = 'ended';
        this.listener.onCancel();
    }

    onDrain(): void {
        if (this.#state === 'responding') this.listener.onDrain();
    }

    #respond(): void {
        if (this.#state !== 'new') return;
        this.#state = 'responding';
        this.#stream.respond(headBlock);
    }
}

function statusFields(error: GrpcError | undefined): (readonly [string, string])[] {
    if (error === undefined) return [['grpc-status', '0']];
    return [
        ['grpc-status', String(grpcCode[error.code])],
        ['grpc-message', encodeGrpcMessage(error.message)],
    ];
}
