import type { CronExpression } from './cron-expression.ts';
import { ZonedTime } from './zoned-time.ts';

type Calendar = CronExpression & { type: 'calendar' };

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** A date that never comes (30 February) is not looked for any longer. */
const yearsMax = 5;

/**
 * The first time after `afterMs` that the schedule names, in ms since 1970; undefined when there is none
 * within five years. By the clock of the zone, as robfig/cron: what falls into the hour that is skipped in
 * spring does not happen, what falls into the hour that is repeated in autumn happens twice.
 */
export function nextTime(
    expression: CronExpression,
    zone: string | undefined,
    afterMs: number,
): number | undefined {
    if (expression.type === 'every') {
        return Math.floor(afterMs / secondMs) * secondMs + expression.intervalMs;
    }
    const time = new ZonedTime(zone);
    const lastYear = time.at(afterMs).year + yearsMax;
    // Zones are whole minutes apart from UTC, so minutes of UTC are minutes of the zone.
    let ms = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
    for (;;) {
        const now = time.at(ms);
        if (now.year > lastYear) return undefined;
        if (!expression.month.values.has(now.month)) {
            ms = time.startOfNextMonth(ms);
        } else if (!matchesDay(expression, now)) {
            ms = time.startOfNextDay(ms);
        } else if (!expression.hour.values.has(now.hour)) {
            ms += hourMs - now.minute * minuteMs;
        } else if (!expression.minute.values.has(now.minute)) {
            ms += minuteMs;
        } else return ms;
    }
}

/** When both are restricted, one of the two is enough. */
function matchesDay({ dayOfMonth, dayOfWeek }: Calendar, now: { day: number; weekday: number }): boolean {
    const byMonth = dayOfMonth.values.has(now.day);
    const byWeek = dayOfWeek.values.has(now.weekday);
    return dayOfMonth.isAny || dayOfWeek.isAny ? byMonth && byWeek : byMonth || byWeek;
}
