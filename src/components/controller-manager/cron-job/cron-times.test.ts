import { describe, expect, it } from '@jest/globals';
import type { V1CronJob } from '../../../api/meta/object.ts';
import { parseCron } from './cron-expression.ts';
import { nextTime } from './cron-times.ts';
import { zonedRfc3339 } from './job-template.ts';
import { findDue, untilNextMs } from './missed-times.ts';

const utc = 'UTC';
const newYork = 'America/New_York';
const next = (schedule: string, after: string, zone = utc): string | undefined => {
    const ms = nextTime(parseCron(schedule), zone, Date.parse(after));
    return ms === undefined ? undefined : zonedRfc3339(ms, zone);
};

describe('the next time of a schedule', () => {
    it.each([
        ['* * * * *', '2024-07-09T14:45:00Z', '2024-07-09T14:46:00Z'],
        ['* * * * *', '2024-07-09T14:45:59Z', '2024-07-09T14:46:00Z'],
        ['*/15 * * * *', '2024-07-09T14:45:30Z', '2024-07-09T15:00:00Z'],
        ['20-35/15 * * * *', '2024-07-09T23:46:00Z', '2024-07-10T00:20:00Z'],
        ['50/5 * * * *', '2024-07-09T23:51:00Z', '2024-07-09T23:55:00Z'],
        ['30 4 * * *', '2023-12-31T04:30:00Z', '2024-01-01T04:30:00Z'],
        ['0 0 29 feb ?', '2024-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
        ['0 0 * * mon-wed', '2024-07-12T00:00:00Z', '2024-07-15T00:00:00Z'],
        // Both days restricted: either is enough.
        ['0 0 13 * fri', '2024-07-06T00:00:00Z', '2024-07-12T00:00:00Z'],
        ['0 0 13 * fri', '2024-07-12T00:00:00Z', '2024-07-13T00:00:00Z'],
        ['0 0 1,15 * *', '2024-07-02T00:00:00Z', '2024-07-15T00:00:00Z'],
        ['@hourly', '2024-07-09T14:45:00Z', '2024-07-09T15:00:00Z'],
        ['@weekly', '2024-07-09T14:45:00Z', '2024-07-14T00:00:00Z'],
        ['@every 1h30m', '2024-07-09T14:45:00Z', '2024-07-09T16:15:00Z'],
    ])('%s after %s is %s', (schedule, after, expected) => {
        expect(next(schedule, after)).toBe(expected);
    });

    it.each([
        ['a daily job in summer time', '0 9 * * *', '2024-07-09T00:00:00Z', '2024-07-09T09:00:00-04:00'],
        ['a job in the skipped hour', '30 2 * * *', '2012-03-11T05:00:00Z', '2012-03-12T02:30:00-04:00'],
        ['an hourly job over it', '0 * * * *', '2012-03-11T06:00:00Z', '2012-03-11T03:00:00-04:00'],
        ['a job in the repeated hour', '0 1 * * *', '2012-11-04T04:00:00Z', '2012-11-04T01:00:00-04:00'],
        ['and its second time', '0 1 * * *', '2012-11-04T05:00:00Z', '2012-11-04T01:00:00-05:00'],
        ['a job after it', '0 3 * * *', '2012-11-04T04:00:00Z', '2012-11-04T03:00:00-05:00'],
        ['the first of a month', '0 0 1 * *', '2012-11-02T00:00:00Z', '2012-12-01T00:00:00-05:00'],
    ])('by the clock of the zone: %s', (_, schedule, after, expected) => {
        expect(next(schedule, after, newYork)).toBe(expected);
    });

    it('is at the right minute in zones that are half an hour off', () => {
        expect(next('15 9 * * *', '2024-07-09T00:00:00Z', 'Asia/Kolkata')).toBe('2024-07-09T09:15:00+05:30');
    });

    it('does not exist for a date that never comes', () => {
        expect(next('0 0 30 2 *', '2024-01-01T00:00:00Z')).toBeUndefined();
    });

    it.each(['', '* * * *', '@never', '60 * * * *', '* * * * 7', '5-1 * * * *', '*/0 * * * *', '@every x'])(
        'is not asked of "%s", which is refused',
        (schedule) => {
            expect(() => parseCron(schedule)).toThrow();
        },
    );
});

describe('missed times', () => {
    const cronJob = (created: string, more: Partial<V1CronJob> = {}): V1CronJob => ({
        metadata: { creationTimestamp: created },
        spec: { schedule: '', jobTemplate: {} },
        ...more,
    });
    const due = (job: V1CronJob, schedule: string, now: string): [string | undefined, boolean] => {
        const expression = parseCron(schedule);
        const found = findDue(job, (ms) => nextTime(expression, utc, ms), {
            nowMs: Date.parse(now),
            withDeadline: true,
        });
        return [found.dueMs === undefined ? undefined : new Date(found.dueMs).toISOString(), found.tooMany];
    };
    const hourly = '0 * * * *';
    const noon = cronJob('2024-07-09T12:10:00Z');

    it.each([
        ['none before the first', noon, hourly, '2024-07-09T12:59:59Z', undefined, false],
        ['the first at its minute', noon, hourly, '2024-07-09T13:00:00Z', '2024-07-09T13:00:00.000Z', false],
        ['the latest of several', noon, hourly, '2024-07-09T16:30:00Z', '2024-07-09T16:00:00.000Z', false],
        ['the latest of very many', noon, hourly, '2025-07-09T16:30:00Z', '2025-07-09T16:00:00.000Z', true],
        [
            'the latest of an irregular schedule',
            cronJob('2024-07-11T00:00:00Z'),
            '0 12 * * mon-fri',
            '2024-07-15T11:00:00Z',
            '2024-07-12T12:00:00.000Z',
            false,
        ],
        [
            'none that is older than the deadline',
            { ...noon, spec: { ...noon.spec, startingDeadlineSeconds: 60 } },
            hourly,
            '2024-07-09T13:02:00Z',
            undefined,
            false,
        ],
        [
            'none since the last run',
            { ...noon, status: { lastScheduleTime: '2024-07-09T13:00:00Z' } },
            hourly,
            '2024-07-09T13:30:00Z',
            undefined,
            false,
        ],
    ])('give %s', (_, job, schedule, now, expected, tooMany) => {
        expect(due(job, schedule, now)).toEqual([expected, tooMany]);
    });

    it('are followed by a timer that fires just after the next time', () => {
        const expression = parseCron(hourly);
        const nowMs = Date.parse('2024-07-09T13:30:00Z');
        const job = cronJob('2024-07-09T12:10:00Z', { status: { lastScheduleTime: '2024-07-09T13:00:00Z' } });
        expect(untilNextMs(job, (ms) => nextTime(expression, utc, ms), nowMs)).toBe(30 * 60_000 + 100);
    });
});
