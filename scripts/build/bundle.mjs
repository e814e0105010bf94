// Bundles bin/hyperkube.ts into dist/: hyperkube.js is the entry, chunks/ what is loaded on demand,
// transport-worker.js the program of the peer transport's thread. testing/ is the library of `import 'hyperkube'`.
// Chunks of earlier builds stay for a day, as a program that runs loads those it was built with; --clean removes all.
import { build } from 'esbuild';
import {
    chmodSync,
    copyFileSync,
    cpSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLibrary } from './bundle-library.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function git(...args) {
    try {
        return execFileSync('git', args, {
            cwd: root,
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
        }).trim();
    } catch {
        return '';
    }
}

/**
 * Parts of dependencies that this program never reaches: dockerode's SSH transport and its BuildKit
 * session (which alone would load gRPC and protobuf: 15 MB of memory).
 */
const unreachable = {
    name: 'unreachable',
    setup(builder) {
        const stub = (pattern, importer) =>
            builder.onResolve({ filter: pattern }, (args) =>
                importer.test(args.importer) ? { path: args.path, namespace: 'unreachable' } : undefined,
            );
        stub(/^\.\/ssh$/, /docker-modem/);
        stub(/^\.\/session$/, /dockerode/);
        stub(/^\.\/buildkit$/, /dockerode/);
        builder.onLoad({ filter: /.*/, namespace: 'unreachable' }, (args) => ({
            contents: `module.exports = () => { throw new Error('${args.path} is not part of this build'); };`,
            loader: 'js',
        }));
    },
};

/** Koa brings a table of all media types there are, three times; the server names its own. */
const mediaTypes = {
    name: 'media-types',
    setup(builder) {
        builder.onResolve({ filter: /^mime-db$/ }, ({ path }) => ({ path, namespace: 'media-types' }));
        builder.onLoad({ filter: /.*/, namespace: 'media-types' }, () => ({
            contents: JSON.stringify({
                'application/json': { source: 'iana', charset: 'UTF-8', extensions: ['json'] },
                'application/octet-stream': { source: 'iana', extensions: ['bin'] },
                'text/html': { source: 'iana', extensions: ['html'] },
                'text/plain': { source: 'iana', extensions: ['txt', 'text'] },
            }),
            loader: 'json',
        }));
    },
};

const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // ES modules where a package has them: named exports survive a dynamic import.
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // For who profiles: beside the bundle, never read by it.
    sourcemap: process.env.HYPERKUBE_SOURCE_MAPS === '1' ? 'external' : false,
    external: ['level', 'classic-level', 'esbuild'],
    plugins: [unreachable, mediaTypes],
    define: {
        'process.env.HYPERKUBE_VERSION': JSON.stringify(version),
        'process.env.HYPERKUBE_COMMIT': JSON.stringify(git('rev-parse', 'HEAD')),
        'process.env.HYPERKUBE_BUILD_DATE': JSON.stringify(new Date().toISOString().replace(/\.\d+Z$/, 'Z')),
    },
    logLevel: 'warning',
};
/** For what esbuild keeps as a call of require in an ES module. */
const requireBanner = {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

const chunks = join(dist, 'chunks');
const chunkKeptMs = 24 * 3_600_000;

if (process.argv.includes('--clean')) rmSync(dist, { recursive: true, force: true });
mkdirSync(chunks, { recursive: true });
await build({
    ...common,
    entryPoints: {
        hyperkube: 'bin/hyperkube.ts',
        'transport-worker': 'src/store/transport/transport-worker.ts',
    },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    banner: requireBanner,
});
for (const file of ['schema.json', 'docs.json'])
    copyFileSync(join(root, 'src', 'api', 'schema', 'generated', file), join(dist, file));
cpSync(join(root, 'manifests'), join(dist, 'manifests'), { recursive: true });
chmodSync(join(dist, 'hyperkube.js'), 0o755);
for (const name of readdirSync(chunks)) {
    const file = join(chunks, name);
    if (Date.now() - statSync(file).mtimeMs > chunkKeptMs) rmSync(file);
}
await bundleLibrary({ root, common, requireBanner });
