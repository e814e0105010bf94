import type { CelCompiler, CelEnvironment, CelProgram } from '../../../../api/cel/cel.ts';
import type { JwtConfiguration } from './configuration.ts';

/** What is needed to compile expressions; loaded only where a configuration has some. */
export interface Expressions {
    compiler: CelCompiler;
    /** The fields of `claims` that an expression selects by name. */
    claimsOf: (expression: string) => ReadonlySet<string>;
}

/** @param loadCompiler loads the engine */
export async function loadExpressions(loadCompiler: () => Promise<CelCompiler>): Promise<Expressions> {
    const compiler = await loadCompiler();
    const { selectedFields } = await import('../../../../api/cel/selections.ts');
    return { compiler, claimsOf: (expression) => selectedFields(expression, 'claims') };
}

export function hasExpressions(configurations: readonly JwtConfiguration[]): boolean {
    return configurations.some(
        ({ claimValidationRules, claimMappings: { username, groups, uid, extra }, userValidationRules }) =>
            extra.length > 0 ||
            userValidationRules.length > 0 ||
            [...claimValidationRules, username, groups, uid].some(({ expression }) => expression !== ''),
    );
}

/** The program of an expression that was found to be good. @throws Error where it is not */
export function programOf(
    { compiler }: Pick<Expressions, 'compiler'>,
    expression: string,
    environment: CelEnvironment,
): CelProgram {
    const compiled = compiler.compile(expression, environment);
    if (compiled.type === 'invalid') throw new Error(compiled.message);
    return compiled.program;
}
