import fc from 'fast-check';
import { Draw } from './draw.ts';
import type { ServedResource } from './resources.ts';
import type { ScenarioRunner } from './run.ts';
import { scenarioOf } from './scenario.ts';

export interface FuzzOptions {
    seed: number;
    /** Of a failure before: that one run is made again. */
    path?: string | undefined;
    runsMax: number;
    /** Runs are begun for so long, and a failure is made smaller for so long. */
    lastsMs: number;
    shrinks?: boolean;
}

export interface FuzzResult {
    runs: number;
    failure?: { error: unknown; seed: number; path: string };
}

/** Generated scenarios, until one violates a property or the bounds are reached. */
export async function fuzz(
    runner: ScenarioRunner,
    resources: readonly ServedResource[],
    options: FuzzOptions,
): Promise<FuzzResult> {
    const { seed, path, runsMax, lastsMs, shrinks = true } = options;
    let running: Promise<void> = Promise.resolve();
    const property = fc.asyncProperty(fc.gen(), async (generate) => {
        running = runner.run(scenarioOf(new Draw(generate), resources));
        await running;
    });
    const details = await fc.check(property, {
        seed,
        ...(path === undefined ? {} : { path }),
        numRuns: runsMax,
        interruptAfterTimeLimit: lastsMs,
        endOnFailure: !shrinks,
    });
    // At the end of its time the last run goes on by itself.
    await running.catch(() => undefined);
    const { numRuns: runs, counterexamplePath } = details;
    if (!details.failed) return { runs };
    return { runs, failure: { error: details.errorInstance, seed, path: counterexamplePath ?? '' } };
}

/** How a failure is told, and made again. */
export function describeFailure({ error, seed, path }: NonNullable<FuzzResult['failure']>): string {
    const text = error instanceof Error ? error.message : String(error);
    return `${text}\nagain: HYPERKUBE_SEED=${seed} HYPERKUBE_PATH=${path} npm run fuzz`;
}
