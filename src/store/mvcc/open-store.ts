import { systemClock, type Clock } from '../../util/clock.ts';
import { silentLogger, type Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { openLevelDisk, openMemoryDisk } from '../disk/open-disk.ts';
import { SingleMemberLog } from '../log/single-member-log.ts';
import type { Store } from '../store.ts';
import { defaultAutoCompaction, type AutoCompactionPolicy } from './auto-compaction.ts';
import { MvccStore } from './mvcc-store.ts';
import { recover } from './recover.ts';

export interface OpenStoreOptions {
    /** Made if it does not exist, readable by this user only. One process at a time. */
    directory: string;
    logger: Logger;
    clock?: Clock;
    autoCompaction?: AutoCompactionPolicy;
}

/** Opens the embedded store. Rejects with StoreError 'locked', 'newerFormat', 'corrupt', 'noSpace' or 'io'. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
    const { directory, logger } = options;
    return await openStoreOn(await openLevelDisk(directory, logger), options);
}

/** A store in memory, the same code on memory-level; for tests. */
export async function openMemoryStore(options: Partial<OpenStoreOptions> = {}): Promise<Store> {
    return await openStoreOn(await openMemoryDisk(), options);
}

/** A store on any disk, for tests of disk faults. Closes the disk when it cannot be opened. */
export async function openStoreOn(disk: Disk, options: Partial<OpenStoreOptions>): Promise<Store> {
    const { logger = silentLogger(), clock = systemClock } = options;
    try {
        const recovered = await recover(disk);
        const autoCompaction = options.autoCompaction ?? defaultAutoCompaction;
        return new MvccStore({
            disk,
            recovered,
            logger,
            clock,
            autoCompaction,
            createLog: (machine) => new SingleMemberLog({ disk, machine, clock, logger }),
        });
    } catch (error) {
        await disk.close();
        throw error;
    }
}
