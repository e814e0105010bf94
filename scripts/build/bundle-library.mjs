// Bundles src/testing/index.ts into dist/testing/: as ES modules (index.js and what it loads on demand), as one
// CommonJS file (index.cjs, for test runners that load tests with require), and its declarations for both. Also
// writes down what a server makes for itself on its first start; see src/testing/recorded-bootstrap.ts.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const entry = 'src/testing/index.ts';

/** @param common options of every bundle; @param requireBanner what an ES module needs to call require */
export async function bundleLibrary({ root, common, requireBanner }) {
    const directory = join(root, 'dist', 'testing');
    rmSync(directory, { recursive: true, force: true });
    await build({
        ...common,
        entryPoints: { index: entry },
        outdir: directory,
        chunkNames: '[name]-[hash]',
        splitting: true,
        format: 'esm',
        banner: requireBanner,
    });
    await build({
        ...common,
        entryPoints: [entry],
        outfile: join(directory, 'index.cjs'),
        format: 'cjs',
        define: { ...common.define, 'import.meta.url': '__moduleUrl' },
        banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    });
    writeDeclarations(join(root, entry), directory);
    await recordBootstrap({ directory, common, requireBanner });
}

/** The entry imports no types: its declarations stand for themselves. */
function writeDeclarations(file, directory) {
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
        fileName: file,
        reportDiagnostics: true,
        compilerOptions: {
            target: ts.ScriptTarget.ES2023,
            module: ts.ModuleKind.NodeNext,
            isolatedDeclarations: true,
        },
    });
    if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, host(directory)));
    if (/^(import|export) .* from /m.test(outputText))
        throw new Error(`${entry} must not have types of other files in its declarations`);
    // Where Symbol.asyncDispose is declared.
    const text = `/// <reference lib="esnext.disposable" />\n${outputText}`;
    for (const name of ['index.d.ts', 'index.d.cts']) writeFileSync(join(directory, name), text);
}

function host(directory) {
    return {
        getCurrentDirectory: () => directory,
        getCanonicalFileName: (name) => name,
        getNewLine: () => '\n',
    };
}

async function recordBootstrap({ directory, common, requireBanner }) {
    const program = join(directory, 'record-bootstrap.mjs');
    await build({
        ...common,
        entryPoints: ['src/testing/record-bootstrap.ts'],
        outfile: program,
        format: 'esm',
        banner: requireBanner,
    });
    execFileSync(process.execPath, [program, join(directory, 'bootstrap-objects.json')], {
        stdio: 'inherit',
    });
    rmSync(program);
}
