import type { GrpcError } from './status.ts';

/**
 * One RPC as its handler sees it. The transport calls the handler once the request's headers are there, and
 * the listener's methods afterwards, `onCancel` last: when the client is gone, or has reset the stream.
 */
export interface ServerCall {
    readonly path: string;
    metadata(name: string): string | undefined;
    /** Bytes that were sent and that the client has not taken yet. */
    readonly backlogBytes: number;
    /** `framed` begins with the five bytes of gRPC's framing, see `frameMessage`. */
    send(framed: Buffer): void;
    /** The last message, if any, and the status; a call ends once, later calls do nothing. */
    end(last?: Buffer, error?: GrpcError): void;
    /** Set by the handler, before it returns. */
    listener: CallListener;
}

export interface CallListener {
    onMessage(message: Buffer): void;
    /** The client has sent its last message. */
    onHalfClose(): void;
    onCancel(): void;
    /** The backlog is empty again. */
    onDrain(): void;
}

export type CallHandler = (call: ServerCall) => void;

/** Bytes of the framing: whether the message is compressed, and its length. */
export const framePrefixBytes = 5;

/** Fills in the framing that `encode(type, value, framePrefixBytes)` left room for. */
export function frameMessage(bytes: Buffer): Buffer {
    bytes[0] = 0;
    bytes.writeUInt32BE(bytes.length - framePrefixBytes, 1);
    return bytes;
}
