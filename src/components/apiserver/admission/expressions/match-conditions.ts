import type { CelCompiler, CelEnvironment } from '../../../../api/cel/cel.ts';
import { admissionEnvironment } from '../../../../api/cel/environments/admission.ts';
import type { V1MatchCondition } from '../../../../api/meta/object.ts';

/** Bounds in cel-go's units: of one expression, and of all conditions of one webhook or policy. */
export const expressionCostMax = 1_000_000;
const conditionsCostMax = 2_500_000;

/** What upstream says of an expression that costs more than is left for it, and more than any one may. */
export const outOfBudget =
    'validation failed due to running out of cost budget, no further validation rules will be run';
export const callTooCostly = 'operation cancelled: actual cost limit exceeded';

const bool = { kind: 'bool' } as const;
/** Made once: the compiler remembers programs by expression and environment. */
export const conditionEnvironment = admissionEnvironment({ result: bool });

export type ConditionsOutcome = { type: 'match' | 'noMatch' } | { type: 'error'; message: string };

export interface Conditions {
    conditions: readonly V1MatchCondition[];
    environment: CelEnvironment;
    /** failurePolicy Ignore: an error means no match. */
    ignoresFailures: boolean;
}

/** All conditions must hold. One that is false decides, whatever errors others have. */
export function evaluateConditions(
    compiler: CelCompiler,
    { conditions, environment, ignoresFailures }: Conditions,
    values: Readonly<Record<string, unknown>>,
): ConditionsOutcome {
    const errors: string[] = [];
    let budget = conditionsCostMax;
    for (const { expression } of conditions) {
        const compiled = compiler.compile(expression, environment);
        if (compiled.type === 'invalid') {
            errors.push(`compilation error: ${compiled.message}`);
            continue;
        }
        const outcome = compiled.program.evaluate(values, Math.min(Math.max(0, budget), expressionCostMax));
        budget -= outcome.cost;
        if (outcome.type === 'overBudget' && budget < 0) {
            errors.push(outOfBudget);
            break;
        }
        if (outcome.type !== 'value') {
            const problem = outcome.type === 'error' ? outcome.message : callTooCostly;
            errors.push(`expression '${expression}' resulted in error: ${problem}`);
        } else if (outcome.value === false) return { type: 'noMatch' };
    }
    if (errors.length === 0) return { type: 'match' };
    if (ignoresFailures) return { type: 'noMatch' };
    const [first = ''] = errors;
    return { type: 'error', message: errors.length === 1 ? first : `[${errors.join(', ')}]` };
}
