import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../util/clock.ts';
import { silentLogger } from '../../util/logger.ts';
import { lookAgainMs, SnapshotSchedule, startDelayMs } from './snapshot-schedule.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 31, 12);

/** Fires one timer at a time, on demand. */
class TestClock implements Clock {
    now = startMs;
    #timer: { atMs: number; callback: () => void } | undefined;
    #armed: (() => void) | undefined;

    nowMs(): number {
        return this.now;
    }

    monotonicMs(): number {
        return this.now;
    }

    setTimer(delayMs: number, callback: () => void): () => void {
        this.#timer = { atMs: this.now + delayMs, callback };
        this.#armed?.();
        return () => {
            this.#timer = undefined;
        };
    }

    get isWaiting(): boolean {
        return this.#timer !== undefined;
    }

    /** Runs the next timer and waits until the following one is set. */
    async step(): Promise<void> {
        const timer = this.#timer!;
        this.#timer = undefined;
        this.now = Math.max(this.now, timer.atMs);
        const armed = new Promise<void>((resolve) => (this.#armed = resolve));
        timer.callback();
        await armed;
    }

    async runUntil(ms: number): Promise<void> {
        while (this.#timer !== undefined && this.#timer.atMs <= ms) await this.step();
        this.now = Math.max(this.now, ms);
    }
}

describe('scheduled snapshots', () => {
    let directory: string;
    let clock: TestClock;
    let savedAt: number[];
    let fails: boolean;

    beforeEach(async () => {
        directory = await mkdtemp(join(tmpdir(), 'hyperkube-schedule-'));
        clock = new TestClock();
        savedAt = [];
        fails = false;
    });
    afterEach(async () => {
        await rm(directory, { recursive: true, force: true });
    });

    const touch = async (ms: number): Promise<void> => {
        const time = new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
        await writeFile(join(directory, `scheduled-${time}z.snapshot`), '');
    };
    const schedule = (): SnapshotSchedule =>
        new SnapshotSchedule({
            directory,
            intervalMs: 12 * hourMs,
            retention: 3,
            clock,
            logger: silentLogger(),
            save: async () => {
                if (fails) throw new Error('the disk is full');
                savedAt.push(clock.now - startMs);
                await touch(clock.now);
            },
        });

    it('the first comes some time after the start, then one every interval, and the oldest go', async () => {
        schedule().start();
        await clock.runUntil(startMs + 49 * hourMs);
        expect(savedAt).toEqual([0, 12, 24, 36, 48].map((hours) => startDelayMs + hours * hourMs));
        expect(await readdir(directory)).toHaveLength(3);
    });

    it('a restart does not begin the interval anew', async () => {
        await touch(startMs - 11 * hourMs);
        schedule().start();
        await clock.runUntil(startMs + 3 * hourMs);
        expect(savedAt).toEqual([hourMs]);
    });

    it('one that fell due while the server was off is caught up after the start', async () => {
        await touch(startMs - 100 * hourMs);
        schedule().start();
        await clock.runUntil(startMs + startDelayMs - 1);
        expect(savedAt).toEqual([]);
        await clock.runUntil(startMs + hourMs);
        expect(savedAt).toEqual([startDelayMs]);
    });

    it('a failed one is tried again soon', async () => {
        fails = true;
        schedule().start();
        await clock.step();
        fails = false;
        await clock.step();
        expect(savedAt).toEqual([startDelayMs + lookAgainMs]);
    });

    it('a snapshot from the future does not stop the schedule', async () => {
        await touch(startMs + 1_000 * hourMs);
        schedule().start();
        await clock.runUntil(startMs + 13 * hourMs);
        expect(savedAt).toEqual([startDelayMs, startDelayMs + 12 * hourMs]);
    });

    it('nothing is left waiting after it was stopped', async () => {
        const stopped = schedule();
        stopped.start();
        await stopped.stop();
        expect(clock.isWaiting).toBe(false);
    });
});
