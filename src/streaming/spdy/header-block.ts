import { createInflate, constants, type Inflate } from 'node:zlib';

/** Names and values of a stream; names are lower case, several values of one name are joined with NUL. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** What one block may grow to when unpacked. */
const headerBlockMaxBytes = 256 * 1024;

const dictionaryNames =
    'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges ' +
    'age allow authorization cache-control connection content-base content-encoding content-language ' +
    'content-length content-location content-md5 content-range content-type date etag expect expires from ' +
    'host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location ' +
    'max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer ' +
    'transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200|OK version ' +
    'HTTP/1.1 url public set-cookie keep-alive origin';
const dictionaryTail =
    '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
    '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
    '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
    'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
    'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
    'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

/** The preset dictionary of the SPDY/3 draft, section 2.6.10.1: length-prefixed names, then loose text. */
export function spdyDictionary(): Buffer {
    const names = dictionaryNames.split(' ').map((name) => lengthPrefixed(name.replace('|', ' ')));
    return Buffer.concat([...names, Buffer.from(dictionaryTail)]);
}

function lengthPrefixed(text: string): Buffer {
    const bytes = Buffer.from(text);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes.length);
    return Buffer.concat([prefix, bytes]);
}

/** Unpacks header blocks: one zlib stream per connection, so blocks must come in their order. */
export class HeaderDecoder {
    readonly #inflate: Inflate;
    #chunks: Buffer[] = [];
    #size = 0;

    constructor() {
        this.#inflate = createInflate({ dictionary: spdyDictionary(), finishFlush: constants.Z_SYNC_FLUSH });
        this.#inflate.on('data', (chunk: Buffer) => {
            this.#size += chunk.length;
            if (this.#size <= headerBlockMaxBytes) this.#chunks.push(chunk);
        });
    }

    /** Rejects when the block is broken or too large. One call at a time. */
    async decode(block: Buffer): Promise<SpdyHeaders> {
        this.#chunks = [];
        this.#size = 0;
        await new Promise<void>((resolve, reject) => {
            const onError = (error: Error): void => reject(error);
            this.#inflate.once('error', onError);
            this.#inflate.write(block, () => {
                // What was unpacked last is handed out before the next turn of the event loop.
                setImmediate(() => {
                    this.#inflate.removeListener('error', onError);
                    resolve();
                });
            });
        });
        if (this.#size > headerBlockMaxBytes) throw new Error('SPDY header block is too large');
        return parseHeaders(Buffer.concat(this.#chunks));
    }

    close(): void {
        this.#inflate.close();
    }
}

/**
 * Packs header blocks as stored deflate blocks. Our replies have a handful of bytes of headers: a
 * compressor would cost a quarter of a megabyte per connection and save nothing. Every block ends with an
 * empty stored block, which is what makes an inflater hand out all that it has.
 */
export class HeaderEncoder {
    #first = true;

    encode(headers: SpdyHeaders): Buffer {
        const plain = formatHeaders(headers);
        const start = this.#first ? zlibHeader : Buffer.alloc(0);
        this.#first = false;
        return Buffer.concat([start, storedBlock(plain), storedBlock(Buffer.alloc(0))]);
    }
}

const zlibHeader = Buffer.from([0x78, 0x01]);

function storedBlock(content: Buffer): Buffer {
    const header = Buffer.alloc(5);
    header.writeUInt16LE(content.length, 1);
    header.writeUInt16LE(content.length ^ 0xffff, 3);
    return Buffer.concat([header, content]);
}

/** Number of pairs, then length-prefixed names and values. */
export function formatHeaders(headers: SpdyHeaders): Buffer {
    const entries = Object.entries(headers);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(entries.length);
    const pairs = entries.flatMap(([name, value]) => [
        lengthPrefixed(name.toLowerCase()),
        lengthPrefixed(value),
    ]);
    return Buffer.concat([count, ...pairs]);
}

export function parseHeaders(block: Buffer): SpdyHeaders {
    let at = 0;
    const number = (): number => {
        if (at + 4 > block.length) throw new Error('SPDY header block is cut short');
        const value = block.readUInt32BE(at);
        at += 4;
        return value;
    };
    const text = (): string => {
        const end = number() + at;
        if (end > block.length) throw new Error('SPDY header block is cut short');
        const value = block.toString('utf8', at, end);
        at = end;
        return value;
    };
    const headers: Record<string, string> = {};
    for (let left = number(); left > 0; left--) {
        const name = text().toLowerCase();
        headers[name] = text();
    }
    return headers;
}
