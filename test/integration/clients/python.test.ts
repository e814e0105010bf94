import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlane } from './control-plane.ts';

/** Debian's Python, which has Debian's packages; another one may stand before it in the path. */
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'python_client.py');

if (!existsSync('/usr/lib/python3/dist-packages/kubernetes')) {
    it.skip("Debian's python3-kubernetes is not installed", () => undefined);
} else {
    describe("Debian's python3-kubernetes", () => {
        let plane: ControlPlane;

        beforeAll(async () => {
            plane = await ControlPlane.start();
        }, 60_000);
        afterAll(async () => {
            await plane.close();
        });

        it('works with typed and dynamic clients, watches, files, configurations and elections', async () => {
            const { stdout, stderr, code } = await plane.run(python, [script], {
                timeoutMs: 110_000,
                env: { PYTHONDONTWRITEBYTECODE: '1' },
            });
            if (code !== 0) throw new Error(stderr);
            const cases = stdout
                .split('\n')
                .filter((line) => line !== '')
                .map((line) => JSON.parse(line) as { name: string; error: string | null });
            expect(cases.filter(({ error }) => error !== null)).toEqual([]);
            expect(cases.length).toBeGreaterThan(15);
        }, 120_000);
    });
}
