// Bundles the run of generated requests and starts it: npm run fuzz -- [--minutes N] [--seed S [--path P]] [--keep-going]
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const outfile = join(root, 'dist', 'fuzz', 'main.mjs');
mkdirSync(dirname(outfile), { recursive: true });
for (const asset of ['schema.json', 'docs.json'])
    copyFileSync(join(root, 'src/api/schema/generated', asset), join(dirname(outfile), asset));
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
const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], {
    stdio: 'inherit',
    cwd: root,
});
process.exit(status ?? 1);
