const two32 = 2 ** 32;
const two31 = 2 ** 31;
const varintBytesMax = 10;

/** Bytes that are not a message of the wanted type. */
export class DecodeError extends Error {
    override readonly name = 'DecodeError';
}

export const wireVarint = 0;
const wireFixed64 = 1;
export const wireBytes = 2;
const wireFixed32 = 5;

/** Reads a message from its beginning to its end. Byte fields are views of the buffer, not copies. */
export class ByteReader {
    readonly buffer: Buffer;
    offset: number;
    end: number;
    #low = 0;
    #high = 0;

    constructor(buffer: Buffer) {
        this.buffer = buffer;
        this.offset = 0;
        this.end = buffer.length;
    }

    /** An unsigned number; loses precision beyond 2^53. */
    uint(): number {
        this.#varint();
        return this.#high * two32 + this.#low;
    }

    /** A signed number; loses precision beyond 2^53. */
    int(): number {
        this.#varint();
        return (this.#high >= two31 ? this.#high - two32 : this.#high) * two32 + this.#low;
    }

    /** A uint64 as 16 hexadecimal digits, '' for 0. */
    identifier(): string {
        this.#varint();
        if (this.#high === 0 && this.#low === 0) return '';
        return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
    }

    bytes(): Buffer {
        const end = this.#lengthEnd();
        const bytes = this.buffer.subarray(this.offset, end);
        this.offset = end;
        return bytes;
    }

    latin1(): string {
        const end = this.#lengthEnd();
        const text = this.buffer.toString('latin1', this.offset, end);
        this.offset = end;
        return text;
    }

    utf8(): string {
        const end = this.#lengthEnd();
        const text = this.buffer.toString('utf8', this.offset, end);
        this.offset = end;
        return text;
    }

    /** Runs `read` on what the length prefix spans. */
    nested<T>(read: () => T): T {
        const outerEnd = this.end;
        this.end = this.#lengthEnd();
        const value = read();
        this.offset = this.end;
        this.end = outerEnd;
        return value;
    }

    skip(wireType: number): void {
        switch (wireType) {
            case wireVarint:
                this.#varint();
                return;
            case wireBytes:
                this.offset = this.#lengthEnd();
                return;
            case wireFixed64:
            case wireFixed32:
                this.offset += wireType === wireFixed64 ? 8 : 4;
                if (this.offset > this.end) throw new DecodeError('unexpected end of the message');
                return;
            default:
                throw new DecodeError(`wire type ${wireType} is not in use`);
        }
    }

    #lengthEnd(): number {
        const length = this.uint();
        const end = this.offset + length;
        if (end > this.end) throw new DecodeError('unexpected end of the message');
        return end;
    }

    #varint(): void {
        const { buffer } = this;
        let low = 0;
        let high = 0;
        for (let i = 0; i < varintBytesMax; i++) {
            if (this.offset >= this.end) throw new DecodeError('unexpected end of the message');
            const byte = buffer[this.offset++] ?? 0;
            const bits = byte & 0x7f;
            if (i < 4) low |= bits << (7 * i);
            else if (i === 4) {
                low |= bits << 28;
                high = bits >>> 4;
            } else high |= bits << (7 * i - 32);
            if (byte < 0x80) {
                this.#low = low >>> 0;
                this.#high = high >>> 0;
                return;
            }
        }
        throw new DecodeError('a number is longer than 64 bits');
    }
}
