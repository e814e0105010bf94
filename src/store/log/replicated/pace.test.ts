import { describe, expect, it } from '@jest/globals';
import { electionMaxMs, Pace, tickMs } from './pace.ts';

describe('Pace', () => {
    it("begins with etcd's timeouts", () => {
        const pace = new Pace();
        expect([pace.heartbeatMs, pace.electionMs]).toEqual([100, 1_000]);
        expect(pace.ticks).toEqual({ heartbeatTicks: 100 / tickMs, electionTicks: 1_000 / tickMs });
    });

    it('begins with the timeouts that were asked for, also longer than a slow disk could make them', () => {
        const pace = new Pace({ heartbeatMs: 500, electionMs: 10_000 });
        expect([pace.heartbeatMs, pace.electionMs]).toEqual([500, 10_000]);
        pace.noteSync(2_000);
        expect(pace.electionMs).toBe(10_000);
    });

    it('is not made faster than its clock, nor so that one late heartbeat costs an election', () => {
        const pace = new Pace({ heartbeatMs: 10, electionMs: 50 });
        expect(pace.ticks).toEqual({ heartbeatTicks: 1, electionTicks: 5 });
    });

    it('becomes slower with a slow disk, heartbeats in proportion, up to a bound', () => {
        const pace = new Pace({ heartbeatMs: 50, electionMs: 1_000 });
        pace.noteSync(200);
        expect([pace.heartbeatMs, pace.electionMs]).toEqual([100, 2_000]);
        pace.noteSync(60_000);
        expect(pace.electionMs).toBe(electionMaxMs);
    });
});
