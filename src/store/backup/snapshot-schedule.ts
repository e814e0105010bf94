import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { newestSnapshotMs, pruneSnapshots, scheduledName } from './snapshot-directory.ts';

export interface SnapshotScheduleOptions {
    directory: string;
    /** Above 0. */
    intervalMs: number;
    /** How many scheduled snapshots are kept. */
    retention: number;
    clock: Clock;
    logger: Logger;
    /** Saves one under this name. */
    save: (name: string) => Promise<void>;
}

/** The first snapshot after a start is not before this: starting has better things to do. */
export const startDelayMs = 10 * 60_000;
/** After a failure, and at most this long between two looks at the clock, which may have been set. */
export const lookAgainMs = 30 * 60_000;

/**
 * Saves a snapshot whenever the newest one is older than the interval, also across restarts, and deletes those
 * beyond the retention. What counts is the time in the files' names; those from the future (the clock was
 * wrong, then or now) do not count.
 */
export class SnapshotSchedule {
    readonly #options: SnapshotScheduleOptions;
    #cancelTimer: () => void = () => undefined;
    #stopped = false;
    #running: Promise<void> = Promise.resolve();

    constructor(options: SnapshotScheduleOptions) {
        this.#options = options;
    }

    start(): void {
        this.#wait(startDelayMs);
    }

    /** Waits for the snapshot under way, which `save` should give up by itself. */
    async stop(): Promise<void> {
        this.#stopped = true;
        this.#cancelTimer();
        await this.#running;
    }

    #wait(delayMs: number): void {
        if (this.#stopped) return;
        this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
            this.#running = this.#look();
        });
    }

    async #look(): Promise<void> {
        const { logger } = this.#options;
        let delayMs = lookAgainMs;
        try {
            if ((await this.#dueInMs()) <= 0) await this.#saveAndPrune();
            delayMs = Math.min(Math.max(await this.#dueInMs(), 1), lookAgainMs);
        } catch (error) {
            if (!this.#stopped) logger.error({ err: error }, 'the scheduled snapshot failed');
        }
        this.#wait(delayMs);
    }

    async #dueInMs(): Promise<number> {
        const { directory, clock, intervalMs } = this.#options;
        const nowMs = clock.nowMs();
        const newest = await newestSnapshotMs(directory, scheduledName, nowMs);
        return newest === undefined ? 0 : newest + intervalMs - nowMs;
    }

    async #saveAndPrune(): Promise<void> {
        const { directory, retention, save, logger } = this.#options;
        await save(scheduledName);
        const removed = await pruneSnapshots(directory, scheduledName, retention);
        if (removed.length > 0) logger.debug({ removed }, 'old snapshots deleted');
    }
}
