/** Milliseconds as Go prints a duration: "1m2.5s", "531.25ms", "12µs". */
export function durationText(ms: number): string {
    const number = (value: number): string => String(Number(value.toFixed(6)));
    if (ms < 1) return ms <= 0 ? '0s' : `${number(ms * 1000)}µs`;
    if (ms < 1000) return `${number(ms)}ms`;
    const seconds = ms / 1000;
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const rest = `${number(seconds % 60)}s`;
    if (hours > 0) return `${hours}h${minutes}m${rest}`;
    return minutes > 0 ? `${minutes}m${rest}` : rest;
}

const unitsMs: Readonly<Record<string, number>> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
};

/** Longer ones are no durations that anybody means; the expression below takes the square of the length. */
const durationCharsMax = 64;

/** Reads what Go's time.ParseDuration does, as milliseconds; undefined where it is no duration. */
export function parseGoDuration(text: string): number | undefined {
    if (/^[-+]?0$/.test(text)) return 0;
    if (text.length > durationCharsMax) return undefined;
    if (!/^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
    let total = 0;
    for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
        total += Number(amount) * (unitsMs[unit] ?? 0);
    }
    return text.startsWith('-') ? -total : total;
}
