import { systemClock, type Clock } from '../../util/clock.ts';
import { silentLogger, type Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { namingDirectory } from '../disk/disk-error.ts';
import { openLevelDisk, openMemoryDisk } from '../disk/open-disk.ts';
import { SingleMemberLog } from '../log/single-member-log.ts';
import { defaultAutoCompaction, type AutoCompactionPolicy } from './auto-compaction.ts';
import { MvccStore } from './mvcc-store.ts';
import { recover } from './recover.ts';

export interface OpenStoreOptions {
    /** Made if it does not exist, readable by this user only. One process at a time. */
    directory: string;
    logger: Logger;
    clock?: Clock;
    autoCompaction?: AutoCompactionPolicy;
    quotaBytes?: number;
    memberId?: string;
}

/** Opens the embedded store. Rejects with StoreError 'locked', 'newerFormat', 'corrupt', 'noSpace' or 'io'. */
export async function openStore(options: OpenStoreOptions): Promise<MvccStore> {
    const { directory, logger } = options;
    const disk = await openLevelDisk(directory, logger);
    try {
        return await openStoreOn(disk, options);
    } catch (error) {
        throw namingDirectory(error, directory);
    }
}

/** A store in memory, the same code on memory-level; for tests. */
export async function openMemoryStore(options: Partial<OpenStoreOptions> = {}): Promise<MvccStore> {
    return await openStoreOn(await openMemoryDisk(), options);
}

/** A store on any disk, for tests of disk faults. Closes the disk when it cannot be opened. */
export async function openStoreOn(disk: Disk, options: Partial<OpenStoreOptions>): Promise<MvccStore> {
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
            ...(options.quotaBytes === undefined ? {} : { quotaBytes: options.quotaBytes }),
            ...(options.memberId === undefined ? {} : { memberId: options.memberId }),
            createLog: (machine) => new SingleMemberLog({ disk, machine, clock, logger }),
        });
    } catch (error) {
        await disk.close();
        throw error;
    }
}
