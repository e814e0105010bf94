import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './header-block.ts';

/** What a stream asks of its connection. */
export interface StreamHost {
    /** Sends data, then calls back once there is room for more. */
    sendData(stream: SpdyStream, data: Buffer, done: (error?: Error | null) => void): void;
    sendFin(stream: SpdyStream, done: (error?: Error | null) => void): void;
    sendReset(stream: SpdyStream): void;
    /** The reader took data out of the stream's buffer. */
    consumed(stream: SpdyStream): void;
    closed(stream: SpdyStream): void;
}

const bufferBytes = 64 * 1024;

/**
 * One SPDY stream as a duplex. Ending it sends FIN; destroying it before both sides have ended resets it.
 * A stream that the peer has reset is destroyed with an error only when somebody listens for errors.
 */
export class SpdyStream extends Duplex {
    readonly id: number;
    readonly headers: SpdyHeaders;
    readonly #host: StreamHost;
    #ended = { remote: false, local: false };
    #wasReset = false;
    /** How many bytes came, and how many of them the peer was told that we took. */
    receivedBytes = 0;
    acknowledgedBytes = 0;

    constructor(id: number, headers: SpdyHeaders, host: StreamHost) {
        super({ readableHighWaterMark: bufferBytes, writableHighWaterMark: bufferBytes });
        this.id = id;
        this.headers = headers;
        this.#host = host;
    }

    /** From the connection: data came. */
    receive(data: Buffer): void {
        this.receivedBytes += data.length;
        if (!this.#ended.remote && !this.destroyed) this.push(data);
    }

    /** From the connection: the peer will send no more. */
    receiveEnd(): void {
        if (this.#ended.remote) return;
        this.#ended.remote = true;
        this.push(null);
    }

    /** From the connection: the peer has reset the stream, or the connection is gone. */
    receiveReset(): void {
        this.#wasReset = true;
        this.receiveEnd();
        this.destroy();
    }

    get wasReset(): boolean {
        return this.#wasReset;
    }

    override _read(): void {
        this.#host.consumed(this);
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
        this.#host.sendData(this, chunk, done);
    }

    override _final(done: (error?: Error | null) => void): void {
        this.#ended.local = true;
        this.#host.sendFin(this, done);
    }

    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
        const complete = this.#ended.local && this.#ended.remote;
        if (!complete && !this.#wasReset) this.#host.sendReset(this);
        this.#host.closed(this);
        done(error);
    }
}
