import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Old-generation heap of the transport's thread; what it moves is outside of the heap. */
const workerHeapMiBMax = 64;
const bundledFile = 'transport-worker.js';

/**
 * Starts transport-worker.ts as a thread.
 *
 * In the bundle it is a second entry, dist/transport-worker.js, beside dist/hyperkube.js; this code may be in
 * dist/chunks/. From source (tests, tools) there is no file that Node could load: the worker is compiled in memory
 * by esbuild, which also compiles the tests and builds the product. The bundler drops that branch.
 */
export async function startTransportWorker(options: WorkerOptions): Promise<Worker> {
    const withLimits: WorkerOptions = {
        ...options,
        name: 'peer-transport',
        resourceLimits: { maxOldGenerationSizeMb: workerHeapMiBMax },
    };
    if (process.env['HYPERKUBE_VERSION'] === undefined)
        return new Worker(await compiledSource(), { ...withLimits, eval: true });
    const file = [`./${bundledFile}`, `../${bundledFile}`]
        .map((path) => fileURLToPath(new URL(path, import.meta.url)))
        .find((path) => existsSync(path));
    if (file === undefined) throw new Error(`${bundledFile} is missing: keep it beside the bundle`);
    return new Worker(file, withLimits);
}

let compiled: Promise<string> | undefined;

async function compiledSource(): Promise<string> {
    compiled ??= compile();
    return await compiled;
}

async function compile(): Promise<string> {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
        entryPoints: [fileURLToPath(new URL('./transport-worker.ts', import.meta.url))],
        bundle: true,
        write: false,
        format: 'cjs',
        platform: 'node',
        target: 'node20',
        logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
}
