import { assert } from '../../util/assert.ts';

/**
 * The binary vocabulary of what peers say to each other: unsigned integers in 7-bit groups (least
 * significant first, as in protobuf), member ids as 8 bytes, byte strings with their length in front.
 *
 * A value is described once, as calls on a `Sink`. Run on a `SizeCounter` the description yields the size,
 * run on a `ByteWriter` the bytes: the buffer is allocated once, exactly, and payloads are copied once.
 */
export interface Sink {
    byte(value: number): void;
    uint(value: number): void;
    /** 16 lower-case hex digits. */
    id(value: string): void;
    bytes(value: Uint8Array): void;
    text(value: string): void;
}

const idBytes = 8;
const groupRange = 0x80;

export class SizeCounter implements Sink {
    size = 0;

    byte(): void {
        this.size += 1;
    }

    uint(value: number): void {
        assert(Number.isSafeInteger(value) && value >= 0, 'not an unsigned integer', { value });
        let rest = value;
        do {
            this.size += 1;
            rest = Math.floor(rest / groupRange);
        } while (rest > 0);
    }

    id(): void {
        this.size += idBytes;
    }

    bytes(value: Uint8Array): void {
        this.uint(value.length);
        this.size += value.length;
    }

    text(value: string): void {
        const length = Buffer.byteLength(value);
        this.uint(length);
        this.size += length;
    }
}

export class ByteWriter implements Sink {
    readonly buffer: Buffer;
    offset = 0;

    constructor(buffer: Buffer) {
        this.buffer = buffer;
    }

    byte(value: number): void {
        this.buffer[this.offset++] = value;
    }

    uint32(value: number): void {
        this.offset = this.buffer.writeUInt32BE(value, this.offset);
    }

    uint(value: number): void {
        let rest = value;
        while (rest >= groupRange) {
            this.buffer[this.offset++] = (rest % groupRange) + groupRange;
            rest = Math.floor(rest / groupRange);
        }
        this.buffer[this.offset++] = rest;
    }

    id(value: string): void {
        const written = this.buffer.write(value, this.offset, idBytes, 'hex');
        assert(written === idBytes && value.length === 2 * idBytes, 'not a member id', { value });
        this.offset += idBytes;
    }

    bytes(value: Uint8Array): void {
        this.uint(value.length);
        this.buffer.set(value, this.offset);
        this.offset += value.length;
    }

    text(value: string): void {
        this.uint(Buffer.byteLength(value));
        this.offset += this.buffer.write(value, this.offset);
    }
}

/** What a peer has sent cannot be understood. Never a reason to crash: the connection is closed. */
export class MalformedMessageError extends Error {
    override readonly name = 'MalformedMessageError';
}

/**
 * Reads what a ByteWriter wrote. Byte strings are views of the buffer, not copies. Throws
 * MalformedMessageError, which the decoders catch, on anything that no ByteWriter writes.
 */
export class ByteReader {
    readonly #buffer: Buffer;
    #offset: number;

    constructor(buffer: Buffer, offset = 0) {
        this.#buffer = buffer;
        this.#offset = offset;
    }

    get remaining(): number {
        return this.#buffer.length - this.#offset;
    }

    byte(): number {
        const value = this.#buffer[this.#offset++];
        if (value === undefined) throw new MalformedMessageError('it ends too early');
        return value;
    }

    flag(): boolean {
        const value = this.byte();
        if (value > 1) throw new MalformedMessageError(`${value} is no truth value`);
        return value === 1;
    }

    uint(): number {
        let value = 0;
        let scale = 1;
        for (;;) {
            const group = this.byte();
            value += (group % groupRange) * scale;
            if (value > Number.MAX_SAFE_INTEGER || (group === 0 && scale > 1))
                throw new MalformedMessageError('a number is too large or not in its shortest form');
            if (group < groupRange) return value;
            scale *= groupRange;
        }
    }

    id(): string {
        return this.#take(idBytes).toString('hex');
    }

    bytes(): Buffer {
        return this.#take(this.uint());
    }

    text(): string {
        return this.bytes().toString();
    }

    /** A count of things of at least one byte each: bounded by what is left. */
    count(): number {
        const value = this.uint();
        if (value > this.remaining) throw new MalformedMessageError('it ends too early');
        return value;
    }

    end(): void {
        if (this.remaining > 0) throw new MalformedMessageError(`${this.remaining} bytes too many`);
    }

    #take(length: number): Buffer {
        if (length > this.remaining) throw new MalformedMessageError('it ends too early');
        const start = this.#offset;
        this.#offset += length;
        return this.#buffer.subarray(start, this.#offset);
    }
}

/** The result of `read`, or the error as a value. */
export function decodeWith<T>(
    body: Buffer,
    read: (reader: ByteReader) => T,
): { type: 'decoded'; value: T } | { type: 'malformed'; error: MalformedMessageError } {
    try {
        const reader = new ByteReader(body);
        const value = read(reader);
        reader.end();
        return { type: 'decoded', value };
    } catch (error) {
        if (error instanceof MalformedMessageError) return { type: 'malformed', error };
        throw error;
    }
}

/** The number at the offset, whatever follows; undefined when there is none. */
export function peekUint(body: Buffer, offset: number): number | undefined {
    try {
        return new ByteReader(body, offset).uint();
    } catch (error) {
        if (error instanceof MalformedMessageError) return undefined;
        throw error;
    }
}
