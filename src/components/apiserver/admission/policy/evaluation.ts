import type { CelCompiler, CelEnvironment } from '../../../../api/cel/cel.ts';
import {
    callTooCostly,
    evaluateConditions,
    expressionCostMax,
    type ConditionsOutcome,
    outOfBudget,
} from '../expressions/match-conditions.ts';
import type { PolicyEnvironments } from './policy-expressions.ts';
import type { AnyPolicy, ParsedPolicy } from './policy-source.ts';

/** In cel-go's units: what all expressions of one policy may cost for one request. */
const policyCostMax = 10_000_000;

export type Evaluated = { type: 'value'; value: unknown } | { type: 'error'; message: string };

class VariableError extends Error {
    override readonly name = 'VariableError';
}

/** One policy, evaluated for one request and one parameter. Variables are computed when they are first used. */
export class PolicyEvaluation<P extends AnyPolicy> {
    readonly #compiler: CelCompiler;
    readonly #policy: ParsedPolicy<P>;
    readonly environments: PolicyEnvironments;
    readonly #values: Record<string, unknown>;
    #budget = policyCostMax;

    constructor(compiler: CelCompiler, policy: ParsedPolicy<P>, values: Readonly<Record<string, unknown>>) {
        this.#compiler = compiler;
        this.#policy = policy;
        this.environments = policy.environments(compiler);
        this.#values = { ...values, variables: this.#lazyVariables() };
    }

    meetsConditions(): ConditionsOutcome {
        const { environments } = this;
        const { spec, ignoresFailures } = this.#policy;
        const conditions = spec.matchConditions ?? [];
        if (conditions.length === 0) return { type: 'match' };
        const environment = environments.conditions;
        return evaluateConditions(this.#compiler, { conditions, environment, ignoresFailures }, this.#values);
    }

    /** `more` are names besides those of the request: what an earlier mutation made of the object. */
    evaluate(
        expression: string,
        environment: CelEnvironment,
        more: Readonly<Record<string, unknown>> = {},
    ): Evaluated {
        const compiled = this.#compiler.compile(expression, environment);
        if (compiled.type === 'invalid') {
            return { type: 'error', message: `compilation error: ${compiled.message}` };
        }
        const failed = (why: string): Evaluated => ({
            type: 'error',
            message: `expression '${expression}' resulted in error: ${why}`,
        });
        try {
            const limit = Math.min(Math.max(0, this.#budget), expressionCostMax);
            const outcome = compiled.program.evaluate({ ...this.#values, ...more }, limit);
            this.#budget -= outcome.cost;
            if (outcome.type === 'value') return { type: 'value', value: outcome.value };
            if (outcome.type === 'error') return failed(outcome.message);
            return this.#budget < 0 ? { type: 'error', message: outOfBudget } : failed(callTooCostly);
        } catch (error) {
            if (error instanceof VariableError) return failed(error.message);
            throw error;
        }
    }

    #lazyVariables(): object {
        const variables = {};
        const { environments } = this;
        const { spec } = this.#policy;
        for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
            const environment = environments.variables[index];
            if (environment === undefined) continue;
            let known: Evaluated | undefined;
            Object.defineProperty(variables, name, {
                enumerable: true,
                configurable: true,
                get: () => {
                    known ??= this.evaluate(expression, environment);
                    if (known.type === 'value') return known.value;
                    throw new VariableError(
                        `composited variable "${name}" fails to evaluate: ${known.message}`,
                    );
                },
            });
        }
        return variables;
    }
}
