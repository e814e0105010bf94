import type { CelCompiler, CelProgram } from '../../../../api/cel/cel.ts';
import { accessReviewEnvironment } from '../../../../api/cel/environments/authorization.ts';
import { typeName } from '../../../../api/cel/types.ts';
import { type FieldError, fieldErrors, joinProblems } from '../../../../api/meta/field-error.ts';
import type { V1SubjectAccessReviewSpec } from '../../../../api/meta/object.ts';

const conditionsMax = 64;
/** Of one expression, in cel-go's units, as upstream has it. */
const expressionCostMax = 1_000_000;

/** What is wrong with match conditions, in upstream's words. `compiler` is there where there are some. */
export function matchConditionErrors(
    conditions: readonly string[],
    path: string,
    compiler: CelCompiler | undefined,
): FieldError[] {
    const field = `${path}.matchConditions`;
    if (conditions.length > conditionsMax) {
        return [fieldErrors.tooMany(field, conditions.length, conditionsMax)];
    }
    return conditions.flatMap((expression, index) => {
        const at = `${field}[${index}].expression`;
        if (expression.trim() === '') return [fieldErrors.required(at)];
        if (conditions.indexOf(expression) < index) return [fieldErrors.duplicate(at, expression)];
        const why = compiler === undefined ? undefined : problemOf(compiler, expression);
        return why === undefined ? [] : [fieldErrors.invalid(at, expression, why)];
    });
}

function problemOf(compiler: CelCompiler, expression: string): string | undefined {
    const compiled = compiler.compile(expression, accessReviewEnvironment);
    if (compiled.type === 'invalid') return compiled.message;
    const { resultType } = compiled.program;
    return resultType.kind === 'bool' ? undefined : `must evaluate to bool but got ${typeName(resultType)}`;
}

/** The conditions of one webhook. */
export class MatchConditions {
    readonly #programs: readonly { expression: string; program: CelProgram }[];

    /** @throws Error for an expression that does not compile */
    constructor(conditions: readonly string[], compiler: CelCompiler) {
        this.#programs = conditions.map((expression) => {
            const compiled = compiler.compile(expression, accessReviewEnvironment);
            if (compiled.type === 'invalid') throw new Error(compiled.message);
            return { expression, program: compiled.program };
        });
    }

    /**
     * Whether all of them hold; one that does not decides, whatever errors others have.
     * @throws Error with what went wrong where none says no
     */
    hold(spec: V1SubjectAccessReviewSpec): boolean {
        const request = reviewValue(spec);
        const errors: string[] = [];
        for (const { expression, program } of this.#programs) {
            const outcome = program.evaluate({ request }, expressionCostMax);
            if (outcome.type === 'value') {
                if (outcome.value === false) return false;
                continue;
            }
            const why =
                outcome.type === 'error'
                    ? outcome.message
                    : 'operation cancelled: actual cost limit exceeded';
            errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${why}`);
        }
        if (errors.length > 0) throw new Error(joinProblems(errors));
        return true;
    }
}

/** With every field of the user and every text that a review may have, empty ones too. */
function reviewValue(spec: V1SubjectAccessReviewSpec): object {
    const { user = '', uid = '', groups = [], extra = {} } = spec;
    const { resourceAttributes: resource, nonResourceAttributes: nonResource } = spec;
    return {
        user,
        uid,
        groups,
        extra,
        ...(resource === undefined
            ? {}
            : {
                  resourceAttributes: {
                      namespace: '',
                      verb: '',
                      group: '',
                      version: '',
                      resource: '',
                      subresource: '',
                      name: '',
                      ...resource,
                  },
              }),
        ...(nonResource === undefined
            ? {}
            : { nonResourceAttributes: { verb: '', path: '', ...nonResource } }),
    };
}
