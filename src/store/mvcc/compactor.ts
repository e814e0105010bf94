import type { Disk } from '../disk/disk.ts';
import type { DiskWrite, Log } from '../log/log.ts';
import { StoreError } from '../store.ts';
import type { Command, Outcome } from './command.ts';
import type { History } from './history.ts';
import { compactedWrite } from './meta.ts';
import { encodeRecordKey } from './record.ts';
import type { WatchHub } from './watch-hub.ts';

/** Versions deleted in one batch: writers wait no longer than such a batch takes. */
export const compactionBatchMax = 512;

export interface CompactorOptions {
    disk: Disk;
    history: History;
    log: Log<Command, Outcome>;
    hub: WatchHub;
}

/**
 * Forgets history. First the new limit is put on record, then versions that nobody can read any more are
 * deleted in small batches between groups of writes, oldest first. A crash in between leaves versions that
 * the next start finds and deletes. Deletions are not synced: a lost one is repeated.
 */
export class Compactor {
    readonly #options: CompactorOptions;
    #sweeping: Promise<void> | undefined;
    #closed = false;

    constructor(options: CompactorOptions) {
        this.#options = options;
    }

    async compact(revision: number): Promise<void> {
        const { history, log, disk } = this.#options;
        if (revision > history.applied) {
            throw new StoreError(
                'futureRevision',
                `required revision ${revision} is a future revision, current is ${history.applied}`,
            );
        }
        if (revision <= history.compacted) return;
        await log.runExclusive(async () => {
            if (revision <= history.compacted) return;
            await disk.write([compactedWrite(revision)], { sync: true });
            history.compacted = revision;
        });
        await this.sweep();
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

    close(): void {
        this.#closed = true;
    }

    async #sweep(): Promise<void> {
        const { history, hub, log } = this.#options;
        await hub.whenReplayedBeyond(history.compacted);
        while (!this.#closed && history.garbage.peek(history.compacted, 1).length > 0) {
            await log.runExclusive(async () => {
                await this.#deleteBatch();
            });
        }
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
    }
}
