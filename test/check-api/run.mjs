// Builds, then compares the served API with upstream's: npm run check:api
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const outfile = join(root, 'dist', 'check-api', 'main.mjs');
await build({
    entryPoints: [join(here, 'main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
});
const reference = join(root, '..', 'shared', 'reference', 'openapi-v1.36.json');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, reference], {
    stdio: 'inherit',
});
process.exit(status ?? 1);
