import type { Duplex } from 'node:stream';
import {
    controlFrame,
    dataFrameHeader,
    flagFin,
    flagUnidirectional,
    type FrameEvent,
    FrameParser,
    frameTypes,
    goAwayStatus,
    readSetting,
    rstStatus,
    settingInitialWindowSize,
    words,
} from './frames.ts';
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from './header-block.ts';
import { SendWindows } from './send-windows.ts';
import { SpdyStream, type StreamHost } from './stream.ts';

export interface SpdyConnectionOptions {
    /** False refuses a new stream of the peer. */
    accepts(headers: SpdyHeaders): boolean;
    /** A new stream, after its SYN_REPLY. */
    onStream(stream: SpdyStream): void;
    /** Exactly once, whoever closed. */
    onClose(): void;
}

const dataFrameMaxBytes = 32 * 1024;
/** A reader that does not read: above this the whole connection waits for it. */
const streamBufferMaxBytes = 1024 * 1024;
const windowUpdateMinBytes = 32 * 1024;
/** Bound of a peer that opens streams without end. */
const streamsMax = 4096;
const lingerMs = 1_000;
const streamIdMask = 0x7fff_ffff;

/**
 * The server's side of a SPDY/3.1 connection over any byte stream.
 *
 * Invariants: frames are handled in the order in which they came (unpacking headers is asynchronous, so
 * the input waits meanwhile); a stream is in `#streams` until both halves have ended or it was reset; data
 * for unknown streams is dropped.
 *
 * Flow control: what readers take is acknowledged with WINDOW_UPDATE. Sending obeys the peer's windows as
 * soon as the peer has shown that it knows about windows (send-windows.ts).
 */
export class SpdyConnection implements StreamHost {
    readonly #socket: Duplex;
    readonly #options: SpdyConnectionOptions;
    readonly #parser = new FrameParser();
    readonly #decoder = new HeaderDecoder();
    readonly #encoder = new HeaderEncoder();
    readonly #windows = new SendWindows();
    readonly #streams = new Map<number, SpdyStream>();
    /** Streams whose reader is too slow; the socket is paused while there are any. */
    readonly #clogged = new Set<SpdyStream>();
    #lastStreamId = 0;
    #sessionUnacknowledged = 0;
    #state: 'open' | 'closing' | 'closed' = 'open';

    constructor(socket: Duplex, options: SpdyConnectionOptions) {
        this.#socket = socket;
        this.#options = options;
        socket.on('error', () => undefined);
        socket.once('close', () => this.#closed());
        void this.#read();
    }

    /** Waits a moment for the peer to close first, as it does once it has read everything. */
    close(): void {
        if (this.#state !== 'open') return;
        this.#state = 'closing';
        const timer = setTimeout(() => {
            this.#socket.end(controlFrame(frameTypes.goAway, 0, words(this.#lastStreamId, goAwayStatus.ok)));
            setTimeout(() => this.#socket.destroy(), lingerMs).unref();
        }, lingerMs);
        timer.unref();
        this.#socket.once('close', () => {
            clearTimeout(timer);
        });
    }

    destroy(): void {
        this.#socket.destroy();
    }

    async #read(): Promise<void> {
        try {
            for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
                for (const event of this.#parser.feed(chunk)) await this.#handle(event);
                while (this.#clogged.size > 0 && !this.#socket.destroyed) await this.#untilUnclogged();
            }
        } catch {
            this.#write(
                controlFrame(frameTypes.goAway, 0, words(this.#lastStreamId, goAwayStatus.protocolError)),
            );
        }
        this.#socket.destroy();
    }

    #unclog: (() => void) | undefined;

    #untilUnclogged(): Promise<void> {
        return new Promise((resolve) => {
            this.#unclog = resolve;
            this.#socket.once('close', resolve);
        });
    }

    async #handle(event: FrameEvent): Promise<void> {
        if (event.kind === 'data') {
            this.#handleData(event);
            return;
        }
        const { type, flags, payload } = event;
        switch (type) {
            case frameTypes.synStream:
                await this.#openStream(flags, payload);
                return;
            case frameTypes.headers:
            case frameTypes.synReply:
                // Headers must be unpacked even when nobody wants them: the packer's state is shared.
                await this.#decoder.decode(payload.subarray(4));
                return;
            case frameTypes.rstStream:
                this.#streams.get(streamIdOf(payload))?.receiveReset();
                return;
            case frameTypes.ping:
                // Ours would be even; the peer's (odd) are echoed.
                if (payload.readUInt32BE(0) % 2 === 1) this.#write(controlFrame(frameTypes.ping, 0, payload));
                return;
            case frameTypes.settings:
                this.#windows.setInitial(readSetting(payload, settingInitialWindowSize));
                return;
            case frameTypes.windowUpdate:
                this.#windows.grow(streamIdOf(payload), payload.readUInt32BE(4) & streamIdMask);
                return;
            default:
                // GOAWAY: its streams still end by themselves. Unknown frames are to be ignored.
                return;
        }
    }

