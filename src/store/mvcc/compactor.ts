import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import type { DiskWrite, Log } from '../log/log.ts';
import type { Command, Outcome } from './command.ts';
import type { History } from './history.ts';
import { encodeRecordKey, recordRange } from './record.ts';
import type { WatchHub } from './watch-hub.ts';

/** Versions deleted in one batch: writers wait no longer than such a batch takes. */
export const compactionBatchMax = 512;
/** What is rewritten in one go: closing waits no longer than that takes. */
const sliceBytes = 16 * 1024 * 1024;
/** The space of deleted versions is given back when their part of the database has at least this size. */
export const reclaimBytesMin = 16 * 1024 * 1024;

/** And when at least one version was deleted for so many keys. */
const deadShareInverse = 2;

export interface CompactorOptions {
    disk: Disk;
    history: History;
    log: Log<Command, Outcome>;
    hub: WatchHub;
    logger: Logger;
}

/**
 * Deletes what compaction has made unreadable: small batches between groups of writes, oldest first. A crash in
 * between leaves versions that the next start finds and deletes. Deletions are not synced: a lost one is
 * repeated. Every member does this by itself, in its own time.
 */
export class Compactor {
    readonly #options: CompactorOptions;
    #sweeping: Promise<void> | undefined;
    #reclaiming: Promise<void> | undefined;
    /** Versions deleted since space was given back last. */
    #deleted = 0;
    #closed = false;

    constructor(options: CompactorOptions) {
        this.#options = options;
    }

    /** Deletes what is below the limit; one sweep at a time. */
    async sweep(): Promise<void> {
        while (this.#sweeping !== undefined) await this.#sweeping;
        this.#sweeping = this.#sweep();
        try {
            await this.#sweeping;
        } finally {
            this.#sweeping = undefined;
        }
    }

    /** Runs `work` with nothing left to delete, while nothing writes. */
    async runSwept<T>(work: () => Promise<T>): Promise<T> {
        await this.sweep();
        return await this.#options.log.runExclusive(async () => {
            while (this.#hasGarbage()) await this.#deleteBatch();
            return await work();
        });
    }

    /** Resolves once nothing is under way any more. */
    async close(): Promise<void> {
        this.#closed = true;
        await this.#reclaiming;
    }

    async #sweep(): Promise<void> {
        const { history, hub, log } = this.#options;
        await hub.whenReplayedBeyond(history.compacted);
        while (!this.#closed && this.#hasGarbage()) {
            await log.runExclusive(async () => {
                await this.#deleteBatch();
            });
        }
        this.#reclaiming ??= this.#reclaim().finally(() => (this.#reclaiming = undefined));
    }

    #hasGarbage(): boolean {
        const { history } = this.#options;
        return history.garbage.peek(history.compacted, 1).length > 0;
    }

    async #deleteBatch(): Promise<void> {
        const { disk, history } = this.#options;
        const garbage = history.garbage.peek(history.compacted, compactionBatchMax);
        const writes = garbage.map(({ revision, key }): DiskWrite => ({
            type: 'del',
            key: encodeRecordKey(revision, key),
        }));
        await disk.write(writes, { sync: false });
        history.garbage.drop(garbage.length);
        for (const { key, revision } of garbage) history.forget(key, revision);
        this.#deleted += garbage.length;
    }

    /** Rewrites everything; resolves early when the store closes. */
    async defragment(): Promise<void> {
        const { disk, history } = this.#options;
        await this.sweep();
        await this.#rewrite(Math.ceil((await disk.sizeBytes()) / sliceBytes), history.applied);
        if (!this.#closed) await disk.compact();
    }

    /**
     * LevelDB gives space back when its own compactions meet what was deleted, which may be long after. When
     * about a third of a large range is dead, it is rewritten at once, which moves twice what was deleted.
     */
    async #reclaim(): Promise<void> {
        const { disk, history, logger } = this.#options;
        try {
            const range = recordRange(1, history.compacted + 1);
            if (this.#closed || this.#deleted * deadShareInverse < history.index.size) return;
            const bytes = await disk.approximateBytes(range);
            if (bytes < reclaimBytesMin) return;
            this.#deleted = 0;
            await this.#rewrite(Math.ceil(bytes / sliceBytes), history.compacted);
        } catch (error) {
            logger.debug({ err: error }, 'space of deleted versions is not given back yet');
        }
    }

    /** Rewrites the records up to `revision`, in this many pieces. */
    async #rewrite(slices: number, revision: number): Promise<void> {
        const step = Math.ceil(revision / slices);
        for (let from = 1; from <= revision && !this.#closed; from += step) {
            await this.#options.disk.compact(recordRange(from, Math.min(from + step, revision + 1)));
        }
    }
}
