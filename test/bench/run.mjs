// Bundles the benchmarks and runs them: npm run bench -- [part ...] [--minutes N] [--rounds N] [--only TEXT] [--keys N]
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const outfile = join(root, 'dist', 'bench', 'main.mjs');
mkdirSync(dirname(outfile), { recursive: true });
await build({
    absWorkingDir: root,
    entryPoints: [join(here, 'main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // The harness finds the project's root from where its source stands; the schema is beside the bundle.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(here, 'main.ts')).href) },
    plugins: [
        {
            name: 'assets',
            setup(builder) {
                builder.onResolve({ filter: /\/assets\.ts$/ }, () => ({
                    path: 'assets',
                    namespace: 'assets',
                }));
                builder.onLoad({ filter: /.*/, namespace: 'assets' }, () => ({
                    contents: assets(join(root, 'dist')),
                    loader: 'ts',
                }));
            },
        },
    ],
    logLevel: 'warning',
});

function assets(directory) {
    return `import { readFileSync } from 'node:fs';
        export const assetHash = (): string => 'bench';
        export const loadAsset = (name: string): unknown =>
            JSON.parse(readFileSync(${JSON.stringify(`${directory}/`)} + name, 'utf8'));`;
}

const { status } = spawnSync(process.execPath, ['--expose-gc', outfile, ...process.argv.slice(2)], {
    stdio: 'inherit',
});
process.exit(status ?? 1);
