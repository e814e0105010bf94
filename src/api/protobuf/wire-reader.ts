/** Bytes that are no protobuf message of the expected type. */
export class WireError extends Error {
    override readonly name = 'WireError';
}

/** One field on the wire: its number, and a number or the bytes of a length-delimited value. */
export interface WireField {
    number: number;
    value: number | Buffer;
}

/** Walks over the fields of one message, as the encoding document of Protocol Buffers lays them out. */
export class WireReader {
    readonly #bytes: Buffer;
    #at = 0;

    constructor(bytes: Buffer) {
        this.#bytes = bytes;
    }

    *fields(): Generator<WireField> {
        while (this.#at < this.#bytes.length) {
            const tag = this.varint();
            const number = Math.floor(tag / 8);
            if (number === 0) throw new WireError('proto: illegal tag 0');
            yield { number, value: this.#value(tag % 8) };
        }
    }

    /** Numbers of a packed repeated field. */
    *varints(): Generator<number> {
        while (this.#at < this.#bytes.length) yield this.varint();
    }

    /** A 64-bit integer in two's complement; what a double cannot hold is rounded. */
    varint(): number {
        let value = 0;
        for (let index = 0; index < 10; index++) {
            const byte = this.#bytes[this.#at++];
            if (byte === undefined) throw new WireError('unexpected EOF');
            // Negative numbers take ten bytes; their exact value needs all 64 bits.
            if (index === 4 && byte >= 0x80) return this.#longVarint(5);
            value += (byte & 0x7f) * 2 ** (7 * index);
            if (byte < 0x80) return value;
        }
        throw new WireError('proto: integer overflow');
    }

    #longVarint(read: number): number {
        let value = 0n;
        this.#at -= read;
        for (let index = 0n; index < 10n; index++) {
            const byte = this.#bytes[this.#at++];
            if (byte === undefined) throw new WireError('unexpected EOF');
            value |= BigInt(byte & 0x7f) << (7n * index);
            if (byte < 0x80) return Number(BigInt.asIntN(64, value));
        }
        throw new WireError('proto: integer overflow');
    }

    #value(wireType: number): number | Buffer {
        switch (wireType) {
            case 0:
                return this.varint();
            case 1:
                return this.#take(8).readDoubleLE();
            case 2:
                return this.#take(this.varint());
            case 5:
                return this.#take(4).readFloatLE();
            default:
                throw new WireError(`proto: illegal wireType ${wireType}`);
        }
    }

    #take(length: number): Buffer {
        const end = this.#at + length;
        if (length < 0 || end > this.#bytes.length) throw new WireError('unexpected EOF');
        const bytes = this.#bytes.subarray(this.#at, end);
        this.#at = end;
        return bytes;
    }
}
