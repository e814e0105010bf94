/** What a clock on the wall of the zone shows. Months count from 1, weekdays from Sunday as 0. */
export interface WallTime {
    year: number;
    month: number;
    day: number;
    hour: number;
    minute: number;
    weekday: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Formats are expensive to make; a cluster uses few zones. */
const formats = new Map<string, Intl.DateTimeFormat>();
const formatsMax = 100;

function formatFor(zone: string): Intl.DateTimeFormat {
    const known = formats.get(zone);
    if (known !== undefined) return known;
    const format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
    });
    if (formats.size >= formatsMax) formats.clear();
    formats.set(zone, format);
    return format;
}

/** Wall-clock time of one zone. Without a zone that of the process, as upstream. */
export class ZonedTime {
    readonly #format: Intl.DateTimeFormat;

    /** @throws RangeError when there is no such zone. */
    constructor(zone: string | undefined) {
        this.#format = formatFor(zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
    }

    at(ms: number): WallTime {
        const date = new Date(ms + this.offsetMs(ms));
        return {
            year: date.getUTCFullYear(),
            month: date.getUTCMonth() + 1,
            day: date.getUTCDate(),
            hour: date.getUTCHours(),
            minute: date.getUTCMinutes(),
            weekday: date.getUTCDay(),
        };
    }

    /** How far the zone's clock is ahead of UTC. */
    offsetMs(ms: number): number {
        const parts = new Map(this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
        const get = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
        const wall = Date.UTC(
            get('year'),
            get('month') - 1,
            get('day'),
            get('hour'),
            get('minute'),
            get('second'),
        );
        return wall - Math.floor(ms / 1000) * 1000;
    }

    startOfNextDay(ms: number): number {
        const { year, month, day } = this.at(ms);
        return this.#startOfDay(Date.UTC(year, month - 1, day + 1), ms);
    }

    startOfNextMonth(ms: number): number {
        const { year, month } = this.at(ms);
        return this.#startOfDay(Date.UTC(year, month, 1), ms);
    }

    /**
     * The first instant of a day, given as midnight in UTC. Where the clock skips midnight, the day begins
     * with the hour after it. Always later than `afterMs`.
     */
    #startOfDay(wallMs: number, afterMs: number): number {
        const guess = wallMs - this.offsetMs(wallMs);
        const candidates = [guess, wallMs - this.offsetMs(guess), wallMs - this.offsetMs(guess - dayMs)]
            .concat(guess + hourMs)
            .filter((ms) => ms > afterMs && ms + this.offsetMs(ms) >= wallMs);
        return Math.min(...candidates);
    }
}
