import { chmod, mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../util/logger.ts';
import { StoreError } from '../store.ts';
import type { Disk } from './disk.ts';
import { diskError } from './disk-error.ts';
import { removeIncoming, settleExchange } from './exchange-directory.ts';
import { LevelDisk, type Engine } from './level-disk.ts';

/**
 * Small on purpose: what the API server serves is in its watch cache, the store is read on start and by
 * those who ask for history. LevelDB holds up to two write buffers.
 */
const writeBufferBytes = 2 * 1024 * 1024;
const blockCacheBytes = 1024 * 1024;
/** The fewest that LevelDB allows: it maps each of 2 MiB as a whole, and that counts as memory of the process. */
const openFilesMax = 74;
/** Room that must be free before a failed database is reopened, beside that for its logs. */
const reopenReserveBytes = 4 * 1024 * 1024;
const probeFile = 'space-probe.tmp';
const noRoom = 'no room on the disk of the store';

/** Opens or creates a LevelDB database in `directory`, which is made private to this user. */
export async function openLevelDisk(directory: string, logger: Logger): Promise<Disk> {
    const disk = await LevelDisk.open({
        open: async () => {
            await prepareDirectory(directory);
            return await openLevel(directory, logger);
        },
        checkSpace: async () => await checkSpace(directory),
        sizeBytes: async () => await directoryBytes(directory),
    });
    // Only now: the lock on the database says that no other process is filling one.
    await removeIncoming(directory);
    return disk;
}

/** Also after an exchange of the directory that failed, or that a crash interrupted. */
async function prepareDirectory(directory: string): Promise<void> {
    try {
        await settleExchange(directory);
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await chmod(directory, 0o700);
        await rm(join(directory, probeFile), { force: true });
    } catch (error) {
        throw diskError(error, `cannot use the store's directory ${directory}`);
    }
}

/** A disk that forgets everything when it is closed; for tests and for API servers inside tests. */
export async function openMemoryDisk(): Promise<Disk> {
    const { createMemoryEngine } = await import('./memory-engine.ts');
    const engine = createMemoryEngine();
    return await LevelDisk.open({
        open: async () => {
            await engine.open();
            return engine;
        },
        checkSpace: async () => await Promise.resolve(),
        sizeBytes: async () => await engineBytes(engine),
    });
}

/**
 * Opens the database. A crash leaves nothing that LevelDB's own recovery does not handle; its repair is for
 * damaged files (a lost MANIFEST, a bad block in a log). It salvages what is readable; whether something
 * acknowledged is missing is checked when the index is built.
 */
async function openLevel(directory: string, logger: Logger): Promise<Engine> {
    const { Level } = await import('level');
    const attempt = async (): Promise<Engine> => {
        const level = new Level<Buffer, Buffer>(directory, {
            keyEncoding: 'buffer',
            valueEncoding: 'buffer',
            cacheSize: blockCacheBytes,
            writeBufferSize: writeBufferBytes,
            maxOpenFiles: openFilesMax,
        });
        try {
            await level.open();
        } catch (error) {
            throw diskError(error, `cannot open the store in ${directory}`);
        }
        return level;
    };
    const repair = async (reason: string): Promise<void> => {
        logger.warn({ directory, reason }, 'store is damaged, repairing it');
        try {
            const { ClassicLevel } = await import('classic-level');
            await ClassicLevel.repair(directory);
        } catch (error) {
            throw diskError(error, `cannot repair the store in ${directory}`);
        }
    };
    if (await lostItsRoot(directory)) await repair('the file CURRENT is missing');
    try {
        return await attempt();
    } catch (error) {
        const named = diskError(error, `cannot open the store in ${directory}`);
        if (!isDamage(named)) throw named;
        await repair(named.message);
        return await attempt();
    }
}

/** Without CURRENT, LevelDB would take the directory for a new database and delete the data files. */
async function lostItsRoot(directory: string): Promise<boolean> {
    const names = await readdir(directory);
    if (names.includes('CURRENT')) return false;
    for (const name of names) {
        if (/\.(ldb|sst)$/.test(name)) return true;
        if (/\.log$/.test(name) && (await stat(join(directory, name))).size > 0) return true;
    }
    return false;
}

/** LevelDB says "IO error" for a table or manifest that its other files name but that is not there. */
function isDamage(error: { reason: string; message: string }): boolean {
    if (error.reason === 'corrupt') return true;
    return error.reason === 'io' && /no such file/i.test(error.message);
}

/**
 * Reopening reads the logs and writes them again as tables; it must not run out of room halfway, because
 * until it succeeds nothing can be read. What statfs says is cheap to ask, but it knows nothing of quotas.
 */
async function checkSpace(directory: string): Promise<void> {
    const needed = reopenReserveBytes + (await directoryBytes(directory, /\.log$/));
    const path = join(directory, probeFile);
    try {
        const { bavail, bsize } = await statfs(directory);
        if (bavail * bsize < needed) throw new StoreError('noSpace', noRoom);
        const file = await open(path, 'w', 0o600);
        try {
            // Unlike write, this does not stop without an error when only a part fits.
            await file.writeFile(Buffer.alloc(needed));
            await file.sync();
        } finally {
            await file.close();
            await rm(path, { force: true });
        }
    } catch (error) {
        throw diskError(error, noRoom);
    }
}

async function directoryBytes(directory: string, names = /./): Promise<number> {
    let bytes = 0;
    for (const name of await readdir(directory)) {
        if (!names.test(name)) continue;
        // Files come and go while LevelDB works.
        const info = await stat(join(directory, name)).catch(() => undefined);
        bytes += info?.size ?? 0;
    }
    return bytes;
}

async function engineBytes(engine: Engine): Promise<number> {
    let bytes = 0;
    for await (const [key, value] of engine.iterator()) bytes += key.length + value.length;
    return bytes;
}
