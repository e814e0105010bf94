import type { CelCompiler } from '../../../api/cel/cel.ts';

let compiler: Promise<CelCompiler> | undefined;

/** The engine of expressions, loaded where there is one to compile; all servers of a process share it. */
export async function loadCelCompiler(): Promise<CelCompiler> {
    compiler ??= import('../../../api/cel/compiler.ts').then(({ createCelCompiler }) => createCelCompiler());
    return await compiler;
}
