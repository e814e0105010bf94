import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const outdir = join(here, '..', '..', 'dist', 'kill-rounds');

/** Bundles the member's process with the thread of its transport, and the driver. */
export async function bundle() {
    await build({
        entryPoints: {
            'member-process': join(here, 'member-process.ts'),
            main: join(here, 'main.ts'),
            'transport-worker': join(here, '..', '..', 'src', 'store', 'transport', 'transport-worker.ts'),
        },
        outdir,
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        packages: 'external',
        define: { 'process.env.HYPERKUBE_VERSION': '"test"' },
        sourcemap: 'inline',
        logLevel: 'warning',
    });
    return outdir;
}
