import { describe, expect, it } from '@jest/globals';
import { AutoCompaction, type AutoCompactionPolicy } from './auto-compaction.ts';
import { ManualClock } from './manual-clock.ts';

const yearMs = 365 * 24 * 3_600_000;

function start(policy: AutoCompactionPolicy): {
    compaction: AutoCompaction;
    clock: ManualClock;
    compacted: number[];
} {
    const clock = new ManualClock();
    const compacted: number[] = [];
    const compaction = new AutoCompaction({
        policy,
        clock,
        compact: async (revision) => {
            compacted.push(revision);
            await Promise.resolve();
        },
        onError: () => undefined,
        leads: () => true,
    });
    return { compaction, clock, compacted };
}

describe('AutoCompaction', () => {
    it('keeps everything for ever when no age is too old', async () => {
        const { compaction, clock, compacted } = start({ ageMs: Infinity });
        compaction.noteWrite(2, 0);
        expect(clock.timers).toBe(0);
        await clock.advance(yearMs);
        compaction.noteWrite(3, 0);
        await clock.advance(yearMs);
        expect(compacted).toEqual([]);
        compaction.close();
    });

    it('cuts by size also when no age is too old', () => {
        const { compaction, compacted } = start({ ageMs: Infinity, writtenBytesMax: 800 });
        for (let i = 0; i <= 8; i++) compaction.noteWrite(i + 2, i * 100);
        expect(compacted).toHaveLength(1);
        compaction.close();
    });

    it('cuts what was the newest an interval ago', async () => {
        const { compaction, clock, compacted } = start({ ageMs: 1_000 });
        compaction.noteWrite(7, 0);
        await clock.advance(1_000);
        expect(compacted).toEqual([]);
        await clock.advance(1_000);
        expect(compacted).toEqual([7]);
        compaction.close();
    });
});
