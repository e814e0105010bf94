import { describe, it, expect } from '@jest/globals';
import { createDeflate, createInflate, constants } from 'node:zlib';
import { formatHeaders, HeaderDecoder, HeaderEncoder, parseHeaders, spdyDictionary } from './header-block.ts';

/** The checksum that zlib writes into a stream with this dictionary. */
function adler32(bytes: Buffer): number {
    let [a, b] = [1, 0];
    for (const byte of bytes) {
        a = (a + byte) % 65_521;
        b = (b + a) % 65_521;
    }
    return ((b << 16) | a) >>> 0;
}

describe('SPDY header blocks', () => {
    it('the dictionary is the one every SPDY/3 peer names in its streams', () => {
        expect(spdyDictionary().length).toBe(1423);
        expect(adler32(spdyDictionary()).toString(16)).toBe('e3c6a7c2');
    });

    it('blocks of one compressor are unpacked one by one', async () => {
        const deflate = createDeflate({ dictionary: spdyDictionary(), flush: constants.Z_SYNC_FLUSH });
        const decoder = new HeaderDecoder();
        for (const type of ['error', 'stdin', 'stdout']) {
            const block = await new Promise<Buffer>((resolve) => {
                const chunks: Buffer[] = [];
                const collect = (chunk: Buffer): number => chunks.push(chunk);
                deflate.on('data', collect);
                deflate.write(formatHeaders({ streamType: type }), () => {
                    setImmediate(() => {
                        deflate.removeListener('data', collect);
                        resolve(Buffer.concat(chunks));
                    });
                });
            });
            expect(await decoder.decode(block)).toEqual({ streamtype: type });
        }
        decoder.close();
        deflate.close();
    });

    it('what the encoder writes is unpacked by zlib at once, block by block', async () => {
        const encoder = new HeaderEncoder();
        const decoder = new HeaderDecoder();
        expect(await decoder.decode(encoder.encode({ a: 'x' }))).toEqual({ a: 'x' });
        expect(await decoder.decode(encoder.encode({}))).toEqual({});
        expect(await decoder.decode(encoder.encode({ b: 'y', c: '' }))).toEqual({ b: 'y', c: '' });
        decoder.close();
        createInflate().close();
    });

    it('a block that ends early, or is no zlib at all, is an error', async () => {
        expect(() => parseHeaders(formatHeaders({ a: 'long value' }).subarray(0, 12))).toThrow('cut short');
        const decoder = new HeaderDecoder();
        await expect(decoder.decode(Buffer.from('not zlib'))).rejects.toThrow();
    });
});
