import { DecodeError } from '../../proto/byte-reader.ts';
import { decode, encode, type Init } from '../../proto/message.ts';
import type { Method } from '../../proto/methods.ts';
import { frameMessage, framePrefixBytes, type CallHandler, type ServerCall } from './server-call.ts';
import { GrpcError } from './status.ts';

export interface UnaryContext {
    /** Size of the encoded request. */
    bytes: number;
}

/** Turns whatever a handler threw into a status. */
export type ErrorMapper = (error: unknown) => GrpcError;

/** Told of every call that begins and ends, for metrics. */
export interface CallObserver {
    started(path: string): void;
    ended(path: string, error: GrpcError | undefined): void;
}

export interface HandlerOptions {
    toStatus: ErrorMapper;
    observer: CallObserver;
    /** Throws when the call must not be served, by its metadata. */
    admit(call: ServerCall): void;
}

/** A handler for a method with one request and one response. */
export function unaryHandler<Request, Response>(
    method: Method<Request, Response>,
    options: HandlerOptions,
    handle: (request: Request, context: UnaryContext) => Promise<Init<Response>>,
): CallHandler {
    const { toStatus, observer } = options;
    const run = async (call: ServerCall, bytes: Buffer): Promise<void> => {
        try {
            options.admit(call);
            const response = await handle(decodeRequest(method, bytes), { bytes: bytes.length });
            call.end(encodeResponse(method, response));
            observer.ended(method.path, undefined);
        } catch (error) {
            const status = toStatus(error);
            call.end(undefined, status);
            observer.ended(method.path, status);
        }
    };
    return (call) => {
        observer.started(method.path);
        let request: Buffer | undefined;
        call.listener = {
            onMessage: (message) => {
                request = message;
            },
            onHalfClose: () => {
                // Without any message the request has no fields.
                void run(call, request ?? Buffer.alloc(0));
            },
            onCancel: () => undefined,
            onDrain: () => undefined,
        };
    };
}

export function decodeRequest<Request, Response>(method: Method<Request, Response>, bytes: Buffer): Request {
    try {
        return decode(method.request, bytes);
    } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw new GrpcError('internal', `grpc: error unmarshalling request: ${error.message}`, {
            cause: error,
        });
    }
}

export function encodeResponse<Request, Response>(
    method: Method<Request, Response>,
    response: Init<Response>,
): Buffer {
    return frameMessage(encode(method.response, response, framePrefixBytes));
}
