/** A frame's head: one byte that says whether it is compressed (never here), four with the length. */
export const frameHeadBytes = 5;

/** Cuts a gRPC stream of bytes into its messages, however they were cut on the way. */
export class FrameReader {
    readonly #bytesMax: number;
    #chunks: Buffer[] = [];
    #bytes = 0;

    /** A message above `bytesMax` is an error of the stream. */
    constructor(bytesMax: number) {
        this.#bytesMax = bytesMax;
    }

    /** The messages that are complete with `chunk`. Throws RangeError when one is too large. */
    push(chunk: Buffer): Buffer[] {
        this.#chunks.push(chunk);
        this.#bytes += chunk.length;
        const messages: Buffer[] = [];
        while (this.#bytes >= frameHeadBytes) {
            const length = this.#joined(frameHeadBytes).readUInt32BE(1);
            if (length > this.#bytesMax) throw new RangeError(`a message of ${length} bytes`);
            const total = frameHeadBytes + length;
            if (this.#bytes < total) break;
            const buffer = this.#joined(total);
            messages.push(buffer.subarray(frameHeadBytes, total));
            this.#chunks[0] = buffer.subarray(total);
            this.#bytes -= total;
        }
        return messages;
    }

    /** The first chunk, made at least `bytes` long; each byte is copied at most twice. */
    #joined(bytes: number): Buffer {
        const [first = Buffer.alloc(0)] = this.#chunks;
        if (first.length >= bytes) return first;
        const all = Buffer.concat(this.#chunks);
        this.#chunks = [all];
        return all;
    }
}

/** Fills the head of a frame whose first bytes were left free for it. */
export function asFrame(buffer: Buffer): Buffer {
    buffer[0] = 0;
    buffer.writeUInt32BE(buffer.length - frameHeadBytes, 1);
    return buffer;
}
