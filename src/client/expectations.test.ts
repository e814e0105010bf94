import { describe, expect, it } from '@jest/globals';
import { Expectations } from './expectations.ts';
import { ManualClock } from './testing/manual-clock.ts';

describe('expectations', () => {
    it('are satisfied when every create was seen', () => {
        const expectations = new Expectations(new ManualClock());
        expect(expectations.satisfied('a')).toBe(true);
        expectations.expectCreations('a', 2);
        expectations.creationObserved('a');
        expect(expectations.satisfied('a')).toBe(false);
        expectations.creationObserved('a');
        expect(expectations.satisfied('a')).toBe(true);
    });

    it('count a deletion that is seen twice once', () => {
        const expectations = new Expectations(new ManualClock());
        expectations.expectDeletions('a', ['x', 'y']);
        expectations.deletionObserved('a', 'x');
        expectations.deletionObserved('a', 'x');
        expect(expectations.satisfied('a')).toBe(false);
        expectations.deletionObserved('a', 'y');
        expect(expectations.satisfied('a')).toBe(true);
    });

    it('expire, because the event may have been missed', async () => {
        const clock = new ManualClock();
        const expectations = new Expectations(clock);
        expectations.expectCreations('a', 1);
        await clock.advance(301_000);
        expect(expectations.satisfied('a')).toBe(true);
    });
});
