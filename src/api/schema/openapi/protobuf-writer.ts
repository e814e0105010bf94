/**
 * Writes protobuf messages (https://protobuf.dev/programming-guides/encoding). Zero values are left out,
 * as proto3 does.
 */
export class ProtobufWriter {
    readonly #chunks: Buffer[] = [];
    #length = 0;

    #push(chunk: Buffer): void {
        this.#chunks.push(chunk);
        this.#length += chunk.length;
    }

    #varint(value: number): void {
        const bytes: number[] = [];
        let rest = value;
        while (rest > 0x7f) {
            bytes.push((rest % 0x80) + 0x80);
            rest = Math.floor(rest / 0x80);
        }
        bytes.push(rest);
        this.#push(Buffer.from(bytes));
    }

    #bytes(field: number, bytes: Buffer): void {
        this.#varint(field * 8 + 2);
        this.#varint(bytes.length);
        this.#push(bytes);
    }

    string(field: number, value: string | undefined): this {
        if (value) this.#bytes(field, Buffer.from(value, 'utf8'));
        return this;
    }

    strings(field: number, values: readonly string[] | undefined): this {
        for (const value of values ?? []) this.#bytes(field, Buffer.from(value, 'utf8'));
        return this;
    }

    bool(field: number, value: boolean | undefined): this {
        if (value) {
            this.#varint(field * 8);
            this.#varint(1);
        }
        return this;
    }

    /** A nested message, also when it is empty. */
    message(field: number, write: (writer: ProtobufWriter) => unknown): this {
        const nested = new ProtobufWriter();
        write(nested);
        this.#bytes(field, nested.finish());
        return this;
    }

    finish(): Buffer {
        return Buffer.concat(this.#chunks, this.#length);
    }
}
