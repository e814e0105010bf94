import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Bundles the `main.ts` beside a script into dist/`name`/, with the schema that it may read, runs it with `args` and
 * exits as it does.
 */
export async function runBundled(scriptUrl, name, args = process.argv.slice(2)) {
    const outfile = join(root, 'dist', name, 'main.mjs');
    mkdirSync(dirname(outfile), { recursive: true });
    for (const asset of ['schema.json', 'docs.json'])
        copyFileSync(join(root, 'src/api/schema/generated', asset), join(dirname(outfile), asset));
    await build({
        entryPoints: [join(dirname(fileURLToPath(scriptUrl)), 'main.ts')],
        outfile,
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        packages: 'external',
        sourcemap: 'inline',
        logLevel: 'warning',
    });
    const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], {
        stdio: 'inherit',
        cwd: root,
    });
    process.exit(status ?? 1);
}
