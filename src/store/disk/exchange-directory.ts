import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * How a finished database takes the place of another, `directory`, safe from a crash at any point:
 *
 *     <directory>.incoming   is being filled; with the file COMPLETE in it, it is whole and durable
 *     1. rename <directory>           → <directory>.outgoing
 *     2. rename <directory>.incoming  → <directory>
 *     3. remove <directory>.outgoing
 *
 * `settleExchange` runs whenever the database is opened: between 1 and 2 it goes on with 2 (or back, should the
 * incoming one not be whole), after 2 with 3; a restore from a backup begins at 2. An incoming database that was not yet put in place when the process
 * ended is removed by the next one (`removeIncoming`).
 */
const completeFile = 'COMPLETE';

export function incomingDirectory(directory: string): string {
    return `${directory}.incoming`;
}

function outgoingDirectory(directory: string): string {
    return `${directory}.outgoing`;
}

/**
 * Makes all files of the closed database in `<directory>.incoming` durable and marks it as whole. LevelDB syncs
 * only the newest of its logs, so each file is synced here.
 */
export async function completeIncoming(directory: string): Promise<void> {
    const incoming = incomingDirectory(directory);
    for (const name of await readdir(incoming)) await syncPath(join(incoming, name));
    await writeFile(join(incoming, completeFile), '', { mode: 0o600, flush: true });
    await syncPath(incoming);
    await syncPath(dirname(incoming));
}

/** Puts the complete incoming database into the place of the closed one. */
export async function exchangeDirectory(directory: string): Promise<void> {
    await rm(outgoingDirectory(directory), { recursive: true, force: true });
    await rename(directory, outgoingDirectory(directory));
    await settleExchange(directory);
}

/** Brings an exchange that was interrupted to its end. */
export async function settleExchange(directory: string): Promise<void> {
    const [incoming, outgoing] = [incomingDirectory(directory), outgoingDirectory(directory)];
    if (!(await exists(directory))) {
        const complete = await exists(join(incoming, completeFile));
        if (complete || (await exists(outgoing))) {
            await rename(complete ? incoming : outgoing, directory);
            await syncPath(dirname(directory));
        }
    }
    await rm(join(directory, completeFile), { force: true });
    await rm(outgoing, { recursive: true, force: true });
}

export async function removeIncoming(directory: string): Promise<void> {
    await rm(incomingDirectory(directory), { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
    return await stat(path).then(
        () => true,
        () => false,
    );
}

/** Waits until a file, or a directory's names, are on stable storage. */
export async function syncPath(path: string): Promise<void> {
    const file = await open(path, 'r');
    try {
        await file.sync();
    } finally {
        await file.close();
    }
}
