import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Stoppable } from '../util/lifecycle.ts';

/** Files are written in several steps, and pairs one after the other. */
const settleMs = 100;
/** For file systems that tell nothing of changes. */
const pollMs = 60_000;

/**
 * Calls `look` when something has changed beside one of the files, and every minute. `look` finds out itself what is
 * new; it is not called again before it has settled, and must not reject.
 */
export function followFiles(files: readonly string[], look: () => Promise<void>): Stoppable {
    let settle: NodeJS.Timeout | undefined;
    let busy = Promise.resolve();
    const lookNow = (): void => {
        busy = busy.then(look);
    };
    const changed = (): void => {
        clearTimeout(settle);
        settle = setTimeout(lookNow, settleMs);
        settle.unref();
    };
    const watchers = [...new Set(files.map((file) => dirname(file)))].flatMap((directory): FSWatcher[] => {
        try {
            // The directory: files are replaced, and may be links into directories that are.
            const watcher = watch(directory, { persistent: false }, changed);
            watcher.on('error', () => {
                watcher.close();
            });
            return [watcher];
        } catch {
            return [];
        }
    });
    const poll = setInterval(lookNow, pollMs);
    poll.unref();
    return {
        stop: async () => {
            for (const watcher of watchers) watcher.close();
            clearInterval(poll);
            clearTimeout(settle);
            await busy;
        },
    };
}
