import type { Socket } from 'node:net';
import { MalformedMessageError } from './binary.ts';
import { type Frame, frameBytesMax, FrameReader, greetingBytesMax } from './frame.ts';
import { tcpKeepAliveDelayMs } from './transport-bounds.ts';

/** After `end` the other side has so long to read what was written. */
const endGraceMs = 1_000;

/**
 * Frames over one socket. Invariants: after `onClose` nothing is called any more, and it is called exactly once,
 * for whatever reason the socket ends; a malformed frame closes the connection.
 */
export class Connection {
    readonly socket: Socket;
    readonly #reader = new FrameReader(greetingBytesMax);
    #state: 'open' | 'ending' | 'closed' = 'open';
    #error: Error | undefined;
    #heard = true;
    #silences = 0;
    onFrame: (frame: Frame) => void = () => undefined;
    onClose: (error: Error | undefined) => void = () => undefined;

    constructor(socket: Socket) {
        this.socket = socket;
        socket.setNoDelay(true);
        socket.setKeepAlive(true, tcpKeepAliveDelayMs);
        socket.on('data', (piece: Buffer) => {
            this.#receive(piece);
        });
        socket.on('error', (error) => {
            this.#error ??= error;
        });
        socket.on('close', () => {
            if (this.#state === 'closed') return;
            this.#state = 'closed';
            this.onClose(this.#error);
        });
    }

    get open(): boolean {
        return this.#state === 'open';
    }

    /**
     * To be called at intervals: how many of them have passed in which nothing was heard. Counted, not measured:
     * a process that was stopped for an hour must not find its connections dead before it has read from them.
     */
    countSilence(): number {
        this.#silences = this.#heard ? 0 : this.#silences + 1;
        this.#heard = false;
        return this.#silences;
    }

    /** Resolves when the socket is closed. */
    async closed(): Promise<void> {
        if (this.#state === 'closed') return;
        await new Promise((resolve) => this.socket.once('close', resolve));
    }

    /** The other side is known now: frames may be large. */
    trust(): void {
        this.#reader.bytesMax = frameBytesMax;
    }

    /** False, and nothing is sent, when it is closed or more than `queueBytesMax` would wait. */
    write(bytes: Uint8Array, queueBytesMax = Infinity): boolean {
        if (this.#state !== 'open') return false;
        const queued = this.socket.writableLength;
        // What is larger than the whole queue may go when nothing else waits.
        if (queued > 0 && queued + bytes.length > queueBytesMax) return false;
        this.socket.write(bytes);
        return true;
    }

    /** Sends what waits, then closes. */
    end(lastFrame?: Uint8Array): void {
        if (this.#state !== 'open') return;
        this.#state = 'ending';
        if (lastFrame === undefined) this.socket.end();
        else this.socket.end(lastFrame);
        setTimeout(() => {
            this.socket.destroy();
        }, endGraceMs).unref();
    }

    destroy(error?: Error): void {
        this.#error ??= error;
        this.socket.destroy();
    }

    #receive(piece: Buffer): void {
        this.#heard = true;
        try {
            for (const frame of this.#reader.read(piece)) {
                if (this.#state === 'closed') return;
                this.onFrame(frame);
            }
        } catch (error) {
            if (!(error instanceof MalformedMessageError)) throw error;
            this.destroy(error);
        }
    }
}
