import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../../../api/cel/compiler.ts';
import { renderMetrics } from '../../../store/etcd/server/http/metric.ts';
import { CelMetrics } from './measured-cel.ts';

describe('CelMetrics', () => {
    it('count what is compiled and evaluated, and not what is remembered', () => {
        const metrics = new CelMetrics();
        const compiler = metrics.measured(createCelCompiler());
        const environment = { variables: { self: { kind: 'int' } } } as const;
        expect(compiler.compile('self +', environment)).toMatchObject({ type: 'invalid' });
        for (const self of [1, 2, 3]) {
            const compiled = compiler.compile('self + 1', environment);
            if (compiled.type !== 'compiled') throw new Error(compiled.message);
            expect([...compiled.program.references]).toEqual(['self']);
            const outcome = compiled.program.evaluate({ self }, 1000);
            expect(outcome).toMatchObject({ type: 'value', value: self + 1 });
        }
        const text = renderMetrics(metrics.metrics());
        expect(text).toContain('apiserver_cel_compilation_duration_seconds_count 2\n');
        expect(text).toContain('apiserver_cel_evaluation_duration_seconds_count 3\n');
    });
});
