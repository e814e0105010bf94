import { Http2Error } from './http2-error.ts';
import { decodeHuffman } from './huffman.ts';

export type HeaderField = readonly [name: string, value: string];

/** RFC 7541, appendix A; index 1 is the first. */
const staticTable: readonly HeaderField[] = [
    [':authority', ''],
    [':method', 'GET'],
    [':method', 'POST'],
    [':path', '/'],
    [':path', '/index.html'],
    [':scheme', 'http'],
    [':scheme', 'https'],
    ...['200', '204', '206', '304', '400', '404', '500'].map((code): HeaderField => [':status', code]),
    ['accept-charset', ''],
    ['accept-encoding', 'gzip, deflate'],
    ...[
        ...['accept-language', 'accept-ranges', 'accept', 'access-control-allow-origin', 'age', 'allow'],
        ...['authorization', 'cache-control', 'content-disposition', 'content-encoding', 'content-language'],
        ...['content-length', 'content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag'],
        ...[
            'expect',
            'expires',
            'from',
            'host',
            'if-match',
            'if-modified-since',
            'if-none-match',
            'if-range',
        ],
        ...['if-unmodified-since', 'last-modified', 'link', 'location', 'max-forwards', 'proxy-authenticate'],
        ...['proxy-authorization', 'range', 'referer', 'refresh', 'retry-after', 'server', 'set-cookie'],
        ...[
            'strict-transport-security',
            'transfer-encoding',
            'user-agent',
            'vary',
            'via',
            'www-authenticate',
        ],
    ].map((name): HeaderField => [name, '']),
];
const tableBytesMax = 4096;
/** What a field costs in the table beyond its text. */
const fieldOverhead = 32;
/** Of one header block, uncompressed. */
const listBytesMax = 64 * 1024;
const integerMax = 2 ** 28;

/** Decompresses header blocks of one connection (HPACK, RFC 7541). */
export class HpackDecoder {
    /** The newest first. */
    readonly #table: HeaderField[] = [];
    #tableBytes = 0;
    #tableLimit = tableBytesMax;
    #bytes: Buffer = Buffer.alloc(0);
    #offset = 0;

    /** Throws Http2Error; the connection cannot go on then. */
    decode(block: Buffer): Map<string, string> {
        this.#bytes = block;
        this.#offset = 0;
        const headers = new Map<string, string>();
        let bytes = 0;
        while (this.#offset < block.length) {
            const field = this.#field();
            if (field === undefined) continue;
            const [name, value] = field;
            bytes += name.length + value.length + fieldOverhead;
            if (bytes > listBytesMax) throw new Http2Error('enhanceYourCalm', 'too many headers');
            // The first of several wins.
            if (!headers.has(name)) headers.set(name, value);
        }
        return headers;
    }

    #field(): HeaderField | undefined {
        const first = this.#bytes[this.#offset] ?? 0;
        if (first & 0x80) return this.#at(this.#integer(7));
        if (first & 0x40) {
            const field = this.#literal(6);
            this.#remember(field);
            return field;
        }
        if (first & 0x20) {
            this.#resize(this.#integer(5));
            return undefined;
        }
        return this.#literal(4);
    }

    #literal(prefixBits: number): HeaderField {
        const index = this.#integer(prefixBits);
        const name = index === 0 ? this.#string() : this.#at(index)[0];
        return [name, this.#string()];
    }

    #at(index: number): HeaderField {
        const field =
            index <= staticTable.length
                ? staticTable[index - 1]
                : this.#table[index - staticTable.length - 1];
        if (field === undefined) throw new Http2Error('compression', 'no such header in the table');
        return field;
    }

    #remember(field: HeaderField): void {
        const bytes = sizeOf(field);
        this.#evict(this.#tableLimit - bytes);
        if (bytes > this.#tableLimit) return;
        this.#table.unshift(field);
        this.#tableBytes += bytes;
    }

    #resize(limit: number): void {
        if (limit > tableBytesMax) throw new Http2Error('compression', 'the header table is too large');
        this.#tableLimit = limit;
        this.#evict(limit);
    }

    #evict(limit: number): void {
        while (this.#tableBytes > Math.max(limit, 0)) {
            const oldest = this.#table.pop();
            if (oldest === undefined) return;
            this.#tableBytes -= sizeOf(oldest);
        }
    }

    #string(): string {
        const huffman = ((this.#bytes[this.#offset] ?? 0) & 0x80) !== 0;
        const length = this.#integer(7);
        const end = this.#offset + length;
        if (end > this.#bytes.length) throw new Http2Error('compression', 'a header is cut off');
        const bytes = this.#bytes.subarray(this.#offset, end);
        this.#offset = end;
        return huffman ? decodeHuffman(bytes) : bytes.toString('latin1');
    }

    #integer(prefixBits: number): number {
        const max = 2 ** prefixBits - 1;
        let value = this.#next() & max;
        if (value < max) return value;
        for (let scale = 1; ; scale *= 0x80) {
            const byte = this.#next();
            value += (byte & 0x7f) * scale;
            if (value > integerMax) throw new Http2Error('compression', 'a number is too large');
            if (byte < 0x80) return value;
        }
    }

    #next(): number {
        const byte = this.#bytes[this.#offset++];
        if (byte === undefined) throw new Http2Error('compression', 'a header is cut off');
        return byte;
    }
}

function sizeOf([name, value]: HeaderField): number {
    return name.length + value.length + fieldOverhead;
}
