import { assert } from '../../util/assert.ts';
import { keyMax } from '../store.ts';

/** Room for any number: ten bytes of base 128, or the marker and eight bytes of a double. */
export const numberBytesMax = 10;
/** Beyond it a number is written as a double: doubling it, to make room for the sign, stays exact. */
const varintMagnitudeMax = 2 ** 51;
/** An end of a range: none, a key, or beyond all keys. */
const endCodes = { none: 0, key: 1, max: 2 } as const;

/** Writes into a buffer that its caller made large enough. */
export class ByteWriter {
    readonly #bytes: Buffer;
    #offset = 0;

    constructor(bytes: Buffer) {
        this.#bytes = bytes;
    }

    /** What was written so far. */
    get written(): Buffer {
        return this.#bytes.subarray(0, this.#offset);
    }

    byte(value: number): void {
        this.#bytes[this.#offset++] = value;
    }

    /** A whole number from 0 to 2^53 - 1, little-endian base 128; by arithmetic, as it may exceed 32 bits. */
    count(value: number): void {
        assert(Number.isSafeInteger(value) && value >= 0, 'count out of range', { value });
        let rest = value;
        while (rest >= 0x80) {
            this.byte((rest % 0x80) | 0x80);
            rest = Math.floor(rest / 0x80);
        }
        this.byte(rest);
    }

    /**
     * Any number, small ones in few bytes: what clients send (a limit, a value to compare with) need not make
     * sense. 0, -1, 1, -2 … become the counts 0, 1, 2, 3 …; what is too large for that is a double behind
     * 80 00, a zero in two bytes that `count` never writes.
     */
    number(value: number): void {
        if (Number.isInteger(value) && Math.abs(value) <= varintMagnitudeMax) {
            this.count(value < 0 ? -2 * value - 1 : 2 * value);
            return;
        }
        this.byte(0x80);
        this.byte(0);
        this.#offset = this.#bytes.writeDoubleLE(value, this.#offset);
    }

    /** A byte string, as keys are. */
    key(key: string): void {
        this.count(key.length);
        this.#offset += this.#bytes.write(key, this.#offset, 'latin1');
    }

    end(end: string | undefined): void {
        if (end === undefined) this.byte(endCodes.none);
        else if (end === keyMax) this.byte(endCodes.max);
        else {
            this.byte(endCodes.key);
            this.key(end);
        }
    }

    blob(blob: Buffer): void {
        this.count(blob.length);
        this.#offset += blob.copy(this.#bytes, this.#offset);
    }

    /** 16 hex digits, in 8 bytes. */
    id(id: string): void {
        const written = this.#bytes.write(id, this.#offset, 8, 'hex');
        assert(written === 8 && id.length === 16, 'an id is 16 hex digits', { id });
        this.#offset += written;
    }

    crc32(checksum: number): void {
        this.#offset = this.#bytes.writeUInt32LE(checksum, this.#offset);
    }
}

/** Reads what ByteWriter wrote; throws `MalformedError` for anything else. Blobs are views of the input. */
export class ByteReader {
    readonly #bytes: Buffer;
    #offset = 0;

    constructor(bytes: Buffer) {
        this.#bytes = bytes;
    }

    get remaining(): number {
        return this.#bytes.length - this.#offset;
    }

    byte(): number {
        const value = this.#bytes[this.#offset++];
        if (value === undefined) throw new MalformedError('it ends too early');
        return value;
    }

    count(): number {
        return this.#varint(this.byte());
    }

    number(): number {
        const first = this.byte();
        if (first === 0x80 && this.#bytes[this.#offset] === 0) {
            this.#offset += 1;
            return this.#take(8).readDoubleLE(0);
        }
        const value = this.#varint(first);
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }

    key(): string {
        return this.#take(this.count()).toString('latin1');
    }

    end(): string | undefined {
        switch (this.byte()) {
            case endCodes.none:
                return undefined;
            case endCodes.key:
                return this.key();
            case endCodes.max:
                return keyMax;
            default:
                throw new MalformedError('unknown kind of range end');
        }
    }

    blob(): Buffer {
        return this.#take(this.count());
    }

    id(): string {
        return this.#take(8).toString('hex');
    }

    #take(length: number): Buffer {
        if (length > this.remaining) throw new MalformedError('it ends too early');
        const start = this.#offset;
        this.#offset += length;
        return this.#bytes.subarray(start, this.#offset);
    }

    #varint(first: number): number {
        let value = first & 0x7f;
        let byte = first;
        for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
            byte = this.byte();
            value += (byte & 0x7f) * scale;
            if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError('a number is too large');
        }
        return value;
    }
}

/** Input that no writer made; whoever knows what it was makes a StoreError of it. */
export class MalformedError extends Error {
    override readonly name = 'MalformedError';
}
