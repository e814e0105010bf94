import { describe, expect, it } from '@jest/globals';
import { BackOff, goDuration } from './back-off.ts';

function setUp() {
    let now = 0;
    const clock = { nowMs: () => now, monotonicMs: () => now, setTimer: () => () => undefined };
    return {
        backOff: new BackOff(clock),
        advance: (ms: number) => {
            now += ms;
        },
    };
}

describe('BackOff', () => {
    it('lets an unknown key go on at once', () => {
        expect(setUp().backOff.remainingMs('a')).toBe(0);
    });

    it('doubles from 10 s to 5 min', () => {
        const { backOff, advance } = setUp();
        const delays: number[] = [];
        for (let i = 0; i < 7; i++) {
            backOff.next('a');
            delays.push(backOff.remainingMs('a') / 1000);
            advance(backOff.remainingMs('a'));
        }
        expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    });

    it('starts anew after ten quiet minutes', () => {
        const { backOff, advance } = setUp();
        backOff.next('a');
        backOff.next('a');
        advance(601_000);
        backOff.next('a');
        expect(backOff.delayMs('a')).toBe(10_000);
    });

    it('counts from an event that it is told of', () => {
        const { backOff, advance } = setUp();
        backOff.next('a');
        advance(60_000);
        expect(backOff.remainingMs('a')).toBe(0);
        expect(backOff.remainingMs('a', 4000)).toBe(6000);
    });

    it('forgets keys by prefix', () => {
        const { backOff } = setUp();
        backOff.next('uid_a');
        backOff.resetPrefix('uid_');
        expect(backOff.delayMs('uid_a')).toBe(0);
    });
});

describe('goDuration', () => {
    it('writes durations as Go does', () => {
        expect([10_000, 80_000, 300_000].map(goDuration)).toEqual(['10s', '1m20s', '5m0s']);
    });
});
