import { parseArgs } from 'node:util';
import { describeFailure, fuzz } from './fuzz.ts';
import { servedResources } from './resources.ts';
import { prepareBackground, PropertyViolation, ScenarioRunner } from './run.ts';
import { ServerTarget } from './target.ts';

const usage = 'usage: npm run fuzz -- [--minutes N] [--seed S [--path P]] [--keep-going]';
const runsPerSeed = 500;

/** Generated requests for some minutes. With --keep-going every kind of failure is reported once. */
async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            minutes: { type: 'string', default: '1' },
            seed: { type: 'string' },
            path: { type: 'string' },
            'keep-going': { type: 'boolean', default: false },
        },
    });
    const path = values.path ?? process.env['HYPERKUBE_PATH'];
    let seed = Number(values.seed ?? process.env['HYPERKUBE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const lastsMs = Number(values.minutes) * 60_000;
    if (!Number.isInteger(seed) || Number.isNaN(lastsMs)) {
        console.error(usage);
        return 2;
    }
    const server = await ServerTarget.start();
    try {
        await prepareBackground(server);
        const resources = await servedResources(server);
        const known = new Set<string>();
        const runner = new ScenarioRunner(server, known);
        const until = performance.now() + lastsMs;
        let runs = 0;
        for (; performance.now() < until; seed = (seed + 1) % 2 ** 31) {
            const left = until - performance.now();
            const shrinks = !values['keep-going'];
            const result = await fuzz(runner, resources, {
                seed,
                path,
                runsMax: runsPerSeed,
                lastsMs: left,
                shrinks,
            });
            runs += result.runs;
            const { failure } = result;
            if (failure !== undefined) {
                console.error(`${describeFailure(failure)}\n`);
                if (!values['keep-going'] || !(failure.error instanceof PropertyViolation)) return 1;
                known.add(failure.error.signature);
            }
            if (path !== undefined) break;
        }
        console.log(
            `${runs} scenarios, ${runner.requests} requests, ${runner.accepted} writes accepted; ${known.size} failures`,
        );
        return known.size > 0 ? 1 : 0;
    } finally {
        await server.stop();
    }
}

const crash = (error: unknown): void => {
    console.error('the server crashed:', error);
    process.exit(1);
};
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
process.exitCode = await main();
