import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { rfc3339 } from '../../util/clock.ts';
import { hyperkubeVersion } from '../../util/version.ts';
import { diskError } from '../disk/disk-error.ts';
import { syncPath } from '../disk/exchange-directory.ts';
import { decodeChunk, chunkChecksum } from '../snapshot/chunk-codec.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { StoreError } from '../store.ts';
import {
    lengthBytes,
    snapshotMagic,
    type ReportProgress,
    type SnapshotHeader,
    type SnapshotInfo,
    type SnapshotTrailer,
} from './snapshot-format.ts';
import { StateSummary } from './state-summary.ts';

const deflate = promisify(deflateRaw);
/** Objects are JSON: this level makes a fifth of them, higher ones take three times as long for little more. */
const compressionLevel = 3;
export const partialSuffix = '.partial';

export interface WriteSnapshotOptions {
    /** Must not exist yet; it appears once it is whole and durable. */
    file: string;
    nowMs: number;
    signal?: AbortSignal;
    onProgress?: ReportProgress;
}

/** Writes the state that `source` holds open to a file; 0600. Does not close the source. */
export async function writeSnapshot(
    source: SnapshotSource,
    options: WriteSnapshotOptions,
): Promise<SnapshotInfo> {
    const partial = options.file + partialSuffix;
    try {
        const file = await open(partial, 'wx', 0o600);
        let info: SnapshotInfo;
        try {
            info = await writeTo(new HashedFile(file), source, options);
            await file.sync();
        } finally {
            await file.close();
        }
        await rename(partial, options.file);
        await syncPath(dirname(options.file));
        return info;
    } catch (error) {
        await rm(partial, { force: true }).catch(() => undefined);
        throw diskError(error, `cannot write the snapshot ${options.file}`);
    }
}

async function writeTo(
    file: HashedFile,
    source: SnapshotSource,
    options: WriteSnapshotOptions,
): Promise<SnapshotInfo> {
    const header: SnapshotHeader = {
        createdAt: rfc3339(options.nowMs),
        version: hyperkubeVersion,
        index: source.position?.meta.index ?? 0,
    };
    await file.write(Buffer.from(snapshotMagic));
    await file.write(withLength(Buffer.from(JSON.stringify(header))));
    const trailer = await writeChunks(file, source, options);
    const text = Buffer.from(JSON.stringify(trailer));
    await file.write(Buffer.concat([text, lengthOf(text)]));
    await file.writeDigest();
    return { ...header, ...trailer };
}

async function writeChunks(
    file: HashedFile,
    source: SnapshotSource,
    { signal, onProgress }: WriteSnapshotOptions,
): Promise<SnapshotTrailer> {
    const summary = new StateSummary();
    let checksum = 0;
    for (let chunk = 0, last = false; !last; chunk++) {
        if (signal?.aborted === true) throw new StoreError('closed', 'the snapshot was given up');
        const { data, last: isLast } = await source.read(chunk);
        for (const [key, value] of decodeChunk(data, checksum).pairs) summary.add(key, value);
        checksum = chunkChecksum(data);
        await file.write(withLength(await deflate(data, { level: compressionLevel })));
        onProgress?.(summary.trailer);
        last = isLast;
    }
    await file.write(lengthOf(Buffer.alloc(0)));
    return summary.trailer;
}

function lengthOf(bytes: Buffer): Buffer {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(bytes.length);
    return length;
}

function withLength(bytes: Buffer): Buffer {
    return Buffer.concat([lengthOf(bytes), bytes]);
}

class HashedFile {
    readonly #file: FileHandle;
    readonly #hash: Hash = createHash('sha256');

    constructor(file: FileHandle) {
        this.#file = file;
    }

    async write(bytes: Buffer): Promise<void> {
        this.#hash.update(bytes);
        await this.#file.appendFile(bytes);
    }

    async writeDigest(): Promise<void> {
        await this.#file.appendFile(this.#hash.digest());
    }
}
