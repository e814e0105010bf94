import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { diskError } from '../disk/disk-error.ts';
import { StoreError } from '../store.ts';
import {
    chunkBytesMax,
    digestBytes,
    documentBytesMax,
    lengthBytes,
    snapshotDamage,
    snapshotMagic,
    type SnapshotHeader,
    type SnapshotInfo,
    type SnapshotTrailer,
} from './snapshot-format.ts';

const inflate = promisify(inflateRaw);
const readBytesMax = 1024 * 1024;
const versionedMagic = /^hyperkube snapshot (\d+)\n/;
/** Where etcd's database (bbolt) has its magic number: behind the header of the first page. */
const boltMagicOffset = 16;
const boltMagic = 0xed0cdaed;

/** What a snapshot file says of itself. Reads its ends only: see `verifySnapshot`. */
export async function readSnapshotInfo(path: string): Promise<SnapshotInfo> {
    return await reading(path, async (file) => await file.info());
}

/** Reads the whole file and compares its checksum; rejects 'corrupt', and 'newerFormat'. */
export async function verifySnapshot(path: string): Promise<SnapshotInfo> {
    return await reading(path, async (file) => {
        const info = await file.info();
        await file.checkDigest();
        return info;
    });
}

/** The chunks of a snapshot, in order, as their source gave them. */
export async function* snapshotChunks(path: string): AsyncGenerator<Buffer> {
    const file = await SnapshotFile.open(path);
    try {
        yield* file.chunks();
    } catch (error) {
        throw diskError(error, `cannot read the snapshot ${path}`);
    } finally {
        await file.close();
    }
}

async function reading<T>(path: string, work: (file: SnapshotFile) => Promise<T>): Promise<T> {
    const file = await SnapshotFile.open(path);
    try {
        return await work(file);
    } catch (error) {
        throw diskError(error, `cannot read the snapshot ${path}`);
    } finally {
        await file.close();
    }
}

class SnapshotFile {
    readonly #path: string;
    readonly #file: FileHandle;
    readonly #size: number;

    private constructor(path: string, file: FileHandle, size: number) {
        this.#path = path;
        this.#file = file;
        this.#size = size;
    }

    static async open(path: string): Promise<SnapshotFile> {
        try {
            const file = await open(path, 'r');
            const { size } = await file.stat();
            return new SnapshotFile(path, file, size);
        } catch (error) {
            throw diskError(error, `cannot open the snapshot ${path}`);
        }
    }

    async close(): Promise<void> {
        await this.#file.close();
    }

    async info(): Promise<SnapshotInfo> {
        await this.#checkMagic();
        const header = await this.#document<SnapshotHeader>(await this.#header());
        const end = this.#size - digestBytes - lengthBytes;
        if (end < snapshotMagic.length) throw this.#damage('it is too short');
        const length = (await this.#bytes(end, lengthBytes)).readUInt32BE();
        const trailer = await this.#document<SnapshotTrailer>({ offset: end - length, length });
        return { ...header, ...trailer };
    }

    async checkDigest(): Promise<void> {
        const hash = createHash('sha256');
        const end = this.#size - digestBytes;
        for (let offset = 0; offset < end; offset += readBytesMax) {
            hash.update(await this.#bytes(offset, Math.min(readBytesMax, end - offset)));
        }
        if (hash.digest().equals(await this.#bytes(end, digestBytes))) return;
        throw this.#damage('its checksum is wrong');
    }

    async *chunks(): AsyncGenerator<Buffer> {
        await this.#checkMagic();
        const header = await this.#header();
        for (let offset = header.offset + header.length; ;) {
            const length = (await this.#bytes(offset, lengthBytes)).readUInt32BE();
            if (length === 0) return;
            if (length > chunkBytesMax) throw this.#damage(`a chunk of ${length} bytes`);
            const compressed = await this.#bytes(offset + lengthBytes, length);
            offset += lengthBytes + length;
            yield await this.#inflate(compressed);
        }
    }

    async #inflate(compressed: Buffer): Promise<Buffer> {
        try {
            return await inflate(compressed, { maxOutputLength: chunkBytesMax });
        } catch (error) {
            throw this.#damage('a chunk cannot be decompressed', { cause: error });
        }
    }

    async #checkMagic(): Promise<void> {
        const start = await this.#bytes(0, Math.min(this.#size, 64));
        const text = start.toString('latin1');
        if (text.startsWith(snapshotMagic)) return;
        const [, version] = versionedMagic.exec(text) ?? [];
        if (version !== undefined) {
            throw new StoreError(
                'newerFormat',
                `the snapshot ${this.#path} has format ${version}, made by a newer version: restore it with that one`,
            );
        }
        const isEtcd =
            start.length >= boltMagicOffset + 4 && start.readUInt32LE(boltMagicOffset) === boltMagic;
        throw new StoreError(
            'corrupt',
            isEtcd
                ? `${this.#path} is a snapshot of etcd; hyperkube restores only its own, made by hyperkube snapshot save. To bring an etcd cluster's data over, run it and use --etcd-servers`
                : `${this.#path} is no snapshot of hyperkube, or its beginning is damaged; hyperkube restores only what hyperkube snapshot save made`,
        );
    }

    async #header(): Promise<{ offset: number; length: number }> {
        const length = (await this.#bytes(snapshotMagic.length, lengthBytes)).readUInt32BE();
        return { offset: snapshotMagic.length + lengthBytes, length };
    }

    async #document<T>({ offset, length }: { offset: number; length: number }): Promise<T> {
        if (length > documentBytesMax) throw this.#damage('its description is too long');
        const bytes = await this.#bytes(offset, length);
        try {
            return JSON.parse(bytes.toString('utf8')) as T;
        } catch (error) {
            throw this.#damage('its description cannot be read', { cause: error });
        }
    }

    async #bytes(offset: number, length: number): Promise<Buffer> {
        if (offset < 0 || offset + length > this.#size) throw this.#damage('it is cut off');
        const bytes = Buffer.alloc(length);
        for (let read = 0; read < length;) {
            const { bytesRead } = await this.#file.read(bytes, read, length - read, offset + read);
            if (bytesRead === 0) throw this.#damage('it is cut off');
            read += bytesRead;
        }
        return bytes;
    }

    #damage(what: string, options?: ErrorOptions): StoreError {
        return snapshotDamage(this.#path, what, options);
    }
}
