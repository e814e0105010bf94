import type { CelCompiler } from '../../../api/cel/cel.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { CelMetrics } from '../metrics/measured-cel.ts';

const metrics = new CelMetrics();
let compiler: Promise<CelCompiler> | undefined;

/** The engine of expressions, loaded where there is one to compile; all servers of a process share it. */
export async function loadCelCompiler(): Promise<CelCompiler> {
    compiler ??= import('../../../api/cel/compiler.ts').then(({ createCelCompiler }) =>
        metrics.measured(createCelCompiler()),
    );
    return await compiler;
}

/** How long expressions take, of all servers of the process together. */
export const celMetrics = (): Metric[] => metrics.metrics();
