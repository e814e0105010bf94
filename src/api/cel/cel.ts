/**
 * Common Expression Language as the API server uses it: rules of custom resources, admission policies, match
 * conditions. The shapes here are what the rest of the project knows of it; `await import('./compiler.ts')` has the
 * engine, which is loaded only where expressions are used.
 */

/**
 * By what the elements of a list are the same, whatever their order: by their values (set), or by these fields. Two
 * such lists are added element by element.
 */
export type ListIdentity = 'set' | readonly string[];

/** The type of a variable or of a result. `fields` of an object that are not listed do not exist. */
export type CelType =
    | { kind: 'dyn' }
    | { kind: 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' }
    | { kind: 'list'; of: CelType; identity?: ListIdentity }
    | { kind: 'map'; keys: CelType; of: CelType }
    /**
     * Fields are listed by their names in JSON; an expression writes those that are no identifiers as rules of
     * custom resources do (`a-b` is `a__dash__b`). `name` is what messages call it; two types of one name are one.
     */
    | { kind: 'object'; fields: Readonly<Record<string, CelType>>; name?: string }
    /** Of the Kubernetes libraries: Quantity, IP, CIDR, URL, … and of optional values. */
    | { kind: 'opaque'; name: string; of?: CelType }
    /** What `type(x)` gives. */
    | { kind: 'type'; of?: CelType }
    /** A placeholder in the signature of a function, as `T` in `optional.of(T)`. */
    | { kind: 'parameter'; name: string };

/**
 * A function of the host, for values that only the host knows, such as `authorizer.group('apps')`. Opaque arguments
 * are the host's own values, all others are JSON's (integers as number where that is exact, else bigint).
 */
export interface CelFunction {
    name: string;
    /** Called as `receiver.name(…)` where present; it is then the first argument. */
    receiver?: CelType;
    parameters: readonly CelType[];
    result: CelType;
    /** In cel-go's units, 1 when absent. */
    cost?: number;
    /** What it throws is the error of the evaluation, its message for the client. */
    call(...args: unknown[]): unknown;
}

/** How large a value may be: characters of a text, elements of a list, entries of a map; 0 for all others. */
export interface CelSize {
    max: number;
    /** Of the elements of a list and the values of a map. */
    elements?: CelSize;
    keys?: CelSize;
    /** By their names in JSON. */
    fields?: Readonly<Record<string, CelSize>>;
    /** Of what is selected by any other name: of the entries of a map that expressions write as fields. */
    otherFields?: CelSize;
}

/**
 * Libraries that not every environment has: `cel.bind(name, value, expression)`, and `jsonpatch.escapeKey(text)`.
 * All others are in every environment, as apiserver pkg/cel/environment has them for v1.36.
 */
export type CelLibrary = 'bindings' | 'jsonPatch';

export interface CelEnvironment {
    /** What expressions may name. */
    variables: Readonly<Record<string, CelType>>;
    /** What the result must be, one of them where there are several; any when absent. */
    result?: CelType | readonly CelType[];
    /** How large the data may be that variables have; with it, the costs of expressions are estimated. */
    size?: CelSize;
    /** What is known in some environments only. */
    libraries?: readonly CelLibrary[];
    /** Beside the functions of the language and of Kubernetes. */
    functions?: readonly CelFunction[];
    /**
     * Types that an expression may construct, such as `Object{spec: Object.spec{replicas: 1}}`, by name; `dyn`
     * takes any field. What is constructed is a plain JSON object.
     */
    constructible?: (name: string) => CelType | undefined;
}

export type CelCompilation =
    | { type: 'compiled'; program: CelProgram }
    /**
     * In cel-go's words, with the position: what clients find in the cause of a 422. `fault` says whether the text
     * itself is wrong or only the type of its result.
     */
    | { type: 'invalid'; message: string; fault: 'expression' | 'result' };

export interface CelProgram {
    readonly resultType: CelType;
    /** What an evaluation costs at worst, where the environment tells of sizes; at most 2⁶⁴ - 1. */
    readonly estimatedCost: bigint | undefined;
    /** The variables of the environment that the expression names. */
    readonly references: ReadonlySet<string>;
    /**
     * Values are JSON's (numbers become int or double by the declared type); a variable that is absent is an
     * evaluation error when it is used. Never throws for what an expression or its data do.
     */
    evaluate(variables: Readonly<Record<string, unknown>>, costLimit: number): CelOutcome;
}

export type CelOutcome =
    /** `value` as JSON where it can be; `cost` in cel-go's units. */
    | { type: 'value'; value: unknown; cost: number }
    | { type: 'error'; message: string; cost: number }
    | { type: 'overBudget'; cost: number };

/** Compiles expressions; made once, it keeps what was compiled (bounded). */
export interface CelCompiler {
    compile(expression: string, environment: CelEnvironment): CelCompilation;
}
