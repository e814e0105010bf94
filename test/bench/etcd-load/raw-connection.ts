import { connect, type Socket } from 'node:net';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8 };
const flags = { endStream: 1, ack: 1, endHeaders: 4 };
const headBytes = 9;
const windowMax = 2 ** 31 - 1;
const windowInitial = 65_535;
const windowRefillBytes = 16 * 1024 * 1024;

/** A gRPC request whose bytes are ready but for the stream's number. */
export interface PreparedCall {
    frames: Buffer;
    /** Where the DATA frame begins. */
    dataAt: number;
    /** Whether the client's side ends with it. */
    isUnary: boolean;
}

/** HEADERS and DATA of a call. The header block uses no table that the peer would have to keep. */
export function prepareCall(path: string, message: Buffer, isUnary = true): PreparedCall {
    const block = Buffer.concat([
        Buffer.from([0x83, 0x86]),
        literal(Buffer.from([0x04]), path),
        literal(Buffer.from([0x01]), '127.0.0.1'),
        literal(Buffer.from([0x0f, 0x10]), 'application/grpc'),
        literal(Buffer.concat([Buffer.from([0x00]), text('te')]), 'trailers'),
    ]);
    const headers = Buffer.concat([head(block.length, frameTypes.headers, flags.endHeaders), block]);
    const data = dataFrame(message, isUnary);
    return { frames: Buffer.concat([headers, data]), dataAt: headers.length, isUnary };
}

/** A DATA frame with one gRPC message. */
export function dataFrame(message: Buffer, isLast: boolean): Buffer {
    const grpc = Buffer.alloc(5);
    grpc.writeUInt32BE(message.length, 1);
    const frame = head(grpc.length + message.length, frameTypes.data, isLast ? flags.endStream : 0);
    return Buffer.concat([frame, grpc, message]);
}

function literal(name: Buffer, value: string): Buffer {
    return Buffer.concat([name, text(value)]);
}

