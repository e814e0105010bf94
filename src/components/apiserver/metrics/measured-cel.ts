import type { CelCompilation, CelCompiler, CelEnvironment, CelProgram } from '../../../api/cel/cel.ts';
import type { Metric } from '../../../store/etcd/server/http/metric.ts';
import { Histogram } from './histogram.ts';

/** Prometheus' own bounds, in seconds: upstream names no others here. */
const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long expressions take to be compiled and evaluated. */
export class CelMetrics {
    readonly #compilations = new Histogram(boundsSeconds);
    readonly #evaluations = new Histogram(boundsSeconds);

    /** The same compiler, whose work is timed; what it remembers is no compilation. */
    measured(compiler: CelCompiler): CelCompiler {
        const seen = new WeakMap<CelCompilation, CelCompilation>();
        return {
            compile: (expression: string, environment: CelEnvironment): CelCompilation => {
                const startMs = performance.now();
                const made = compiler.compile(expression, environment);
                let shown = seen.get(made);
                if (shown === undefined) {
                    this.#compilations.observe((performance.now() - startMs) / 1000);
                    shown =
                        made.type === 'compiled' ? { ...made, program: this.#measured(made.program) } : made;
                    seen.set(made, shown);
                }
                return shown;
            },
        };
    }

    #measured(program: CelProgram): CelProgram {
        const { resultType, estimatedCost, references } = program;
        return {
            resultType,
            estimatedCost,
            references,
            evaluate: (variables, costLimit) => {
                const startMs = performance.now();
                try {
                    return program.evaluate(variables, costLimit);
                } finally {
                    this.#evaluations.observe((performance.now() - startMs) / 1000);
                }
            },
        };
    }

    metrics(): Metric[] {
        return [
            {
                name: 'apiserver_cel_compilation_duration_seconds',
                help: 'CEL compilation time in seconds.',
                type: 'histogram',
                samples: this.#compilations.samples({}),
            },
            {
                name: 'apiserver_cel_evaluation_duration_seconds',
                help: 'CEL evaluation time in seconds.',
                type: 'histogram',
                samples: this.#evaluations.samples({}),
            },
        ];
    }
}