    async #openStream(flags: number, payload: Buffer): Promise<void> {
        const id = streamIdOf(payload);
        const headers = await this.#decoder.decode(payload.subarray(10));
        if (id % 2 === 0 || id <= this.#lastStreamId) throw new Error(`bad stream id ${id}`);
        this.#lastStreamId = id;
        const hasRoom = this.#state === 'open' && this.#streams.size < streamsMax;
        if (!hasRoom || !this.#options.accepts(headers)) {
            this.#write(controlFrame(frameTypes.rstStream, 0, words(id, rstStatus.refusedStream)));
            return;
        }
        const stream = new SpdyStream(id, headers, this);
        this.#streams.set(id, stream);
        stream.on('error', () => undefined);
        this.#write(
            controlFrame(frameTypes.synReply, 0, Buffer.concat([words(id), this.#encoder.encode({})])),
        );
        this.#options.onStream(stream);
        if ((flags & flagUnidirectional) !== 0) stream.end();
        if ((flags & flagFin) !== 0) stream.receiveEnd();
    }

    #handleData({ streamId, data, last }: FrameEvent & { kind: 'data' }): void {
        this.#acknowledgeSession(data.length);
        const stream = this.#streams.get(streamId);
        if (stream === undefined) return;
        if (data.length > 0) stream.receive(data);
        if (last) stream.receiveEnd();
        if (stream.readableLength > streamBufferMaxBytes) this.#clogged.add(stream);
    }

    #acknowledgeSession(bytes: number): void {
        this.#sessionUnacknowledged += bytes;
        if (this.#sessionUnacknowledged < windowUpdateMinBytes) return;
        this.#write(controlFrame(frameTypes.windowUpdate, 0, words(0, this.#sessionUnacknowledged)));
        this.#sessionUnacknowledged = 0;
    }

    consumed(stream: SpdyStream): void {
        if (this.#clogged.has(stream) && stream.readableLength < streamBufferMaxBytes / 2) {
            this.#clogged.delete(stream);
            if (this.#clogged.size === 0) this.#unclog?.();
        }
        const taken = stream.receivedBytes - stream.readableLength - stream.acknowledgedBytes;
        if (taken < windowUpdateMinBytes || !this.#streams.has(stream.id)) return;
        stream.acknowledgedBytes += taken;
        this.#write(controlFrame(frameTypes.windowUpdate, 0, words(stream.id, taken)));
    }

    sendData(stream: SpdyStream, data: Buffer, done: (error?: Error | null) => void): void {
        if (data.length === 0) {
            done();
            return;
        }
        this.#windows.take(stream.id, Math.min(data.length, dataFrameMaxBytes), (granted) => {
            if (this.#socket.destroyed || stream.destroyed) {
                done(new Error('stream is closed'));
                return;
            }
            this.#socket.cork();
            this.#write(dataFrameHeader(stream.id, granted, false));
            const flushed = this.#write(data.subarray(0, granted));
            this.#socket.uncork();
            const next = (): void => this.sendData(stream, data.subarray(granted), done);
            if (flushed) next();
            else this.#whenDrained(next);
        });
    }

    sendFin(stream: SpdyStream, done: (error?: Error | null) => void): void {
        this.#write(dataFrameHeader(stream.id, 0, true));
        done();
    }

    sendReset(stream: SpdyStream): void {
        this.#write(controlFrame(frameTypes.rstStream, 0, words(stream.id, rstStatus.cancel)));
    }

    closed(stream: SpdyStream): void {
        this.#streams.delete(stream.id);
        this.#windows.drop(stream.id);
        if (this.#clogged.delete(stream) && this.#clogged.size === 0) this.#unclog?.();
    }

    /** True when there is room for more. */
    #write(bytes: Buffer): boolean {
        if (this.#socket.destroyed || this.#socket.writableEnded) return true;
        return this.#socket.write(bytes);
    }

    #whenDrained(next: () => void): void {
        const go = (): void => {
            this.#socket.removeListener('drain', go);
            this.#socket.removeListener('close', go);
            next();
        };
        this.#socket.once('drain', go);
        this.#socket.once('close', go);
    }

    #closed(): void {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#decoder.close();
        for (const stream of [...this.#streams.values()]) stream.receiveReset();
        this.#windows.open();
        this.#options.onClose();
    }
}

function streamIdOf(payload: Buffer): number {
    return payload.readUInt32BE(0) & streamIdMask;
}
