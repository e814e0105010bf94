import type { Logger } from '../../util/logger.ts';
import type { Disk } from '../disk/disk.ts';
import { diskError } from '../disk/disk-error.ts';
import {
    completeIncoming,
    exchangeDirectory,
    incomingDirectory,
    removeIncoming,
} from '../disk/exchange-directory.ts';
import { openLevelDisk, openMemoryDisk } from '../disk/open-disk.ts';
import type { DiskWrite } from '../log/log.ts';

/** A second database, filled while the first one is in use, that then takes its place. */
export interface Staging {
    readonly disk: Disk;
    /** Closes the new database and makes it durable. */
    complete(): Promise<void>;
    /** Puts it behind `target`, the disk whose contents it replaces. */
    install(target: Disk): Promise<void>;
    /** Removes it. */
    discard(): Promise<void>;
}

/** Beside the database in `directory`; what is left there of an earlier attempt is removed. */
export async function stageDirectory(directory: string, logger: Logger): Promise<Staging> {
    const remove = async (): Promise<void> => {
        await named(async () => {
            await removeIncoming(directory);
        });
    };
    await remove();
    const disk = await openLevelDisk(incomingDirectory(directory), logger);
    return {
        disk,
        complete: async () => {
            await disk.close();
            await named(async () => {
                await completeIncoming(directory);
            });
        },
        install: async (target) => {
            await target.exchange(async () => {
                await exchangeDirectory(directory);
            });
        },
        discard: async () => {
            await disk.close();
            await remove();
        },
    };
}

/** In memory, for tests: the exchange is one batch. */
export async function stageMemory(): Promise<Staging> {
    const disk = await openMemoryDisk();
    const everything = { from: Buffer.alloc(0), to: Buffer.from([0xff]) };
    return {
        disk,
        complete: () => Promise.resolve(),
        install: async (target) => {
            const writes: DiskWrite[] = [];
            for await (const pairs of target.scan(everything)) {
                for (const [key] of pairs) writes.push({ type: 'del', key });
            }
            for await (const pairs of disk.scan(everything)) {
                for (const [key, value] of pairs) writes.push({ type: 'put', key, value });
            }
            await target.write(writes, { sync: true });
            await disk.close();
        },
        discard: async () => {
            await disk.close();
        },
    };
}

async function named(work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        throw diskError(error, 'cannot prepare the database that a snapshot becomes');
    }
}
