const newline = 0x0a;

/**
 * Cuts a byte stream into lines. Invariant: `#pending` holds the chunks since the last newline and
 * `#pendingBytes` their total; every byte is searched once and copied at most once, however the chunks
 * are cut.
 */
export class LineSplitter {
    readonly #lineBytesMax: number;
    readonly #onLine: (line: Buffer) => void;
    #pending: Buffer[] = [];
    #pendingBytes = 0;

    constructor(lineBytesMax: number, onLine: (line: Buffer) => void) {
        this.#lineBytesMax = lineBytesMax;
        this.#onLine = onLine;
    }

    /** Throws a RangeError when a line grows longer than the bound. */
    push(chunk: Buffer): void {
        let start = 0;
        for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
            this.#hold(chunk.subarray(start, end));
            start = end + 1;
            this.#flush();
        }
        if (start < chunk.length) this.#hold(chunk.subarray(start));
    }

    /** The stream has ended: what is left is a line too. */
    end(): void {
        this.#flush();
    }

    #hold(part: Buffer): void {
        this.#pendingBytes += part.length;
        if (this.#pendingBytes > this.#lineBytesMax) {
            throw new RangeError(`a line is longer than ${this.#lineBytesMax} bytes`);
        }
        if (part.length > 0) this.#pending.push(part);
    }

    #flush(): void {
        if (this.#pendingBytes === 0) return;
        const [first] = this.#pending;
        const line =
            this.#pending.length === 1 && first !== undefined
                ? first
                : Buffer.concat(this.#pending, this.#pendingBytes);
        this.#pending = [];
        this.#pendingBytes = 0;
        this.#onLine(line);
    }
}
