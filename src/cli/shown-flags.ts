import type { FlagSet } from './flags.ts';

/** The values of flags as the command line would have them, for /flagz. What nobody may see is left out of the set. */
export function shownFlags(set: FlagSet, values: Readonly<Record<string, unknown>>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(set)
            .filter(([name, { hidden }]) => hidden !== true && name in values)
            .map(([name, { placeholder }]) => [name, shown(values[name], placeholder)]),
    );
}

function shown(value: unknown, placeholder: string): string {
    if (typeof value === 'number' && placeholder === 'duration') return durationText(value);
    if (Array.isArray(value)) return `[${value.join(',')}]`;
    if (typeof value === 'object' && value !== null) {
        return Object.entries(value)
            .map(([name, entry]) => `${name}=${String(entry)}`)
            .join(',');
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : '';
}

/** As Go writes durations: "1h30m0s", "1m0s", "500ms". */
function durationText(ms: number): string {
    if (ms === 0) return '0s';
    if (ms < 1000) return `${ms}ms`;
    const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
    const seconds = (ms % 60_000) / 1000;
    if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
    return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
