/**
 * Common Expression Language as the API server uses it: rules of custom resources, admission policies, match
 * conditions. The shapes here are what the rest of the project knows of it.
 */

/** The type of a variable or of a result. `fields` of an object that are not listed do not exist. */
export type CelType =
    | { kind: 'dyn' }
    | { kind: 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' }
    | { kind: 'list'; of: CelType }
    | { kind: 'map'; keys: CelType; of: CelType }
    | { kind: 'object'; fields: Readonly<Record<string, CelType>> }
    /** Of the Kubernetes libraries: Quantity, IP, CIDR, URL, … and of optional values. */
    | { kind: 'opaque'; name: string; of?: CelType };

export interface CelEnvironment {
    /** What expressions may name. */
    variables: Readonly<Record<string, CelType>>;
    /** What the result must be; any when absent. */
    result?: CelType;
}

export type CelCompilation =
    | { type: 'compiled'; program: CelProgram }
    /** In cel-go's words, with the position: what clients find in the cause of a 422. */
    | { type: 'invalid'; message: string };

export interface CelProgram {
    readonly resultType: CelType;
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
