import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brokenTarget, mistakes } from './generated-requests/broken-targets.ts';
import { describeFailure, fuzz } from './generated-requests/fuzz.ts';
import { type ServedResource, servedResources } from './generated-requests/resources.ts';
import { prepareBackground, ScenarioRunner } from './generated-requests/run.ts';
import { ServerTarget } from './generated-requests/target.ts';

/** The same on every machine, whatever is found later. */
const fixedSeed = 20_260_401;

/** Whatever is sent, the server answers with a Status or an object, and never writes half. */
describe('generated requests', () => {
    let server: ServerTarget;
    let resources: readonly ServedResource[];
    beforeAll(async () => {
        server = await ServerTarget.start();
        await prepareBackground(server);
        resources = await servedResources(server);
    });
    afterAll(async () => {
        await server.stop();
    });

    it.each([
        { name: 'a fixed seed', seed: fixedSeed, path: undefined },
        {
            name: 'a fresh seed, or the one that is given',
            seed: Number(process.env['HYPERKUBE_SEED'] ?? Math.floor(Math.random() * 2 ** 31)),
            path: process.env['HYPERKUBE_PATH'],
        },
    ])('$name', async ({ seed, path }) => {
        const runner = new ScenarioRunner(server);
        const { runs, failure } = await fuzz(runner, resources, { seed, path, runsMax: 300, lastsMs: 8_000 });
        expect(failure === undefined ? '' : describeFailure(failure)).toBe('');
        if (path !== undefined) return;
        expect(runs).toBeGreaterThan(20);
        // Requests that are all refused would show little.
        expect(runner.accepted).toBeGreaterThan(runner.requests / 10);
    });

    it.each(Object.entries(mistakes))('find a server that %s', async (_name, mistake) => {
        const runner = new ScenarioRunner(brokenTarget(server, mistake.break));
        const common = resources.filter(({ plural }) => ['configmaps', 'services'].includes(plural));
        const options = { seed: fixedSeed, runsMax: 500, lastsMs: 5_000, shrinks: false };
        const { failure } = await fuzz(runner, common, options);
        expect((failure?.error as Error | undefined)?.message).toMatch(mistake.complaint);
    });
});
