import type { Duplex } from 'node:stream';
import {
    flagAck,
    flagEndHeaders,
    flagEndStream,
    flagPadded,
    flagPriority,
    frame,
    frameBytesDefault,
    frameBytesLimit,
    frameHeaderBytes,
    frameType,
    setting,
    settingsFrame,
    uint32,
    windowDefault,
    windowLimit,
    writeFrameHeader,
    type FrameHeader,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { http2Code, Http2Error, type Http2Code } from './http2-error.ts';
import { Http2Stream } from './stream.ts';

/** Calls of one connection at a time. */
const streamsMax = 20_000;
/** What a client may send on one stream, and on the connection, before it has to wait. */
const streamWindow = 1024 * 1024;
const connectionWindow = 16 * 1024 * 1024;
const headerBlockBytesMax = 64 * 1024;
/** Unsent bytes in the socket from which on streams keep what they have to send. */
const socketBacklogMax = 512 * 1024;
/** Unsent bytes that a client which reads nothing may cause by control frames. */
const controlBacklogMax = 8 * 1024 * 1024;
/** Smaller pieces are put together before they are written. */
const joinedBytesMax = 64 * 1024;

export interface ConnectionHandler {
    /** A request's headers are there. */
    onStream(stream: Http2Stream, headers: ReadonlyMap<string, string>): void;
    onError(error: Error): void;
}

interface HeaderBlock {
    stream: number;
    endStream: boolean;
    parts: Buffer[];
    bytes: number;
}

/**
 * The server's side of one HTTP/2 connection (RFC 9113), as far as gRPC needs it: no push, no priorities, no
 * compression of what it sends. It accepts an `:authority` that is no valid authority, as Go's server does;
 * etcdctl sends one.
 *
 * What streams send is collected and written at the end of the turn of the event loop, all at once.
 */
export class Http2Connection {
    readonly #socket: Duplex;
    readonly #handler: ConnectionHandler;
    readonly #reader: FrameReader;
    readonly #hpack = new HpackDecoder();
    readonly #streams = new Map<number, Http2Stream>();
    /** Streams with something to send that have to wait for the client. */
    readonly #waiting = new Set<Http2Stream>();
    #out: Buffer[] = [];
    #outBytes = 0;
    #flushScheduled = false;
    #state: 'open' | 'closed' = 'open';
    #lastStream = 0;
    #block: HeaderBlock | undefined;
    #sendWindow = windowDefault;
    #unacknowledgedBytes = 0;
    #peerStreamWindow = windowDefault;
    #peerFrameBytesMax = frameBytesDefault;

    constructor(socket: Duplex, handler: ConnectionHandler) {
        this.#socket = socket;
        this.#handler = handler;
        this.#reader = new FrameReader((header, payload) => {
            this.#onFrame(header, payload);
        });
        this.#write(
            settingsFrame([
                [setting.maxConcurrentStreams, streamsMax],
                [setting.initialWindowSize, streamWindow],
            ]),
        );
        this.#writeWindowUpdate(0, connectionWindow - windowDefault);
        socket.on('data', (chunk: Buffer) => {
            this.#receive(chunk);
        });
        socket.on('drain', () => {
            this.#sendWaiting();
        });
        socket.on('close', () => {
            this.#closed();
        });
    }

    /** Says goodbye and closes. */
    close(code: Http2Code = 'none'): void {
        if (this.#state === 'closed') return;
        const payload = Buffer.concat([uint32(this.#lastStream), uint32(http2Code[code])]);
        this.#write(frame({ type: frameType.goAway, flags: 0, stream: 0 }, payload));
        this.#flush();
        this.#socket.end();
        this.#closed();
    }

    /** For streams: headers, which are the stream's last when `end` is set. */
    sendHeaders(stream: number, block: Buffer, end: boolean): void {
        const flags = flagEndHeaders | (end ? flagEndStream : 0);
        this.#write(frame({ type: frameType.headers, flags, stream }, block));
    }

    /** For streams: how many bytes of data may be sent now, at most `wanted`. */
    allowance(wanted: number): number {
        if (this.#state === 'closed') return 0;
        if (this.#socket.writableLength + this.#outBytes > socketBacklogMax) return 0;
        return Math.max(0, Math.min(wanted, this.#sendWindow, this.#peerFrameBytesMax));
    }

    /** For streams: data within the allowance. */
    sendData(stream: number, data: Buffer): void {
        this.#sendWindow -= data.length;
        const header = Buffer.allocUnsafe(frameHeaderBytes);
        writeFrameHeader(header, 0, { type: frameType.data, flags: 0, stream, length: data.length });
        this.#write(header);
        this.#write(data);
    }

    /** For streams: is told when it may go on. */
    waits(stream: Http2Stream): void {
        this.#waiting.add(stream);
    }

    reset(stream: number, code: Http2Code): void {
        this.#write(frame({ type: frameType.resetStream, flags: 0, stream }, uint32(http2Code[code])));
    }

    /** For streams: over in both directions. */
    forget(stream: Http2Stream): void {
        this.#streams.delete(stream.id);
        this.#waiting.delete(stream);
    }

    #receive(chunk: Buffer): void {
        if (this.#state === 'closed') return;
        try {
            this.#reader.push(chunk);
        } catch (error) {
            this.#handler.onError(error instanceof Error ? error : new Error(String(error)));
            this.close(error instanceof Http2Error ? error.code : 'internal');
        }
    }

    #onFrame(header: FrameHeader, payload: Buffer): void {
        if (this.#state === 'closed') return;
        if (this.#block !== undefined && header.type !== frameType.continuation) {
            throw new Http2Error('protocol', 'headers are not continued');
        }
        switch (header.type) {
            case frameType.data:
                this.#onData(header, payload);
                return;
            case frameType.headers:
                this.#onHeaders(header, payload);
                return;
            case frameType.continuation:
                this.#onContinuation(header, payload);
                return;
            case frameType.resetStream:
                this.#streams.get(header.stream)?.wasReset();
                return;
            case frameType.settings:
                this.#onSettings(header, payload);
                return;
            case frameType.ping:
                this.#onPing(header, payload);
                return;
            case frameType.windowUpdate:
                this.#onWindowUpdate(header, payload);
                return;
            case frameType.pushPromise:
                throw new Http2Error('protocol', 'clients do not push');
            default:
                // Priorities, farewells and what is not known mean nothing here.
                return;
        }
    }

    #onData(header: FrameHeader, payload: Buffer): void {
        if (header.stream === 0 || header.stream > this.#lastStream) {
            throw new Http2Error('protocol', 'data of no stream');
        }
        this.#unacknowledgedBytes += header.length;
        if (this.#unacknowledgedBytes > connectionWindow) {
            throw new Http2Error('flowControl', 'more data than was allowed');
        }
        if (this.#unacknowledgedBytes > connectionWindow / 4) {
            this.#writeWindowUpdate(0, this.#unacknowledgedBytes);
            this.#unacknowledgedBytes = 0;
        }
        const stream = this.#streams.get(header.stream);
        if (stream === undefined) return;
        const endStream = (header.flags & flagEndStream) !== 0;
        const acknowledge = stream.received(header.length, streamWindow);
        if (acknowledge > 0 && !endStream) this.#writeWindowUpdate(header.stream, acknowledge);
        stream.receive(unpadded(header, payload), endStream);
    }

    #onHeaders(header: FrameHeader, payload: Buffer): void {
        let block = unpadded(header, payload);
        if (header.flags & flagPriority) block = block.subarray(5);
        this.#block = {
            stream: header.stream,
            endStream: (header.flags & flagEndStream) !== 0,
            parts: [],
            bytes: 0,
        };
        this.#addToBlock(this.#block, block, (header.flags & flagEndHeaders) !== 0);
    }

    #onContinuation(header: FrameHeader, payload: Buffer): void {
        if (this.#block?.stream !== header.stream) throw new Http2Error('protocol', 'nothing to continue');
        this.#addToBlock(this.#block, payload, (header.flags & flagEndHeaders) !== 0);
    }

    #addToBlock(block: HeaderBlock, part: Buffer, last: boolean): void {
        block.parts.push(part);
        block.bytes += part.length;
        if (block.bytes > headerBlockBytesMax || block.parts.length > headerBlockBytesMax / 64) {
            throw new Http2Error('enhanceYourCalm', 'headers are too long');
        }
        if (!last) return;
        this.#block = undefined;
        const headers = this.#hpack.decode(block.parts.length === 1 ? part : Buffer.concat(block.parts));
        this.#onHeaderBlock(block, headers);
    }

    #onHeaderBlock({ stream: id, endStream }: HeaderBlock, headers: ReadonlyMap<string, string>): void {
        const known = this.#streams.get(id);
        if (known !== undefined) {
            // Trailers of a request say nothing but that it ends.
            known.receive(Buffer.alloc(0), endStream);
            return;
        }
        if (id % 2 === 0 || id <= this.#lastStream) throw new Http2Error('protocol', 'no new stream');
        this.#lastStream = id;
        if (this.#streams.size >= streamsMax) {
            this.reset(id, 'refusedStream');
            return;
        }
        const stream = new Http2Stream(id, this, this.#peerStreamWindow);
        this.#streams.set(id, stream);
        this.#handler.onStream(stream, headers);
        if (endStream) stream.receive(Buffer.alloc(0), true);
    }

    #onSettings(header: FrameHeader, payload: Buffer): void {
        if (header.flags & flagAck) return;
        if (payload.length % 6 !== 0) throw new Http2Error('frameSize', 'settings are cut off');
        for (let offset = 0; offset < payload.length; offset += 6) {
            this.#onSetting(payload.readUInt16BE(offset), payload.readUInt32BE(offset + 2));
        }
        this.#write(frame({ type: frameType.settings, flags: flagAck, stream: 0 }, Buffer.alloc(0)));
        this.#sendWaiting();
    }

    #onSetting(id: number, value: number): void {
        if (id === setting.initialWindowSize) {
            if (value > windowLimit) throw new Http2Error('flowControl', 'the window is too large');
            for (const stream of this.#streams.values()) stream.widen(value - this.#peerStreamWindow);
            this.#peerStreamWindow = value;
        } else if (id === setting.maxFrameSize) {
            if (value < frameBytesDefault || value > frameBytesLimit) {
                throw new Http2Error('protocol', 'no valid frame size');
            }
            this.#peerFrameBytesMax = value;
        }
    }

    #onPing(header: FrameHeader, payload: Buffer): void {
        if (payload.length !== 8) throw new Http2Error('frameSize', 'a ping has eight bytes');
        if (header.flags & flagAck) return;
        if (this.#socket.writableLength > controlBacklogMax) {
            throw new Http2Error('enhanceYourCalm', 'answers to pings are not read');
        }
        this.#write(frame({ type: frameType.ping, flags: flagAck, stream: 0 }, payload));
    }

    #onWindowUpdate(header: FrameHeader, payload: Buffer): void {
        if (payload.length !== 4) throw new Http2Error('frameSize', 'a window update has four bytes');
        const more = payload.readUInt32BE(0) & windowLimit;
        if (header.stream !== 0) {
            this.#streams.get(header.stream)?.widen(more);
            return;
        }
        this.#sendWindow += more;
        if (this.#sendWindow > windowLimit) throw new Http2Error('flowControl', 'the window is too large');
        this.#sendWaiting();
    }

    #sendWaiting(): void {
        if (this.#waiting.size === 0) return;
        const streams = [...this.#waiting];
        this.#waiting.clear();
        for (const stream of streams) stream.sendMore();
    }

    #writeWindowUpdate(stream: number, bytes: number): void {
        this.#write(frame({ type: frameType.windowUpdate, flags: 0, stream }, uint32(bytes)));
    }

    #write(bytes: Buffer): void {
        if (this.#state === 'closed') return;
        this.#out.push(bytes);
        this.#outBytes += bytes.length;
        if (this.#flushScheduled) return;
        this.#flushScheduled = true;
        setImmediate(() => {
            this.#flush();
        });
    }

    #flush(): void {
        this.#flushScheduled = false;
        const out = this.#out;
        const bytes = this.#outBytes;
        if (out.length === 0) return;
        this.#out = [];
        this.#outBytes = 0;
        if (this.#socket.destroyed) return;
        if (bytes <= joinedBytesMax) this.#socket.write(Buffer.concat(out, bytes));
        else {
            this.#socket.cork();
            for (const piece of out) this.#socket.write(piece);
            this.#socket.uncork();
        }
        this.#sendWaiting();
    }

    #closed(): void {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        for (const stream of [...this.#streams.values()]) stream.wasReset();
        this.#streams.clear();
        this.#waiting.clear();
    }
}

function unpadded(header: FrameHeader, payload: Buffer): Buffer {
    if (!(header.flags & flagPadded)) return payload;
    const padding = payload[0] ?? 0;
    if (padding >= payload.length) throw new Http2Error('protocol', 'more padding than frame');
    return payload.subarray(1, payload.length - padding);
}
