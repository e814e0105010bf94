import { frameBytesDefault, frameHeaderBytes, type FrameHeader } from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** How every HTTP/2 connection begins, on the client's side. */
export const connectionPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Cuts a connection's bytes into frames. */
export class FrameReader {
    readonly #onFrame: (header: FrameHeader, payload: Buffer) => void;
    #rest: Buffer[] = [];
    #bytes = 0;
    #wanted = connectionPreface.length;
    #state: 'preface' | 'frames' = 'preface';

    constructor(onFrame: (header: FrameHeader, payload: Buffer) => void) {
        this.#onFrame = onFrame;
    }

    /** Throws Http2Error. */
    push(chunk: Buffer): void {
        this.#rest.push(chunk);
        this.#bytes += chunk.length;
        if (this.#bytes < this.#wanted) return;
        const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
        this.#rest = [];
        this.#bytes = 0;
        const consumed = this.#consume(bytes);
        if (consumed === bytes.length) return;
        this.#rest.push(bytes.subarray(consumed));
        this.#bytes = bytes.length - consumed;
    }

    #consume(bytes: Buffer): number {
        let offset = this.#state === 'preface' ? this.#preface(bytes) : 0;
        for (;;) {
            this.#wanted = frameHeaderBytes;
            if (bytes.length - offset < frameHeaderBytes) return offset;
            const length = bytes.readUIntBE(offset, 3);
            if (length > frameBytesDefault) throw new Http2Error('frameSize', 'a frame is too large');
            const start = offset + frameHeaderBytes;
            if (bytes.length < start + length) {
                this.#wanted = frameHeaderBytes + length;
                return offset;
            }
            const header = {
                type: bytes[offset + 3] ?? 0,
                flags: bytes[offset + 4] ?? 0,
                stream: bytes.readUInt32BE(offset + 5) & 0x7fffffff,
                length,
            };
            offset = start + length;
            this.#onFrame(header, bytes.subarray(start, offset));
        }
    }

    #preface(bytes: Buffer): number {
        if (!bytes.subarray(0, connectionPreface.length).equals(connectionPreface)) {
            throw new Http2Error('protocol', 'the connection does not begin as HTTP/2 does');
        }
        this.#state = 'frames';
        return connectionPreface.length;
    }
}
