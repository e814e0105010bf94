import { parseGoDuration } from '../../../util/duration-text.ts';

/** The values that a field allows; `isAny` when it was written as "*" or "?". */
export interface CronField {
    values: ReadonlySet<number>;
    isAny: boolean;
}

/** A schedule by the calendar, or one that repeats after a fixed time. */
export type CronExpression =
    | {
          type: 'calendar';
          minute: CronField;
          hour: CronField;
          dayOfMonth: CronField;
          month: CronField;
          dayOfWeek: CronField;
      }
    | { type: 'every'; intervalMs: number };

interface FieldRange {
    low: number;
    high: number;
    names?: readonly string[];
}

const ranges = {
    minute: { low: 0, high: 59 },
    hour: { low: 0, high: 23 },
    dayOfMonth: { low: 1, high: 31 },
    month: {
        low: 1,
        high: 12,
        names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
    },
    dayOfWeek: { low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
} satisfies Record<string, FieldRange>;

const descriptors: Readonly<Record<string, string>> = {
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
    '@monthly': '0 0 1 * *',
    '@weekly': '0 0 * * 0',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@hourly': '0 * * * *',
};

/**
 * Reads five fields (minute, hour, day of month, month, day of week) or a descriptor such as "@daily" or
 * "@every 90m", as robfig/cron's standard parser.
 * @throws Error when the text is neither.
 */
export function parseCron(text: string): CronExpression {
    const schedule = text.trim();
    if (schedule.startsWith('@every ')) return { type: 'every', intervalMs: interval(schedule.slice(7)) };
    const parts = (descriptors[schedule] ?? schedule).split(/\s+/);
    if (parts.length !== 5 || schedule.startsWith('@') !== schedule in descriptors) {
        throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
    }
    const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = parts;
    return {
        type: 'calendar',
        minute: field(minute, ranges.minute),
        hour: field(hour, ranges.hour),
        dayOfMonth: field(dayOfMonth, ranges.dayOfMonth),
        month: field(month, ranges.month),
        dayOfWeek: field(dayOfWeek, ranges.dayOfWeek),
    };
}

/** Whole seconds, at least one. */
function interval(text: string): number {
    const ms = parseGoDuration(text.trim());
    if (ms === undefined || ms <= 0) throw new Error(`failed to parse duration @every ${text}`);
    return Math.max(1000, Math.floor(ms / 1000) * 1000);
}

function field(text: string, range: FieldRange): CronField {
    const values = new Set<number>();
    let isAny = false;
    for (const part of text.split(',')) {
        const [span = '', stepText] = part.split('/');
        const step = stepText === undefined ? 1 : number(stepText, range, part);
        if (step < 1) throw new Error(`step of range should be a positive number: ${part}`);
        const { first, last, isStar } = bounds(span, range, { part, hasStep: stepText !== undefined });
        // With a step it is a choice: the other day field then counts as an alternative.
        isAny ||= isStar && step === 1;
        for (let value = first; value <= last; value += step) values.add(value);
    }
    return { values, isAny };
}

function bounds(
    span: string,
    range: FieldRange,
    { part, hasStep }: { part: string; hasStep: boolean },
): { first: number; last: number; isStar: boolean } {
    if (span === '*' || span === '?') return { first: range.low, last: range.high, isStar: true };
    const [low = '', high] = span.split('-');
    const first = number(low, range, part);
    // "5/15" means from 5 on.
    const last = high === undefined ? (hasStep ? range.high : first) : number(high, range, part);
    if (first < range.low || last > range.high || first > last) {
        throw new Error(`range (${first}-${last}) outside (${range.low}-${range.high}): ${part}`);
    }
    return { first, last, isStar: false };
}

function number(text: string, { names, low }: FieldRange, part: string): number {
    const named = names?.indexOf(text.toLowerCase()) ?? -1;
    if (named >= 0) return named + low;
    if (!/^\d+$/.test(text)) throw new Error(`failed to parse int from ${text}: ${part}`);
    return Number(text);
}
