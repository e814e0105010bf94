import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** From v5 on: a message on this channel, holding a channel's number, ends that channel. */
export const closeChannel = 255;
const bufferBytes = 64 * 1024;

export interface ChannelOptions {
    /** Text messages with a digit and base64 instead of binary ones with a byte. */
    base64: boolean;
    /** Whether 255 ends a channel. */
    halfClose: boolean;
}

/**
 * Several byte streams over one WebSocket: every message starts with the number of its channel. When a
 * reader is slow the whole socket waits, as it does upstream.
 */
export class WebSocketChannels {
    readonly #webSocket: WebSocket;
    readonly #options: ChannelOptions;
    readonly #readers = new Map<number, Readable>();
    readonly #full = new Set<number>();

    constructor(webSocket: WebSocket, options: ChannelOptions) {
        this.#webSocket = webSocket;
        this.#options = options;
        webSocket.on('message', (data) => this.#receive(toBuffer(data)));
        webSocket.once('close', () => {
            for (const reader of this.#readers.values()) reader.push(null);
        });
    }

    /** Ends with the client's half-close, or with the socket. */
    reader(channel: number): Readable {
        const reader = new Readable({
            highWaterMark: bufferBytes,
            read: () => {
                if (this.#full.delete(channel) && this.#full.size === 0) this.#webSocket.resume();
            },
        });
        this.#readers.set(channel, reader);
        return reader;
    }

    writer(channel: number): Writable {
        return new Writable({
            highWaterMark: bufferBytes,
            write: (chunk: Buffer, _encoding, done) => {
                this.send(channel, chunk, done);
            },
        });
    }

    send(channel: number, data: Buffer, done?: (error?: Error | null) => void): void {
        const message = this.#options.base64
            ? `${channel}${data.toString('base64')}`
            : Buffer.concat([Buffer.from([channel]), data]);
        this.#webSocket.send(message, (error) => done?.(error ?? null));
    }

    #receive(message: Buffer): void {
        if (message.length === 0) return;
        const first = message[0] ?? 0;
        const channel = this.#options.base64 ? first - '0'.charCodeAt(0) : first;
        if (this.#options.halfClose && channel === closeChannel) {
            this.#end(message[1] ?? -1);
            return;
        }
        const reader = this.#readers.get(channel);
        if (reader === undefined || message.length === 1) return;
        const rest = message.subarray(1);
        const data = this.#options.base64 ? Buffer.from(rest.toString('latin1'), 'base64') : rest;
        if (reader.push(data) || reader.destroyed) return;
        this.#full.add(channel);
        this.#webSocket.pause();
    }

    #end(channel: number): void {
        this.#readers.get(channel)?.push(null);
        this.#readers.delete(channel);
    }
}

function toBuffer(data: RawData): Buffer {
    if (Array.isArray(data)) return Buffer.concat(data);
    return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
