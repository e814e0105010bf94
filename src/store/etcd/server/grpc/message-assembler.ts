import { framePrefixBytes } from './server-call.ts';
import { GrpcError } from './status.ts';

/** etcd's limit of a request, plus what it allows for gRPC around it. */
export const messageBytesMax = 1.5 * 1024 * 1024 + 512 * 1024;

/** Cuts a stream of bytes into gRPC's messages. */
export class MessageAssembler {
    readonly #onMessage: (message: Buffer) => void;
    #chunks: Buffer[] = [];
    #bytes = 0;
    /** Bytes of the message that is being assembled, its prefix included; 0 while the prefix is incomplete. */
    #wanted = 0;

    constructor(onMessage: (message: Buffer) => void) {
        this.#onMessage = onMessage;
    }

    /** Throws GrpcError when a message is too large or compressed. */
    push(chunk: Buffer): void {
        let rest = chunk;
        if (this.#bytes > 0) {
            this.#chunks.push(chunk);
            this.#bytes += chunk.length;
            if (this.#bytes < Math.max(this.#wanted, framePrefixBytes)) return;
            rest = Buffer.concat(this.#chunks);
            this.#chunks = [];
            this.#bytes = 0;
        }
        this.#wanted = 0;
        let offset = 0;
        while (rest.length - offset >= framePrefixBytes) {
            const end = offset + messageEnd(rest, offset);
            if (rest.length < end) {
                this.#wanted = end - offset;
                break;
            }
            this.#onMessage(rest.subarray(offset + framePrefixBytes, end));
            offset = end;
        }
        if (offset === rest.length) return;
        this.#chunks.push(offset === 0 ? rest : rest.subarray(offset));
        this.#bytes = rest.length - offset;
    }
}

function messageEnd(bytes: Buffer, offset: number): number {
    if (bytes[offset] !== 0) {
        throw new GrpcError('unimplemented', 'grpc: Decompressor is not installed for grpc-encoding');
    }
    const length = bytes.readUInt32BE(offset + 1);
    if (length > messageBytesMax) {
        throw new GrpcError(
            'resourceExhausted',
            `grpc: received message larger than max (${length} vs. ${messageBytesMax})`,
        );
    }
    return framePrefixBytes + length;
}
