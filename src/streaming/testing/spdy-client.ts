import { createDeflate, constants, type Deflate } from 'node:zlib';
import type { Duplex } from 'node:stream';
import { controlFrame, dataFrameHeader, FrameParser, frameTypes, words } from '../spdy/frames.ts';
import { formatHeaders, HeaderDecoder, spdyDictionary } from '../spdy/header-block.ts';

export interface ClientStream {
    id: number;
    received: Buffer[];
    ended: boolean;
    reset: boolean;
    replied: boolean;
}

/** A SPDY/3.1 client for tests, written after what kubectl's library puts on the wire. */
export class SpdyClient {
    readonly #socket: Duplex;
    readonly #deflate: Deflate = createDeflate({
        dictionary: spdyDictionary(),
        level: constants.Z_BEST_COMPRESSION,
        flush: constants.Z_SYNC_FLUSH,
    });
    readonly #decoder = new HeaderDecoder();
    readonly streams = new Map<number, ClientStream>();
    readonly pings: number[] = [];
    readonly windowUpdates: { streamId: number; bytes: number }[] = [];
    #opening: Promise<unknown> = Promise.resolve();
    #nextId = 1;
    closed = false;

    constructor(socket: Duplex) {
        this.#socket = socket;
        socket.on('error', () => undefined);
        void this.#read();
    }

    /** One after the other: header blocks share one compressor. */
    open(headers: Record<string, string>): Promise<ClientStream> {
        const opened = this.#opening.then(() => this.#open(headers));
        this.#opening = opened;
        return opened;
    }

    async #open(headers: Record<string, string>): Promise<ClientStream> {
        const id = this.#nextId;
        this.#nextId += 2;
        const block = await this.#pack(formatHeaders(headers));
        const stream = { id, received: [], ended: false, reset: false, replied: false };
        this.streams.set(id, stream);
        const start = Buffer.concat([words(id, 0), Buffer.alloc(2)]);
        this.#socket.write(controlFrame(frameTypes.synStream, 0, Buffer.concat([start, block])));
        return stream;
    }

    send(stream: ClientStream, data: Buffer | string, fin = false): void {
        const bytes = Buffer.from(data);
        this.#socket.write(Buffer.concat([dataFrameHeader(stream.id, bytes.length, fin), bytes]));
    }

    control(type: number, payload: Buffer): void {
        this.#socket.write(controlFrame(type, 0, payload));
    }

    raw(bytes: Buffer): void {
        this.#socket.write(bytes);
    }

    close(): void {
        this.#socket.destroy();
        this.#deflate.close();
    }

    text(stream: ClientStream): string {
        return Buffer.concat(stream.received).toString();
    }

    #pack(plain: Buffer): Promise<Buffer> {
        return new Promise((resolve) => {
            const chunks: Buffer[] = [];
            const collect = (chunk: Buffer): number => chunks.push(chunk);
            this.#deflate.on('data', collect);
            this.#deflate.write(plain, () => {
                setImmediate(() => {
                    this.#deflate.removeListener('data', collect);
                    resolve(Buffer.concat(chunks));
                });
            });
        });
    }

    async #read(): Promise<void> {
        const parser = new FrameParser();
        try {
            for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
                for (const event of parser.feed(chunk)) {
                    if (event.kind === 'control') await this.#control(event.type, event.payload);
                    else {
                        const stream = this.streams.get(event.streamId);
                        stream?.received.push(Buffer.from(event.data));
                        if (event.last && stream !== undefined) stream.ended = true;
                    }
                }
            }
        } catch {
            // The test sees `closed`.
        }
        this.closed = true;
    }

    async #control(type: number, payload: Buffer): Promise<void> {
        const id = payload.readUInt32BE(0);
        const stream = this.streams.get(id);
        if (type === frameTypes.ping) this.pings.push(id);
        if (type === frameTypes.windowUpdate) {
            this.windowUpdates.push({ streamId: id, bytes: payload.readUInt32BE(4) });
        }
        if (type === frameTypes.rstStream && stream !== undefined) stream.reset = true;
        if (type === frameTypes.synReply) {
            await this.#decoder.decode(payload.subarray(4));
            if (stream !== undefined) stream.replied = true;
        }
    }
}
