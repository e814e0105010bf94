import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { StoreError } from '../store.ts';

/** Rejects 'locked' while a process has the store open. A damaged store is unused, too. */
export async function requireUnused(directory: string): Promise<void> {
    const isStore = await access(join(directory, 'LOCK')).then(
        () => true,
        () => false,
    );
    if (!isStore) return;
    const { Level } = await import('level');
    const level = new Level<Buffer, Buffer>(directory, { createIfMissing: false });
    try {
        await level.open();
    } catch (error) {
        if (diskError(error, '').reason !== 'locked') return;
        throw new StoreError(
            'locked',
            `another process uses the store in ${directory}: stop hyperkube on this machine first`,
            { cause: error },
        );
    }
    await level.close();
}
