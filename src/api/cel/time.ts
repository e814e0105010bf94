import { Duration, EvaluationError, Timestamp } from './values.ts';

/** Times and spans of time, in Go's notation, in nanoseconds. */

const nanosPerSecond = 1_000_000_000n;
const spanMax = 2n ** 63n - 1n;
const spanMin = -(2n ** 63n);
/** Years 1 to 9999. */
const timeMin = -62_135_596_800n * nanosPerSecond;
const timeMax = 253_402_300_800n * nanosPerSecond - 1n;
const textMax = 128;

const units: Readonly<Record<string, bigint>> = {
    ns: 1n,
    us: 1_000n,
    µs: 1_000n,
    μs: 1_000n,
    ms: 1_000_000n,
    s: nanosPerSecond,
    m: 60n * nanosPerSecond,
    h: 3_600n * nanosPerSecond,
};
const span = /^([-+]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const spanPart = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g;
const time = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(Z|[-+]\d\d:\d\d)$/;

export function duration(nanos: bigint): Duration {
    if (nanos > spanMax || nanos < spanMin) throw new EvaluationError('duration overflow');
    return new Duration(nanos);
}

export function timestamp(nanos: bigint): Timestamp {
    if (nanos > timeMax || nanos < timeMin) throw new EvaluationError('timestamp overflow');
    return new Timestamp(nanos);
}

/** "1h30m", "-1.5s". @throws EvaluationError */
export function parseDuration(text: string): Duration {
    const match = text.length <= textMax ? span.exec(text) : null;
    if (text === '0') return new Duration(0n);
    if (!match) throw new EvaluationError(`time: invalid duration ${JSON.stringify(text.slice(0, textMax))}`);
    let nanos = 0n;
    for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(spanPart)) {
        const scale = units[unit] ?? 0n;
        nanos += BigInt(whole || '0') * scale;
        if (fraction !== '') nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    }
    return duration(match[1] === '-' ? -nanos : nanos);
}

/** "2026-01-31T08:00:00.5Z" (RFC 3339). @throws EvaluationError */
export function parseTimestamp(text: string): Timestamp {
    const match = text.length <= textMax ? time.exec(text) : null;
    const invalid = () =>
        new EvaluationError(
            `parsing time ${JSON.stringify(text.slice(0, textMax))} as "2006-01-02T15:04:05Z07:00": cannot parse`,
        );
    if (!match) throw invalid();
    const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] =
        match;
    const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
    const milliseconds = Date.parse(wall);
    // A date that does not exist comes back as another one.
    if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== wall.slice(0, 19))
        throw invalid();
    const offset = zone === 'Z' ? 0 : zoneMinutes(zone);
    if (offset === undefined) throw invalid();
    const nanos = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
    return timestamp(BigInt(milliseconds - offset * 60_000) * 1_000_000n + nanos);
}

/** "+01:30" in minutes. */
export function zoneMinutes(zone: string): number | undefined {
    const match = /^([-+]?)(\d\d):(\d\d)$/.exec(zone);
    if (!match) return undefined;
    const minutes = Number(match[2]) * 60 + Number(match[3]);
    if (Number(match[2]) > 23 || Number(match[3]) > 59) return undefined;
    return match[1] === '-' ? -minutes : minutes;
}

function fraction(nanos: bigint): string {
    const digits = String(nanos).padStart(9, '0').replace(/0+$/, '');
    return digits === '' ? '' : `.${digits}`;
}

/** The parts of a time: whole seconds (rounded down) and the nanoseconds behind them. */
export function splitNanos(nanos: bigint): { seconds: bigint; rest: bigint } {
    const rest = ((nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
    return { seconds: (nanos - rest) / nanosPerSecond, rest };
}

export function formatTimestamp({ nanos }: Timestamp): string {
    const { seconds, rest } = splitNanos(nanos);
    const date = new Date(Number(seconds) * 1000).toISOString();
    return `${date.slice(0, 19)}${fraction(rest)}Z`;
}

/** Always in seconds: "90s", "-1.5s". */
export function formatDuration({ nanos }: Duration): string {
    const positive = nanos < 0n ? -nanos : nanos;
    return `${nanos < 0n ? '-' : ''}${positive / nanosPerSecond}${fraction(positive % nanosPerSecond)}s`;
}
