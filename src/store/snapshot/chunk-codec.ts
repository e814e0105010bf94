import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter, MalformedError, numberBytesMax } from '../log/byte-codec.ts';
import { StoreError } from '../store.ts';

/**
 * A piece of a store on its way to another disk:
 *
 *     version, 1 byte | flags, 1 byte | for each record: key length, key, value length, value | crc32, 4 bytes
 *
 * Lengths are varints. The checksum of a chunk begins with that of the chunk before it, so that one that is
 * missing, doubled or out of place is found like a damaged one.
 */
export interface Chunk {
    pairs: readonly [Buffer, Buffer][];
    last: boolean;
}

/** Raised with every change that an older hyperkube could not read. */
const version = 1;
const flagLast = 1;
const headerBytes = 2;
const checksumBytes = 4;

/** `previousChecksum` is that of the chunk before, 0 for the first one. */
export function encodeChunk({ pairs, last }: Chunk, previousChecksum: number): Buffer {
    let bytes = headerBytes + checksumBytes;
    for (const [key, value] of pairs) bytes += 2 * numberBytesMax + key.length + value.length;
    const writer = new ByteWriter(Buffer.allocUnsafe(bytes));
    writer.byte(version);
    writer.byte(last ? flagLast : 0);
    for (const [key, value] of pairs) {
        writer.blob(key);
        writer.blob(value);
    }
    writer.crc32(crc32(writer.written, previousChecksum));
    return writer.written;
}

/** Throws StoreError 'corrupt' or 'newerFormat'. Keys and values are views of `bytes`. */
export function decodeChunk(bytes: Buffer, previousChecksum: number): Chunk {
    const body = bytes.subarray(0, -checksumBytes);
    if (body.length < headerBytes || crc32(body, previousChecksum) !== chunkChecksum(bytes)) {
        throw new StoreError(
            'corrupt',
            'a piece of the snapshot is damaged, or another is missing before it',
        );
    }
    if (body[0] !== version) {
        throw new StoreError(
            'newerFormat',
            `the snapshot's pieces have format ${body[0] ?? 0}, made by a newer version; this one knows up to ${version}`,
        );
    }
    try {
        const reader = new ByteReader(body.subarray(headerBytes));
        const pairs: [Buffer, Buffer][] = [];
        while (reader.remaining > 0) pairs.push([reader.blob(), reader.blob()]);
        return { pairs, last: body[1] === flagLast };
    } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        throw new StoreError('corrupt', `a piece of the snapshot cannot be read: ${error.message}`, {
            cause: error,
        });
    }
}

/** What the next chunk's checksum begins with. */
export function chunkChecksum(bytes: Buffer): number {
    return bytes.readUInt32LE(bytes.length - checksumBytes);
}
