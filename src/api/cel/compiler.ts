import { adapt, toJson } from './adapt.ts';
import type {
    CelCompilation,
    CelCompiler,
    CelEnvironment,
    CelFunction,
    CelOutcome,
    CelProgram,
    CelType,
} from './cel.ts';
import { type Checked, Checker } from './check/checker.ts';
import { CostEstimator } from './cost/estimator.ts';
import { makeFrame, Planner, type Step } from './evaluator.ts';
import { FunctionTable, type Overload } from './functions.ts';
import { standardFunctions } from './library/index.ts';
import { jsonPatch } from './library/json-patch.ts';
import { parse } from './parser.ts';
import { compilationFailure, SyntaxFault } from './source.ts';
import { sameType, typeName } from './types.ts';
import { BudgetExceeded, EvaluationError, Meter, Opaque, type Value } from './values.ts';

export interface CompilerOptions {
    /** Compilations that are kept. */
    programsMax?: number;
    /** Of the expressions of those. */
    charactersMax?: number;
}

/** A function of the host as one of the engine's. */
function hostOverload(declared: CelFunction): Overload {
    const { name, receiver, parameters, result, cost = 1 } = declared;
    return {
        name,
        member: receiver !== undefined,
        parameters: [...(receiver ? [receiver] : []), ...parameters],
        result,
        cost: () => cost,
        call: (...args) => {
            const meter = args.at(-1);
            if (!(meter instanceof Meter))
                throw new Error('a function of the host was called without a meter');
            const given = (args.slice(0, -1) as Value[]).map((arg) =>
                arg instanceof Opaque ? arg.value : toJson(arg, meter),
            );
            try {
                return adapt(declared.call(...given), result);
            } catch (error) {
                throw new EvaluationError(error instanceof Error ? error.message : String(error), {
                    cause: error,
                });
            }
        },
    };
}

interface Known {
    variables: CelEnvironment['variables'];
    estimatedCost: bigint | undefined;
}

class Program implements CelProgram {
    readonly resultType;
    readonly estimatedCost: bigint | undefined;
    readonly references: ReadonlySet<string>;
    readonly #step: Step;
    readonly #variables: CelEnvironment['variables'];

    constructor(step: Step, checked: Checked, { variables, estimatedCost }: Known) {
        this.#step = step;
        this.#variables = variables;
        this.estimatedCost = estimatedCost;
        this.resultType = checked.type;
        this.references = new Set(checked.variables.values());
    }

    evaluate(variables: Readonly<Record<string, unknown>>, costLimit: number): CelOutcome {
        const meter = new Meter(costLimit);
        const cost = () => Math.floor(meter.cost);
        try {
            const value = toJson(this.#step(makeFrame(this.#variables, variables, meter)), meter);
            return { type: 'value', value, cost: cost() };
        } catch (error) {
            if (error instanceof EvaluationError)
                return { type: 'error', message: error.message, cost: cost() };
            if (error instanceof BudgetExceeded) return { type: 'overBudget', cost: cost() };
            // Data that nest deeper than the stack, or a text longer than a text may be.
            if (error instanceof RangeError)
                return { type: 'error', message: 'evaluation needs too much memory', cost: cost() };
            throw error;
        }
    }
}

/** Keeps what was compiled last, within both bounds. */
class CompilationCache {
    readonly #entries = new Map<string, CelCompilation>();
    readonly #programsMax: number;
    readonly #charactersMax: number;
    #characters = 0;

    constructor({ programsMax = 1000, charactersMax = 2_000_000 }: CompilerOptions) {
        this.#programsMax = programsMax;
        this.#charactersMax = charactersMax;
    }

    get(key: string): CelCompilation | undefined {
        const found = this.#entries.get(key);
        if (found) {
            this.#entries.delete(key);
            this.#entries.set(key, found);
        }
        return found;
    }

    set(key: string, compilation: CelCompilation): void {
        this.#entries.set(key, compilation);
        this.#characters += key.length;
        for (const oldest of this.#entries.keys()) {
            if (this.#entries.size <= this.#programsMax && this.#characters <= this.#charactersMax) break;
            this.#entries.delete(oldest);
            this.#characters -= oldest.length;
        }
    }
}

class Compiler implements CelCompiler {
    readonly #cache: CompilationCache;
    readonly #environments = new WeakMap<CelEnvironment, { id: number; functions: FunctionTable }>();
    #environmentCount = 0;

    constructor(options: CompilerOptions) {
        this.#cache = new CompilationCache(options);
    }

    compile(expression: string, environment: CelEnvironment): CelCompilation {
        const { id, functions } = this.#prepare(environment);
        const key = `${id} ${expression}`;
        const known = this.#cache.get(key);
        if (known) return known;
        const made = compile(expression, environment, functions);
        this.#cache.set(key, made);
        return made;
    }

    #prepare(environment: CelEnvironment): { id: number; functions: FunctionTable } {
        let known = this.#environments.get(environment);
        if (!known) {
            const own = [
                ...(environment.functions ?? []).map(hostOverload),
                ...(environment.libraries?.includes('jsonPatch') === true ? jsonPatch : []),
            ];
            const functions = own.length ? new FunctionTable(own, standardFunctions) : standardFunctions;
            known = { id: this.#environmentCount++, functions };
            this.#environments.set(environment, known);
        }
        return known;
    }
}

/** What is wrong with the type of a result, in upstream's words. */
function resultProblem(wanted: CelEnvironment['result'], type: CelType): string | undefined {
    const allowed = wanted === undefined ? [] : 'kind' in wanted ? [wanted] : wanted;
    if (allowed.length === 0 || allowed.some((each) => each.kind === 'dyn' || sameType(each, type)))
        return undefined;
    const names = allowed.map((each) => (each.kind === 'null' ? 'null_type' : typeName(each)));
    return names.length === 1
        ? `must evaluate to ${names.join()}`
        : `must evaluate to one of [${names.join(' ')}]`;
}

function compile(source: string, environment: CelEnvironment, functions: FunctionTable): CelCompilation {
    const invalid = (message: string, fault: 'expression' | 'result' = 'expression') =>
        ({ type: 'invalid', message, fault }) as const;
    try {
        const expression = parse(source, environment.libraries);
        const checked = new Checker(environment, functions).run(expression);
        if (Array.isArray(checked)) return invalid(compilationFailure(source, checked));
        const problem = resultProblem(environment.result, checked.type);
        if (problem !== undefined) return invalid(problem, 'result');
        const step = new Planner(checked).plan(expression);
        const { variables, size } = environment;
        const estimatedCost = size && new CostEstimator(checked, size).cost(expression).max;
        return { type: 'compiled', program: new Program(step, checked, { variables, estimatedCost }) };
    } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
        return invalid(compilationFailure(source, [error]));
    }
}

/**
 * The engine. Environments are told apart by identity and must not change: make them once and keep them, for what
 * was compiled is kept with them.
 */
export function createCelCompiler(options: CompilerOptions = {}): CelCompiler {
    return new Compiler(options);
}
