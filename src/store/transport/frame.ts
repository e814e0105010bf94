import { MalformedMessageError } from './binary.ts';

/**
 * How the byte stream between two members is cut into pieces:
 *
 *     length of what follows: 4 bytes, big-endian │ kind: 1 byte │ body
 *
 * The one who has dialled sends hello first, and nothing else before the other's welcome.
 */
export const frameHeaderBytes = 5;
/** A snapshot chunk or an entry of the largest request fits in with much room to spare. */
export const frameBytesMax = 16 * 1024 * 1024;
/** Before the welcome nobody is trusted with memory. */
export const greetingBytesMax = 4 * 1024;

/** Fixed numbers: they are on the wire. */
export const frameKinds = {
    hello: 1,
    welcome: 2,
    /** Why the connection is not wanted; the last frame of its sender. */
    refusal: 3,
    message: 4,
    request: 5,
    response: 6,
    ping: 7,
    pong: 8,
    /** The acceptor has new certificates: dial again, then close this connection. */
    renew: 9,
} as const;
export type FrameKind = keyof typeof frameKinds;

const kindNames = new Map<number, FrameKind>(
    (Object.keys(frameKinds) as FrameKind[]).map((name) => [frameKinds[name], name]),
);

export interface Frame {
    kind: FrameKind;
    body: Buffer;
    /** With its header. */
    bytes: Buffer;
}

/** A whole frame around a body, copying it. */
export function encodeFrame(kind: FrameKind, body: Uint8Array): Buffer {
    const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length);
    frame.writeUInt32BE(body.length + 1);
    frame[4] = frameKinds[kind];
    frame.set(body, frameHeaderBytes);
    return frame;
}

/**
 * Puts frames together from what arrives in pieces of any size. A frame that lies within one piece is a view
 * of it; only what spans pieces is copied, once, into a buffer of its size.
 */
export class FrameReader {
    /** Lowered until the other side is known. */
    bytesMax: number;
    /** What is there of an incomplete header, or the incomplete frame itself. */
    #header: Buffer = Buffer.alloc(0);
    #partial: Buffer | undefined;
    #filled = 0;

    constructor(bytesMax: number) {
        this.bytesMax = bytesMax;
    }

    /** The frames that `piece` completes. Throws MalformedMessageError; the reader is of no use after that. */
    *read(piece: Buffer): Generator<Frame> {
        let rest = piece;
        while (rest.length > 0) {
            if (this.#partial !== undefined) {
                const copied = rest.copy(this.#partial, this.#filled);
                this.#filled += copied;
                rest = rest.subarray(copied);
                if (this.#filled < this.#partial.length) return;
                const complete = this.#partial;
                this.#partial = undefined;
                yield toFrame(complete);
                continue;
            }
            if (this.#header.length > 0) {
                rest = Buffer.concat([this.#header, rest]);
                this.#header = Buffer.alloc(0);
            }
            if (rest.length < frameHeaderBytes) {
                this.#header = Buffer.from(rest);
                return;
            }
            const size = this.#frameSize(rest);
            if (rest.length < size) {
                this.#partial = Buffer.allocUnsafeSlow(size);
                this.#filled = rest.copy(this.#partial);
                return;
            }
            yield toFrame(rest.subarray(0, size));
            rest = rest.subarray(size);
        }
    }

    #frameSize(header: Buffer): number {
        const length = header.readUInt32BE();
        if (length < 1 || length > this.bytesMax)
            throw new MalformedMessageError(`a frame of ${length} bytes`);
        return length + 4;
    }
}

function toFrame(bytes: Buffer): Frame {
    const kind = kindNames.get(bytes[4] ?? 0);
    if (kind === undefined) throw new MalformedMessageError(`frame kind ${bytes[4] ?? 0}`);
    return { kind, body: bytes.subarray(frameHeaderBytes), bytes };
}
