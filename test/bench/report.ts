import { cpus, release, totalmem } from 'node:os';

/** One figure, beside what the design allows; an empty budget where it names none. */
export interface Row {
    what: string;
    budget: string;
    measured: string;
}

export function row(what: string, budget: string, measured: string): Row {
    return { what, budget, measured };
}

/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
    return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

export function percentile(values: readonly number[], share: number): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** "median 812 ms (790 to 1,004, 5 rounds)" */
export function spread(values: readonly number[], unit: string): string {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return `${count(median(values))} ${unit} (median of ${values.length}: ${count(low)} to ${count(high)})`;
}

/** Grouped, without needless digits. */
export function count(value: number): string {
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

export function mebibytes(bytes: number): string {
    return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** What the figures were taken on. */
export function machineName(): string {
    const all = cpus();
    const model = all[0]?.model.trim() ?? 'unknown processor';
    return `${model}, ${all.length} cores, ${mebibytes(totalmem())}, Linux ${release()}, Node.js ${process.version}`;
}

export function printTable(rows: readonly Row[]): void {
    const head = row('what', 'budget', 'measured');
    const width = (key: keyof Row): number => Math.max(...[head, ...rows].map((line) => line[key].length));
    const [what, budget] = [width('what'), width('budget')];
    for (const line of [head, ...rows])
        process.stdout.write(`${line.what.padEnd(what)}  ${line.budget.padEnd(budget)}  ${line.measured}\n`);
}

/** Progress goes to standard error: the table alone is on standard output. */
export function progress(message: string): void {
    process.stderr.write(`${message}\n`);
}
