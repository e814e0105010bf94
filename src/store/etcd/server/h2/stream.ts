import type { Http2Connection } from './connection.ts';
import { windowLimit } from './frame.ts';
import { Http2Error } from './http2-error.ts';

/** What a stream tells who serves it. Nothing comes after `onClosed`. */
export interface StreamListener {
    onData(data: Buffer): void;
    /** The client has sent everything. */
    onEnd(): void;
    /** The client is gone, or does not want the answer. */
    onClosed(): void;
    /** Everything that was sent has been handed to the socket. */
    onDrain(): void;
}

const deaf: StreamListener = {
    onData: () => undefined,
    onEnd: () => undefined,
    onClosed: () => undefined,
    onDrain: () => undefined,
};

/**
 * One request and its response. Sending never fails: what flow control does not allow yet is kept, and
 * `backlogBytes` says how much that is.
 */
export class Http2Stream {
    readonly id: number;
    listener: StreamListener = deaf;
    readonly #connection: Http2Connection;
    #window: number;
    #queue: Buffer[] = [];
    #backlogBytes = 0;
    #trailers: Buffer | undefined;
    #unacknowledgedBytes = 0;
    #sending: 'open' | 'ending' | 'ended' = 'open';
    #receiving: 'open' | 'ended' = 'open';

    constructor(id: number, connection: Http2Connection, window: number) {
        this.id = id;
        this.#connection = connection;
        this.#window = window;
    }

    get backlogBytes(): number {
        return this.#backlogBytes;
    }

    respond(block: Buffer): void {
        if (this.#sending === 'open') this.#connection.sendHeaders(this.id, block, false);
    }

    send(data: Buffer): void {
        if (this.#sending !== 'open') return;
        this.#queue.push(data);
        this.#backlogBytes += data.length;
        this.sendMore();
    }

    /** The last headers, after all data; the response's only ones when nothing was sent. */
    end(trailers: Buffer): void {
        if (this.#sending !== 'open') return;
        this.#sending = 'ending';
        this.#trailers = trailers;
        this.sendMore();
    }

    /** Sends what is allowed now. Called by the connection when more is. */
    sendMore(): void {
        if (this.#sending === 'ended') return;
        const hadBacklog = this.#backlogBytes > 0;
        for (let data = this.#queue[0]; data !== undefined; data = this.#queue[0]) {
            const allowed = this.#connection.allowance(Math.min(data.length, Math.max(this.#window, 0)));
            if (allowed === 0 && data.length > 0) {
                this.#connection.waits(this);
                return;
            }
            this.#connection.sendData(this.id, allowed === data.length ? data : data.subarray(0, allowed));
            this.#window -= allowed;
            this.#backlogBytes -= allowed;
            if (allowed === data.length) this.#queue.shift();
            else this.#queue[0] = data.subarray(allowed);
        }
        if (this.#trailers !== undefined) this.#finish(this.#trailers);
        else if (hadBacklog) this.listener.onDrain();
    }

    /** Counts what came; returns how much of the window to give back, if it is time to. */
    received(bytes: number, window: number): number {
        this.#unacknowledgedBytes += bytes;
        if (this.#unacknowledgedBytes > window) {
            throw new Http2Error('flowControl', 'more data than was allowed');
        }
        if (this.#unacknowledgedBytes <= window / 4) return 0;
        const acknowledged = this.#unacknowledgedBytes;
        this.#unacknowledgedBytes = 0;
        return acknowledged;
    }

    receive(data: Buffer, end: boolean): void {
        if (this.#receiving === 'ended') throw new Http2Error('streamClosed', 'data after the end');
        if (data.length > 0) this.listener.onData(data);
        if (!end) return;
        this.#receiving = 'ended';
        this.listener.onEnd();
        if (this.#sending === 'ended') this.#connection.forget(this);
    }

    widen(bytes: number): void {
        this.#window += bytes;
        if (this.#window > windowLimit) throw new Http2Error('flowControl', 'the window is too large');
        if (this.#queue.length > 0) this.sendMore();
    }

    wasReset(): void {
        const { listener } = this;
        this.listener = deaf;
        this.#sending = 'ended';
        this.#receiving = 'ended';
        this.#queue = [];
        this.#backlogBytes = 0;
        this.#connection.forget(this);
        listener.onClosed();
    }

    #finish(trailers: Buffer): void {
        this.#sending = 'ended';
        this.#connection.sendHeaders(this.id, trailers, true);
        // What the client might still send is not wanted.
        if (this.#receiving === 'open') this.#connection.reset(this.id, 'none');
        this.#connection.forget(this);
    }
}
