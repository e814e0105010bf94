import { assert } from '../../../util/assert.ts';

const initialBytes = 16 * 1024;
/** A scratch buffer that has grown beyond this is given back after the message. */
const keptBytesMax = 4 * 1024 * 1024;
const two32 = 2 ** 32;
const two63 = 2 ** 63;
/** The varints of identifiers that were written last: few, and the same in every response. */
const identifierCacheMax = 64;

/**
 * Writes a message from its end to its beginning, into one scratch buffer: by the time that the length of a
 * nested message has to be written, it has been written and its length is known.
 */
export class ByteWriter {
    #buffer = Buffer.allocUnsafeSlow(initialBytes);
    /** Index of the byte that was written last. */
    #start = initialBytes;
    readonly #identifiers = new Map<string, Buffer>();

    /** Bytes written so far; the difference of two readings is the length of what came between. */
    get length(): number {
        return this.#buffer.length - this.#start;
    }

    /** A copy of what was written, after `prefix` bytes that the caller fills in; starts anew. */
    take(prefix: number): Buffer {
        const { length } = this;
        const message = Buffer.allocUnsafe(prefix + length);
        this.#buffer.copy(message, prefix, this.#start);
        this.reset();
        return message;
    }

    /** Forgets what was written. */
    reset(): void {
        if (this.#buffer.length > keptBytesMax) this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
        this.#start = this.#buffer.length;
    }

    varint(value: number): void {
        if (value < 0x80 && value >= 0) {
            this.#room(1);
            this.#buffer[--this.#start] = value;
            return;
        }
        this.#longVarint(value);
    }

    /** A uint64 in hexadecimal; '' is 0. */
    identifier(hex: string): void {
        let bytes = this.#identifiers.get(hex);
        if (bytes === undefined) {
            bytes = varintOf(hex);
            if (this.#identifiers.size >= identifierCacheMax) this.#identifiers.clear();
            this.#identifiers.set(hex, bytes);
        }
        this.bytes(bytes);
    }

    bytes(value: Buffer): void {
        this.#room(value.length);
        this.#start -= value.length;
        value.copy(this.#buffer, this.#start);
    }

    latin1(value: string): void {
        this.#room(value.length);
        this.#start -= value.length;
        this.#buffer.write(value, this.#start, value.length, 'latin1');
    }

    utf8(value: string): void {
        const length = Buffer.byteLength(value);
        this.#room(length);
        this.#start -= length;
        this.#buffer.write(value, this.#start, length, 'utf8');
    }

    /** A negative int64 is written as its two's complement, ten bytes long. */
    #longVarint(value: number): void {
        assert(Number.isInteger(value) && Math.abs(value) < two63, 'no integer of 64 bits', { value });
        let high = Math.floor(value / two32);
        let low = value - high * two32;
        if (high < 0) high += two32;
        let bytes = 1;
        for (let l = low, h = high; h > 0 || l >= 0x80; bytes++) {
            l = ((l >>> 7) | ((h & 0x7f) << 25)) >>> 0;
            h = h >>> 7;
        }
        this.#room(bytes);
        this.#start -= bytes;
        for (let i = 0; i < bytes; i++) {
            this.#buffer[this.#start + i] = (low & 0x7f) | (i < bytes - 1 ? 0x80 : 0);
            low = ((low >>> 7) | ((high & 0x7f) << 25)) >>> 0;
            high = high >>> 7;
        }
    }

    #room(bytes: number): void {
        if (this.#start >= bytes) return;
        const { length } = this;
        const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, length + bytes));
        this.#buffer.copy(grown, grown.length - length, this.#start);
        this.#buffer = grown;
        this.#start = grown.length - length;
    }
}

function varintOf(hex: string): Buffer {
    let rest = BigInt(`0x${hex === '' ? '0' : hex}`);
    const bytes: number[] = [];
    while (rest >= 0x80n) {
        bytes.push(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
    }
    bytes.push(Number(rest));
    return Buffer.from(bytes);
}
