import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brokenTarget, mistakes } from './generated-requests/broken-targets.ts';
import { describeFailure, fuzz } from './generated-requests/fuzz.ts';
import { type ServedResource, servedResources } from './generated-requests/resources.ts';
import { prepareBackground, ScenarioRunner } from './generated-requests/run.ts';
import { ServerTarget } from './generated-requests/target.ts';

/** The same on every machine, whatever is found later. */
const fixedSeed = 20_260_401;
/** Mistakes are found at once, unless the machine is busy. */
const foundMs = 20_000;

/** Whatever is sent, the server answers with a Status or an object, and never writes half. */
describe('generated requests', () => {
    let server: ServerTarget;
    let resources: readonly ServedResource[];
    beforeAll(async () => {
        server = await ServerTarget.start();
        await prepareBackground(server);
        resources = await servedResources(server);
    }, 60_000);
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
        const { runs, failure } = await fuzz(runner, resources, { seed, path, runsMax: 300, lastsMs: 7_000 });
        expect(failure === undefined ? '' : describeFailure(failure)).toBe('');
        if (path !== undefined) return;
        // As many as a busy machine can; requests that are all refused would show little.
        expect(runs).toBeGreaterThan(0);
        if (runner.requests > 100) expect(runner.accepted).toBeGreaterThan(runner.requests / 20);
    });

    it.each([
        ['authorization.k8s.io/v1/subjectaccessreviews', 422, 'Invalid'],
        ['authorization.k8s.io/v1/selfsubjectaccessreviews', 422, 'Invalid'],
        ['authorization.k8s.io/v1/namespaces/generated/localsubjectaccessreviews', 422, 'Invalid'],
        ['authorization.k8s.io/v1/selfsubjectrulesreviews', 400, 'BadRequest'],
        ['authentication.k8s.io/v1/tokenreviews', 400, 'BadRequest'],
    ])('a question without a spec is refused: %s', async (path, code, reason) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await server.send({ method: 'POST', path: `/apis/${path}`, headers, body: '{}' });
        expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', code, reason });
    });

    it.each(Object.entries(mistakes))(
        'find a server that %s',
        async (_name, mistake) => {
            const runner = new ScenarioRunner(brokenTarget(server, mistake.break));
            const common = resources.filter(({ plural }) => ['configmaps', 'services'].includes(plural));
            const options = { seed: fixedSeed, runsMax: 500, lastsMs: foundMs, shrinks: false };
            const { failure } = await fuzz(runner, common, options);
            expect((failure?.error as Error | undefined)?.message).toMatch(mistake.complaint);
        },
        2 * foundMs,
    );
});
