import type { DiskSnapshot } from './disk.ts';
import { diskError } from './disk-error.ts';
import type { Engine } from './level-disk.ts';

/** Pairs of one native call; its bytes are bounded, too. */
const readEntriesMax = 64;
const readBytesMax = 64 * 1024;

/** Iterators live only while a piece is read, so that the database can be closed in between. */
export class LevelSnapshot implements DiskSnapshot {
    readonly #engine: Engine;
    readonly #snapshot: ReturnType<Engine['snapshot']>;

    constructor(engine: Engine) {
        this.#engine = engine;
        this.#snapshot = engine.snapshot();
    }

    async read(range: { from: Buffer; to: Buffer }, bytesMax: number): Promise<[Buffer, Buffer][]> {
        const pairs: [Buffer, Buffer][] = [];
        try {
            // LevelDB's own option: bytes of one native call.
            const native: object = { highWaterMarkBytes: readBytesMax };
            const options = { ...native, gte: range.from, lt: range.to, snapshot: this.#snapshot };
            const iterator = this.#engine.iterator(options);
            try {
                for (let bytes = 0; bytes < bytesMax;) {
                    const entries = await iterator.nextv(readEntriesMax);
                    if (entries.length === 0) break;
                    for (const [key, value] of entries) {
                        bytes += key.length + value.length;
                        pairs.push([key, value]);
                    }
                }
            } finally {
                await iterator.close();
            }
        } catch (error) {
            throw diskError(error, 'cannot read from the store');
        }
        return pairs;
    }

    async close(): Promise<void> {
        await this.#snapshot.close();
    }
}
