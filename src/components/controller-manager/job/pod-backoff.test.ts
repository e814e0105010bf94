import { describe, expect, it } from '@jest/globals';
import type { V1Pod } from '../../../api/meta/object.ts';
import { nextBackoff, remainingBackoffMs } from './pod-backoff.ts';

const nowMs = Date.parse('2024-07-09T12:00:00Z');
const finished = (time: string): V1Pod => ({
    status: {
        containerStatuses: [
            {
                name: 'c',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode: 1, finishedAt: `2024-07-09T${time}Z` } },
            },
        ],
    },
});

describe('the back-off of a job', () => {
    it.each([
        [0, 0],
        [1, 10_000],
        [2, 20_000],
        [5, 160_000],
        [7, 600_000],
        [50, 600_000],
    ])('after %i failures is %i ms', (failures, expected) => {
        expect(remainingBackoffMs({ failures, lastFailureMs: nowMs }, nowMs)).toBe(expected);
    });

    it('has run out some time after the failure', () => {
        expect(remainingBackoffMs({ failures: 1, lastFailureMs: nowMs - 9000 }, nowMs)).toBe(1000);
        expect(remainingBackoffMs({ failures: 1, lastFailureMs: nowMs - 11_000 }, nowMs)).toBe(0);
    });

    const old = { failures: 3, lastFailureMs: Date.parse('2024-07-09T11:00:00Z') };
    it.each([
        ['nothing new leaves it', [], [], 3, '11:00:00'],
        ['failures add up', [], ['11:30:00', '11:20:00'], 5, '11:30:00'],
        ['a success ends it', ['11:30:00'], [], 0, undefined],
        ['a success after all failures ends it', ['11:30:00'], ['11:20:00'], 0, undefined],
        ['only failures after the success count', ['11:30:00'], ['11:20:00', '11:40:00'], 1, '11:40:00'],
    ])('%s', (_, succeeded, failed, failures, last) => {
        const next = nextBackoff(old, {
            succeeded: succeeded.map(finished),
            failed: failed.map(finished),
            nowMs,
        });
        expect(next).toEqual({
            failures,
            lastFailureMs: last === undefined ? undefined : Date.parse(`2024-07-09T${last}Z`),
        });
    });
});
