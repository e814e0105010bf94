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
