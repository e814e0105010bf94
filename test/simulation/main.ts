import { parseArgs } from 'node:util';
import { productionCore } from './core.ts';
import { SafetyViolation } from './safety.ts';
import { simulate, type SimulationResult, type Trace } from './simulation.ts';

const progressEveryMs = 5_000;

interface Totals {
    runs: number;
    counts: Partial<Record<keyof SimulationResult, number>>;
}

/** npm run simulate -- [--minutes N] [--seed S] [--runs N] [--trace]; a seed given alone is run once. */
function main(): number {
    const { values } = parseArgs({
        options: {
            minutes: { type: 'string' },
            seed: { type: 'string' },
            runs: { type: 'string' },
            trace: { type: 'boolean' },
        },
    });
    const isOnce = values.seed !== undefined && values.minutes === undefined && values.runs === undefined;
    const runsMax = isOnce ? 1 : Number(values.runs ?? Infinity);
    const lastsMs = Number(values.minutes ?? (values.runs === undefined ? 1 : Infinity)) * 60_000;
    const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
    if (!Number.isInteger(firstSeed) || Number.isNaN(lastsMs) || Number.isNaN(runsMax)) {
        console.error('usage: npm run simulate -- [--minutes N] [--seed S] [--runs N] [--trace]');
        return 2;
    }
    return runMany(firstSeed, { runsMax, lastsMs, trace: values.trace === true ? console.log : undefined });
}

function runMany(
    firstSeed: number,
    limits: { runsMax: number; lastsMs: number; trace: Trace | undefined },
): number {
    const startedAt = performance.now();
    const totals: Totals = { runs: 0, counts: {} };
    let reportedAt = startedAt;
    while (totals.runs < limits.runsMax && performance.now() - startedAt < limits.lastsMs) {
        const seed = firstSeed + totals.runs;
        try {
            add(totals, simulate(seed, productionCore, limits.trace));
        } catch (error) {
            const name = error instanceof SafetyViolation ? '' : 'the simulation itself failed: ';
            console.error(`seed ${seed}: ${name}`, error);
            console.error(`reproduce with: npm run simulate -- --seed ${seed}`);
            return 1;
        }
        if (performance.now() - reportedAt < progressEveryMs) continue;
        reportedAt = performance.now();
        report(totals, firstSeed, reportedAt - startedAt);
    }
    report(totals, firstSeed, performance.now() - startedAt);
    return 0;
}

function add(totals: Totals, result: SimulationResult): void {
    totals.runs += 1;
    for (const [name, count] of Object.entries(result) as [keyof SimulationResult, number][]) {
        totals.counts[name] = (totals.counts[name] ?? 0) + count;
    }
}

function report({ runs, counts }: Totals, firstSeed: number, elapsedMs: number): void {
    const seconds = elapsedMs / 1_000;
    const stepsPerSecond = Math.round((counts.steps ?? 0) / seconds);
    const rest = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
    console.log(
        `${seconds.toFixed(1)} s: ${runs} runs, seeds ${firstSeed} to ${firstSeed + runs - 1}, ` +
            `${stepsPerSecond} steps/s; in all: ${rest.join(', ')}`,
    );
}

process.exitCode = main();