function text(value: string): Buffer {
    return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

function head(length: number, type: number, flag: number): Buffer {
    const buffer = Buffer.alloc(headBytes);
    buffer.writeUIntBE(length, 0, 3);
    buffer[3] = type;
    buffer[4] = flag;
    return buffer;
}

export interface CallListener {
    /** Bytes of DATA frames, gRPC heads included, as they come. */
    onData?(chunk: Buffer): void;
    onEnd(isOk: boolean): void;
}

/**
 * HTTP/2 by hand, as little of it as a load generator needs: requests are bytes that were made in advance,
 * answers are looked at no deeper than their frames. A library would cost more than the servers measured.
 * All that is sent in one turn goes out in one write.
 */
export class RawConnection {
    readonly #socket: Socket;
    readonly #calls = new Map<number, { listener: CallListener; hasData: boolean }>();
    #nextStream = 1;
    #received: Buffer = Buffer.alloc(0);
    #out: Buffer[] = [];
    /** What the peer may be sent; what does not fit waits. */
    #window = windowInitial;
    #waiting: { frames: Buffer; bytes: number }[] = [];
    #isFlushing = false;
    /** Received since the peer's window was opened again. */
    #consumed = 0;

    private constructor(socket: Socket) {
        this.#socket = socket;
        socket.setNoDelay(true);
        socket.on('data', (chunk) => {
            this.#receive(chunk);
        });
        socket.on('close', () => {
            for (const { listener } of this.#calls.values()) listener.onEnd(false);
            this.#calls.clear();
        });
        socket.on('error', () => undefined);
        const settings = Buffer.alloc(12);
        settings.writeUInt16BE(1, 0);
        settings.writeUInt16BE(4, 6);
        settings.writeUInt32BE(windowMax, 8);
        const update = Buffer.alloc(4);
        update.writeUInt32BE(windowMax - windowInitial);
        this.#write(preface);
        this.#write(Buffer.concat([head(settings.length, frameTypes.settings, 0), settings]));
        this.#write(Buffer.concat([head(4, frameTypes.windowUpdate, 0), update]));
    }

    static async open(port: number): Promise<RawConnection> {
        return await new Promise((resolve, reject) => {
            const socket = connect(port, '127.0.0.1');
            socket.once('connect', () => {
                resolve(new RawConnection(socket));
            });
            socket.once('error', reject);
        });
    }

    /** Returns the stream's number. */
    call({ frames, dataAt }: PreparedCall, listener: CallListener): number {
        const stream = this.#nextStream;
        this.#nextStream += 2;
        const copy = Buffer.allocUnsafe(frames.length);
        frames.copy(copy);
        copy.writeUInt32BE(stream, 5);
        copy.writeUInt32BE(stream, dataAt + 5);
        this.#calls.set(stream, { listener, hasData: false });
        this.#send(copy, frames.length - dataAt - headBytes);
        return stream;
    }

    /** One more message on a stream. */
    send(stream: number, message: Buffer): void {
        const frame = dataFrame(message, false);
        frame.writeUInt32BE(stream, 5);
        this.#send(frame, frame.length - headBytes);
    }

    close(): void {
        this.#calls.clear();
        this.#socket.destroy();
    }

    #send(frames: Buffer, bytes: number): void {
        if (this.#waiting.length > 0 || bytes > this.#window) {
            this.#waiting.push({ frames, bytes });
            return;
        }
        this.#window -= bytes;
        this.#write(frames);
    }

    #write(buffer: Buffer): void {
        this.#out.push(buffer);
        if (this.#isFlushing) return;
        this.#isFlushing = true;
        setImmediate(() => {
            this.#isFlushing = false;
            this.#socket.write(this.#out.length === 1 ? (this.#out[0] ?? '') : Buffer.concat(this.#out));
            this.#out = [];
        });
    }

    #receive(chunk: Buffer): void {
        let buffer = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
        let at = 0;
        while (buffer.length - at >= headBytes) {
            const length = buffer.readUIntBE(at, 3);
            if (buffer.length - at < headBytes + length) break;
            this.#frame(buffer, at, length);
            at += headBytes + length;
        }
        buffer = buffer.subarray(at);
        this.#received = buffer;
    }

    #frame(buffer: Buffer, at: number, length: number): void {
        const [type, flag] = [buffer[at + 3], buffer[at + 4] ?? 0];
        const stream = buffer.readUInt32BE(at + 5);
        const start = at + headBytes;
        const isAck = (flag & flags.ack) !== 0;
        if (type === frameTypes.data) this.#data(stream, buffer.subarray(start, start + length));
        else if (type === frameTypes.headers && (flag & flags.endStream) !== 0) this.#end(stream, true);
        else if (type === frameTypes.reset) this.#end(stream, false);
        else if (type === frameTypes.settings && !isAck) {
            this.#write(head(0, frameTypes.settings, flags.ack));
        } else if (type === frameTypes.ping && !isAck) {
            const echo = buffer.subarray(start, start + length);
            this.#write(Buffer.concat([head(length, frameTypes.ping, flags.ack), echo]));
        } else if (type === frameTypes.windowUpdate && stream === 0) {
            this.#widen(buffer.readUInt32BE(start));
        }
    }

    #data(stream: number, content: Buffer): void {
        this.#consume(content.length);
        const call = this.#calls.get(stream);
        if (call === undefined) return;
        call.hasData = true;
        call.listener.onData?.(content);
    }

    #consume(bytes: number): void {
        this.#consumed += bytes;
        if (this.#consumed < windowRefillBytes) return;
        const update = Buffer.alloc(4);
        update.writeUInt32BE(this.#consumed);
        this.#write(Buffer.concat([head(4, frameTypes.windowUpdate, 0), update]));
        this.#consumed = 0;
    }

    #widen(bytes: number): void {
        this.#window += bytes;
        for (;;) {
            const [next] = this.#waiting;
            if (next === undefined || next.bytes > this.#window) return;
            this.#waiting.shift();
            this.#window -= next.bytes;
            this.#write(next.frames);
        }
    }

    #end(stream: number, isComplete: boolean): void {
        const call = this.#calls.get(stream);
        this.#calls.delete(stream);
        // An answer with an error is nothing but headers.
        call?.listener.onEnd(isComplete && call.hasData);
    }
}
