import { define, type Overload } from '../functions.ts';
import { splitNanos, zoneMinutes } from '../time.ts';
import { type Duration, EvaluationError, type Meter, type Timestamp } from '../values.ts';

/** The parts of times and durations. */

const zonesMax = 32;
const formats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(zone: string): Intl.DateTimeFormat {
    let format = formats.get(zone);
    if (format) return format;
    try {
        format = new Intl.DateTimeFormat('en-US', {
            timeZone: zone,
            hourCycle: 'h23',
            year: 'numeric',
            month: 'numeric',
            day: 'numeric',
            hour: 'numeric',
            minute: 'numeric',
            second: 'numeric',
        });
    } catch (error) {
        throw new EvaluationError(`unknown time zone ${zone.slice(0, 64)}`, { cause: error });
    }
    if (formats.size >= zonesMax) formats.clear();
    formats.set(zone, format);
    return format;
}

/** A date whose UTC parts are the wall clock's in the zone. */
function wallClock(time: Timestamp, zone: string): Date {
    const milliseconds = Number(splitNanos(time.nanos).seconds) * 1000;
    const utc = new Date(milliseconds);
    if (zone === '' || zone === 'UTC') return utc;
    const minutes = zoneMinutes(zone);
    if (minutes !== undefined) return new Date(milliseconds + minutes * 60_000);
    const parts = new Map(
        zoneFormat(zone)
            .formatToParts(utc)
            .map(({ type, value }) => [type, Number(value)]),
    );
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    return new Date(
        Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')),
    );
}

function dayOfYear(date: Date): number {
    const start = new Date(date);
    start.setUTCMonth(0, 1);
    return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}

const parts: Readonly<Record<string, (date: Date) => number>> = {
    getFullYear: (date) => date.getUTCFullYear(),
    getMonth: (date) => date.getUTCMonth(),
    getDayOfYear: dayOfYear,
    getDate: (date) => date.getUTCDate(),
    getDayOfMonth: (date) => date.getUTCDate() - 1,
    getDayOfWeek: (date) => date.getUTCDay(),
    getHours: (date) => date.getUTCHours(),
    getMinutes: (date) => date.getUTCMinutes(),
    getSeconds: (date) => date.getUTCSeconds(),
};

const ofTimestamps = Object.entries(parts).flatMap(([name, part]) => [
    define(`timestamp.${name}() int`, (time: Timestamp) => BigInt(part(wallClock(time, '')))),
    define(`timestamp.${name}(string) int`, (time: Timestamp, zone: string, _meter: Meter) =>
        BigInt(part(wallClock(time, zone))),
    ),
]);

const milliseconds = (nanos: bigint) => splitNanos(nanos).rest / 1_000_000n;

export const calendar: readonly Overload[] = [
    ...ofTimestamps,
    define('timestamp.getMilliseconds() int', (time: Timestamp) => milliseconds(time.nanos)),
    define('timestamp.getMilliseconds(string) int', (time: Timestamp) => milliseconds(time.nanos)),
    define('duration.getHours() int', (value: Duration) => value.nanos / 3_600_000_000_000n),
    define('duration.getMinutes() int', (value: Duration) => value.nanos / 60_000_000_000n),
    define('duration.getSeconds() int', (value: Duration) => value.nanos / 1_000_000_000n),
    define('duration.getMilliseconds() int', (value: Duration) => value.nanos / 1_000_000n),
];
